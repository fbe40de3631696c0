"""The state of the appliance on one page: calls left, the model in service, the quality of the ranking."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import streamlit as st

from app.access.boundary import boundary
from app.language import _, formats, plural, translate
from app.models.card import draw_model_card
from app.overview import status, verdict_notices
from app.overview.incident_card import draw_incident
from app.shell import notices
from app.shell.appliance import Appliance
from app.shell.notices import Notice
from core.clock import now


def page(house: Appliance) -> None:
    """Draw the page."""
    st.title(_("Overview"))
    with st.container(key="message"):
        notices.show_waiting()
    work, model = st.columns(2, gap="medium")
    with work, st.container(key="work", border=True, height="stretch"), boundary():
        _work(house)
    with model, st.container(key="model", border=True, height="stretch"), boundary():
        _model(house)
    with st.container(key="standing", border=True), boundary():
        _standing(house)
    if house.links:
        st.subheader(_("Behind the screens"))
        with st.container(key="links", horizontal=True):
            for link in house.links:
                st.link_button(
                    link.title,
                    link.address,
                    icon=":material/open_in_new:",
                    help=formats.capital(translate(link.purpose)),
                )


def _work(house: Appliance) -> None:
    st.markdown(_("**Calls**"))
    state = status.count_work(house.db)
    if not state.campaigns:
        st.markdown(_("There is no campaign yet."))
        st.page_link(st.session_state["campaigns_page"], label=_("Import a campaign"), icon=":material/upload_file:")
        return
    with st.container(horizontal=True, gap="medium"):
        st.metric(_("To call"), formats.count(state.open), width="content")
        st.metric(_("Sold or refused"), formats.count(state.done), width="content")
        st.metric(_("Sold"), formats.count(state.sold), width="content")
    text = plural("In {campaigns} campaign.", "In {campaigns} campaigns.", state.campaigns)
    st.caption(text.format(campaigns=formats.count(state.campaigns)))


def _model(house: Appliance) -> None:
    draw_model_card(house)
    last = status.last_prediction(house.db)
    if last is None:
        st.caption(_("Nothing has been scored yet."))
    else:
        at = formats.moment(last["at"], st.context.timezone)
        text = _("Last score given by version {version}, {at}.")
        st.caption(text.format(version=formats.plain(str(last["version"])), at=at))


def _standing(house: Appliance) -> None:
    st.markdown(_("**Is the ranking still right?**"))
    for incident in status.open_incidents(house.db):
        draw_incident(house, incident)
    if old := status.stale_indicators(house.db, house.schema):
        notices.show(verdict_notices.stale_notice(old, now()))
    words: dict[str, Callable[[dict[str, Any]], Notice]] = {
        "drift": partial(verdict_notices.drift_notice, house.schema),
        "performance": verdict_notices.quality_notice,
    }
    reports = {kind: report for kind in words if (report := status.last_report(house.db, kind))}
    if not reports:
        st.markdown(_("No report yet. The first follows once enough people have been scored."))
    for kind, report in reports.items():
        notices.show(words[kind](report["verdict"]))
        at = formats.moment(report["made"]["at"], st.context.timezone)
        st.caption(_("Looked at {at}.").format(at=at))
