"""Composition root of the screens: reads the settings, wires the appliance, and runs the page that was asked for.

Started with `streamlit run app/main.py`, which reads it twice: once as a module that holds the web server's `app`, and
as the script of every run of a page.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import cache, partial
from pathlib import Path
from typing import Any

import streamlit as st
from starlette.middleware import Middleware

from app import (
    accounts,
    calls,
    campaigns,
    company,
    economy_page,
    erasures,
    formats,
    identity,
    language_switch,
    models,
    my_account,
    notices,
    overview,
    own_password,
    results,
    review,
    roles,
)
from app.appliance import Appliance, Link
from app.language import _
from app.lineage import LineageReader
from app.web import Guard, Reception, routes
from core.accounts import Account, Role
from core.call_states import Rules
from core.mongo import connect
from core.objects import ObjectStore
from core.schema import read
from core.scoring import ScoringClient
from core.sentences import Sentence
from core.sessions import Limits
from core.settings import (
    AppSettings,
    ErasureSettings,
    MongoSettings,
    S3Settings,
    SchemaSettings,
    ScoringSettings,
    load,
)

STYLE = Path(__file__).with_name("style.css")
ICON = Path(__file__).with_name("icon.svg")  # a named icon would be asked of a server of its maker


class Settings(MongoSettings, S3Settings, SchemaSettings, AppSettings, ErasureSettings):
    """Everything the screens need to know."""


def wire() -> Appliance:
    """The appliance that the settings name. Raises SettingsError, SchemaError."""
    settings = load(Settings)
    addresses = (
        ("MLflow", Sentence("models, their evidence and lineage"), settings.callwise_mlflow_page),
        ("Prefect", Sentence("training runs and their logs"), settings.callwise_prefect_page),
        ("Evidently", Sentence("drift and quality reports"), settings.callwise_evidently_page),
    )
    schema, model = read(settings.callwise_schema), settings.callwise_model_name
    registry, scoring = settings.mlflow_tracking_uri, settings.mlserver_url
    asked = ScoringSettings(mlserver_url=scoring, callwise_model_name=model) if scoring else None
    return Appliance(
        db=connect(settings, timeout_seconds=5.0),
        store=ObjectStore(settings, settings.s3_bucket_datasets),
        schema=schema,
        rules=Rules(
            claim=timedelta(minutes=settings.callwise_claim_minutes),
            overdue=timedelta(minutes=settings.callwise_overdue_minutes),
            pause=timedelta(hours=settings.callwise_pause_hours),
            attempts=settings.callwise_attempts,
            furthest=timedelta(days=settings.callwise_callback_days),
        ),
        model=model,
        links=tuple(Link(title, purpose, address) for title, purpose, address in addresses if address),
        lineage=LineageReader(registry, model) if registry else None,
        scoring=ScoringClient(asked, schema) if asked else None,
        limits=_limits(settings),
        erasure_key=settings.erasure_key,
    )


@cache
def reception() -> Reception:
    """What the web server needs to know who is signed in. Raises SettingsError."""
    settings, company_ = load(Settings), provider()
    return Reception(connect(settings, timeout_seconds=5.0), _limits(settings), company_.title if company_ else None)


@cache
def provider() -> company.Provider | None:
    """The company's single sign-on, if there is one. Raises SettingsError."""
    return company.provider_of(load(Settings))


def _limits(settings: AppSettings) -> Limits:
    return Limits(
        timedelta(minutes=settings.callwise_session_idle_minutes), timedelta(hours=settings.callwise_session_hours)
    )


def run() -> None:
    """Draw one page."""
    st.set_page_config(page_title="Callwise", page_icon=ICON, layout="wide")
    st.html(STYLE)
    with notices.boundary():
        house: Appliance = st.cache_resource(show_spinner=False)(wire)()
        account = identity.begin(house)
        st.navigation(_pages(house, account), position="hidden" if account.must_change else "top").run()
        st.session_state["page_drawn"] = True
    language_switch.draw()


def _pages(house: Appliance, account: Account) -> dict[str, list[Any]]:
    """The pages by their places in the menu. Each is for a role and those above it; to others it says so.

    With a password that somebody else knows there is one page only, whatever the address.
    """

    def page(draw: Callable[[Appliance], None], title: str, icon: str, url: str = "", role: Role = Role.AGENT) -> Any:
        allowed = identity.may(role)
        if account.must_change:
            shown = partial(own_password.first_page, account)
        else:
            shown = partial(draw, house) if allowed else partial(_refused, title, role)
        return st.Page(
            notices.boundary()(shown),
            title=title,
            icon=icon,
            url_path=url,
            default=not url,
            visibility="visible" if allowed else "hidden",
        )

    home = st.session_state["home_page"] = page(calls.page, _("Call list"), ":material/call:")
    # The other pages point to this one where there is nothing to show yet, to those who may open it.
    imports = page(campaigns.page, _("Campaigns"), ":material/groups:", "campaigns", Role.MANAGER)
    st.session_state["campaigns_page"] = imports if identity.may(Role.MANAGER) else None
    return {
        "": [
            home,
            imports,
            page(results.page, _("Results"), ":material/bar_chart:", "results", Role.MANAGER),
            page(overview.page, _("Overview"), ":material/monitoring:", "overview", Role.MANAGER),
            page(models.page, _("Models"), ":material/model_training:", "models", Role.MANAGER),
            page(review.page, _("Review"), ":material/fact_check:", "review", Role.MANAGER),
            page(economy_page.page, _("Economy"), ":material/show_chart:", "economy", Role.MANAGER),
            page(erasures.page, _("Privacy"), ":material/shield_person:", "privacy", Role.MANAGER),
            page(accounts.page, _("Accounts"), ":material/manage_accounts:", "accounts", Role.MANAGER),
        ],
        f":material/person: {formats.plain(account.shown)}": [
            page(my_account.page, _("My account"), ":material/person:", "my-account"),
            page(_sign_out, _("Sign out"), ":material/logout:", "sign-out"),
        ],
    }


def _refused(title: str, role: Role) -> None:
    roles.refuse(title, role, st.session_state["home_page"])


def _sign_out(_house: Appliance) -> None:
    """At once for whoever chose it in the menu; a link from elsewhere signs nobody out without being asked."""
    if st.session_state.get("page_drawn"):
        own_password.sign_out()
        identity.check()
    st.title(_("Sign out"))
    own_password.sign_out_button("sign-out")


if __name__ == "__main__":
    run()
else:
    app = st.App(
        __file__,
        routes=[*routes(reception), *company.routes(reception, provider)],
        middleware=[Middleware(Guard, reception=reception)],
    )
