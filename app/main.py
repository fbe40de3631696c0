"""Composition root of the screens: reads the settings, wires the appliance, and runs the requested page.

`streamlit run app/main.py` reads this file as a module that holds the web server's `app`, and runs it as the script of
every page.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import timedelta
from functools import cache, partial
from pathlib import Path
from typing import Any

import streamlit as st
from starlette.middleware import Middleware

from app.access import figures, identity, probe, single_sign_on, tool_door
from app.access.boundary import boundary
from app.access.door import Guard, Reception, routes
from app.access.tool_calls import Tool
from app.accounts import my_account, own_factor, own_password, roles
from app.accounts import page as accounts_page
from app.agenda import leaving
from app.agenda import page as agenda_page
from app.calls import page as calls_page
from app.campaigns import page as campaigns_page
from app.economy import page as economy_page
from app.language import _, formats
from app.language.switch import draw_language_switch
from app.models import page as models_page
from app.operation import page as operation_page
from app.overview import page as overview_page
from app.privacy import page as privacy_page
from app.results import page as results_page
from app.review import page as review_page
from app.second_factor import own_passkeys, second_step_page
from app.shell import kind_choice
from app.shell.appliance import Appliance, Link, SessionLimits
from app.shell.attended import Attended
from app.shell.lineage import LineageReader
from app.team import page as team_page
from core.accounts.account import Account, Role
from core.accounts.one_time_codes import KeyRing
from core.accounts.second_factor import FactorRules
from core.calls.contact_keys import keys_of
from core.calls.lifecycle import CallRules
from core.errors import SettingsError
from core.kinds.kind import Kind, settings_of
from core.kinds.registry import kinds
from core.schema import read_schema
from core.scoring.client import ScoringClient
from core.sentences import Sentence
from core.settings.addresses import MongoSettings, S3Settings, SchemaSettings, ScoringSettings
from core.settings.loading import load
from core.settings.loop import OutcomeSettings
from core.settings.people import AppSettings, CallSettings, ContactSettings, ErasureSettings, SecondFactorSettings
from core.stores.mongo import connect
from core.stores.object_store import ObjectStore

STYLE = Path(__file__).with_name("style.css")
# Addresses of the pages that are about one campaign kind.
KIND_PAGES = frozenset({"campaigns", "team", "results", "overview", "models", "review", "economy", "privacy"})
REMINDING = frozenset({"overview", "accounts"})  # pages that remind managers and engineers of a second factor
KIND_SECONDS = 2.0  # between looks for new or changed kinds; a text alone on a line would be drawn on every page
ICON = Path(__file__).with_name("icon.svg")  # the browser would fetch a named icon from Streamlit's server


class Settings(
    MongoSettings,
    S3Settings,
    SchemaSettings,
    OutcomeSettings,
    AppSettings,
    CallSettings,
    ErasureSettings,
    ContactSettings,
    SecondFactorSettings,
):
    """The settings of the screens."""


def wire() -> Appliance:
    """The appliance of the shipped kind. Raises SettingsError, SchemaError."""
    return Wiring(load(Settings)).shipped


class Wiring:
    """The appliances of all kinds, from the settings; a kind that comes later gets one within seconds."""

    def __init__(self, settings: Settings) -> None:
        """Raises SettingsError, SchemaError."""
        self._settings = settings
        self._home = connect(settings, timeout_seconds=5.0)
        schema = read_schema(settings.callwise_schema)
        self._schema, self._made, self._looked = schema, dict[str, Appliance](), 0.0
        self._lock = threading.Lock()
        self.shipped = self._appliance(Kind(schema.name, schema, shipped=True))

    def all(self) -> list[Appliance]:
        """One for each kind, the shipped one first. Raises SchemaError, Unavailable."""
        with self._lock:
            if time.monotonic() - self._looked > KIND_SECONDS:
                now = kinds(self._home, self._schema)[1:]
                for name in self._made.keys() - {kind.name for kind in now}:
                    del self._made[name]
                for kind in now:
                    # Compared as a whole: its hash leaves out words for people, and how files are read.
                    if kind.name not in self._made or self._made[kind.name].schema != kind.schema:
                        self._made[kind.name] = self._appliance(kind)
                self._looked = time.monotonic()
            return [self.shipped, *self._made.values()]

    def _appliance(self, kind: Kind) -> Appliance:
        settings, schema = settings_of(self._settings, kind), kind.schema
        addresses = (
            ("MLflow", Sentence("models, their evidence and lineage"), settings.callwise_mlflow_page),
            ("Prefect", Sentence("training runs and their logs"), settings.callwise_prefect_page),
            ("Evidently", Sentence("drift and quality reports"), settings.callwise_evidently_page),
        )
        model, registry, url = settings.callwise_model_name, settings.mlflow_tracking_uri, settings.mlserver_url
        scoring = ScoringSettings(mlserver_url=url, callwise_model_name=model) if url else None
        return Appliance(
            db=kind.database(self._home),
            store=ObjectStore(settings, settings.s3_bucket_datasets),
            schema=schema,
            rules=CallRules.of(settings),
            model=model,
            links=tuple(Link(title, purpose, address) for title, purpose, address in addresses if address),
            lineage=LineageReader(registry, model) if registry else None,
            scoring=ScoringClient(scoring, schema) if scoring else None,
            limits=_limits(settings),
            factor=_factor(settings),
            erasure_key=settings.erasure_key,
            contact_keys=keys_of(settings),
            kind=kind.key,
            home=self._home,
            app_page=settings.callwise_app_page,
            shipped=self._schema,
            minimum_outcomes=settings.callwise_minimum_outcomes,
            others=lambda: [one for one in self.all() if one.kind != kind.key],
        )


def wiring() -> Wiring:
    """All kinds' appliances, one for the process. Raises SettingsError, SchemaError."""
    return Wiring(load(Settings))


@cache
def reception() -> Reception:
    """What the web server needs to check sessions. Raises SettingsError."""
    settings, company = load(Settings), provider()
    tools = {
        Tool.MLFLOW: settings.callwise_mlflow_page,
        Tool.PREFECT: settings.callwise_prefect_page,
        Tool.EVIDENTLY: settings.callwise_evidently_page,
    }
    return Reception(
        connect(settings, timeout_seconds=5.0),
        _limits(settings),
        company.title if company else None,
        settings.callwise_app_page,
        tool_door.pages(tools),
        _factor(settings),
    )


@cache
def provider() -> single_sign_on.Provider | None:
    """The company's single sign-on, or None. Raises SettingsError."""
    return single_sign_on.provider_of(load(Settings))


def _limits(settings: AppSettings) -> SessionLimits:
    return SessionLimits(
        timedelta(minutes=settings.callwise_session_idle_minutes), timedelta(hours=settings.callwise_session_hours)
    )


def _factor(settings: SecondFactorSettings) -> FactorRules:
    key, required = settings.callwise_second_factor_key, settings.callwise_second_factor == "required"
    if required and key is None:
        raise SettingsError(
            "CALLWISE_SECOND_FACTOR is required, and there is no CALLWISE_SECOND_FACTOR_KEY.",
            kept="Nothing was started.",
            next="Run scripts/init, which makes the key.",
        )
    return FactorRules(KeyRing(key.get_secret_value()) if key else None, required)


def run() -> None:
    """Draw one page."""
    st.set_page_config(page_title="Callwise", page_icon=ICON, layout="wide")
    st.html(STYLE)
    with boundary():
        wired: Wiring = st.cache_resource(show_spinner=False)(wiring)()
        account = identity.begin(wired.shipped)
        first = _first_page(wired.shipped, account)
        page = st.navigation(_pages(wired, account, first), position="hidden" if first else "top")
        # The call list has the campaigns of all kinds, and an account's own page has none.
        if page.url_path in KIND_PAGES and not first:
            kind_choice.draw(wired.all())
        if page.url_path in REMINDING and not first and wired.shipped.factor.should_enrol(account):
            own_factor.remind(st.session_state["own_page"])
        page.run()
        st.session_state["page_drawn"] = True
    draw_language_switch()


def _first_page(house: Appliance, account: Account) -> Callable[[], None] | None:
    """What the account's owner must do before anything else: choose a password, switch a second factor on."""
    if account.must_change:
        return partial(own_password.first_page, account)
    # The recovery codes of a second factor that was just switched on are shown until they are kept.
    if house.factor.must_enrol(account) or (house.factor.required and own_factor.waiting()):
        return partial(own_factor.first_page, house, account)
    return None


def _pages(wired: Wiring, account: Account, first: Callable[[], None] | None = None) -> dict[str, list[Any]]:
    """The pages by section of the menu. A page is for its role and those above; others see a refusal.

    Where there is a `first` page, it is the only one, at every address.
    """

    def page(draw: Callable[[Appliance], None], title: str, icon: str, url: str = "", role: Role = Role.AGENT) -> Any:
        allowed = identity.may(role)
        shown = partial(_drawn, wired, draw, url) if allowed else partial(_refused, title, role)
        return st.Page(
            boundary()(first or shown),
            title=title,
            icon=icon,
            url_path=url,
            default=not url,
            visibility="visible" if allowed else "hidden",
        )

    home = st.session_state["home_page"] = page(calls_page.page, _("Call list"), ":material/call:")
    # Pages without data link to the import, for people who may open it.
    imports = page(campaigns_page.page, _("Campaigns"), ":material/groups:", "campaigns", Role.MANAGER)
    st.session_state["campaigns_page"] = imports if identity.may(Role.MANAGER) else None
    own = st.session_state["own_page"] = page(my_account.page, _("My account"), ":material/person:", "my-account")
    return {
        "": [
            home,
            page(agenda_page.page, _("Agenda"), ":material/event:", "agenda"),
            imports,
            page(team_page.page, _("Team"), ":material/support_agent:", "team", Role.MANAGER),
            page(results_page.page, _("Results"), ":material/bar_chart:", "results", Role.MANAGER),
            page(overview_page.page, _("Overview"), ":material/monitoring:", "overview", Role.MANAGER),
            page(models_page.page, _("Models"), ":material/model_training:", "models", Role.MANAGER),
            page(review_page.page, _("Review"), ":material/fact_check:", "review", Role.MANAGER),
            page(economy_page.page, _("Economy"), ":material/show_chart:", "economy", Role.MANAGER),
            page(operation_page.page, _("Operation"), ":material/monitor_heart:", "operation", Role.MANAGER),
            page(privacy_page.page, _("Privacy"), ":material/shield_person:", "privacy", Role.MANAGER),
            page(accounts_page.page, _("Accounts"), ":material/manage_accounts:", "accounts", Role.MANAGER),
        ],
        f":material/person: {formats.plain(account.shown)}": [
            own,
            page(leaving.sign_out, _("Sign out"), ":material/logout:", "sign-out"),
        ],
    }


def _drawn(wired: Wiring, draw: Callable[[Appliance], None], url: str) -> None:
    """Draw a page for the chosen kind; the call list is for all."""
    draw(kind_choice.chosen(wired.all()) if url in KIND_PAGES else wired.shipped)


def _refused(title: str, role: Role) -> None:
    roles.refuse(title, role, st.session_state["home_page"])


if __name__ == "__main__":
    run()
else:
    metrics = load(Settings)
    figures.serve(metrics.callwise_app_metrics_host, metrics.callwise_app_metrics_port)
    app = st.App(
        __file__,
        routes=[
            *(*routes(reception), *probe.routes(reception), *single_sign_on.routes(reception, provider)),
            *(*tool_door.routes(reception), *second_step_page.routes(reception), *own_passkeys.routes(reception)),
        ],
        middleware=[Middleware(Attended), Middleware(figures.Counted), Middleware(Guard, reception=reception)],
    )
