"""Composition root of the screens: reads the settings, wires the appliance, and runs the page that was asked for.

Started with `streamlit run app/main.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import streamlit as st

from app import calls, campaigns, language_switch, notices, overview, results
from app.appliance import Appliance, Link
from core.call_states import Rules
from core.mongo import connect
from core.objects import ObjectStore
from core.schema import read
from core.settings import AppSettings, MongoSettings, S3Settings, SchemaSettings, load

STYLE = Path(__file__).with_name("style.css")
ICON = Path(__file__).with_name("icon.svg")  # a named icon would be asked of a server of its maker


class Settings(MongoSettings, S3Settings, SchemaSettings, AppSettings):
    """Everything the screens need to know."""


def wire() -> Appliance:
    """The appliance that the settings name. Raises SettingsError, SchemaError."""
    settings = load(Settings)
    addresses = (
        ("MLflow", "models, their evidence and lineage", settings.callwise_mlflow_page),
        ("Prefect", "training runs and their logs", settings.callwise_prefect_page),
        ("Evidently", "drift and quality reports", settings.callwise_evidently_page),
    )
    return Appliance(
        db=connect(settings, timeout_seconds=5.0),
        store=ObjectStore(settings, settings.s3_bucket_datasets),
        schema=read(settings.callwise_schema),
        rules=Rules(
            claim=timedelta(minutes=settings.callwise_claim_minutes),
            overdue=timedelta(minutes=settings.callwise_overdue_minutes),
            pause=timedelta(hours=settings.callwise_pause_hours),
            attempts=settings.callwise_attempts,
            furthest=timedelta(days=settings.callwise_callback_days),
        ),
        model=settings.callwise_model_name,
        links=tuple(Link(title, purpose, address) for title, purpose, address in addresses if address),
    )


def run() -> None:
    """Draw one page."""
    st.set_page_config(page_title="Callwise", page_icon=ICON, layout="wide")
    st.html(STYLE)
    with notices.boundary():
        house: Appliance = st.cache_resource(show_spinner=False)(wire)()
        st.navigation(_pages(house), position="top").run()
    language_switch.draw()


def _pages(house: Appliance) -> list[Any]:
    def page(draw: Callable[[Appliance], None], title: str, icon: str, url: str = "") -> Any:
        return st.Page(
            notices.boundary()(partial(draw, house)),
            title=title,
            icon=icon,
            url_path=url,
            default=not url,
        )

    # The other pages point to this one where there is nothing to show yet.
    st.session_state["campaigns_page"] = page(campaigns.page, "Campaigns", ":material/groups:", "campaigns")
    return [
        page(calls.page, "Call list", ":material/call:"),
        st.session_state["campaigns_page"],
        page(results.page, "Results", ":material/bar_chart:", "results"),
        page(overview.page, "Overview", ":material/monitoring:", "overview"),
    ]


if __name__ == "__main__":
    run()
