"""The page Operation: what needs somebody, each service, each job, and the room that is left."""

from __future__ import annotations

import streamlit as st

from app.access.boundary import boundary
from app.language import _, formats, translate
from app.operation import figures
from app.shell import condition, notices
from app.shell.appliance import Appliance
from app.shell.notices import Notice
from core.clock import now
from core.oversight import incident_words
from core.oversight.space import STALE, Work
from core.oversight.space import WORDS as WORK_WORDS
from core.sentences import from_document
from core.stores.mongo import Document

SECONDS = 15.0
"""Between two drawings of the page while it is open."""


def page(house: Appliance) -> None:
    """Draw the page; it follows the appliance while it is open."""
    st.title(_("Operation"))
    st.fragment(boundary()(_drawn), run_every=SECONDS)(house)


def _drawn(house: Appliance) -> None:
    seen, at = condition.read(house.db if house.home is None else house.home), now()
    with st.container(key="operation-state"):
        if seen is None:
            notices.show(
                Notice(
                    "info",
                    _("The monitor has not looked at the appliance yet."),
                    next=_("It looks within a minute of its start."),
                )
            )
            return
        when = formats.moment(seen["seen"]["at"], st.context.timezone)
        if at - seen["seen"]["at"] > STALE:
            notices.show(
                Notice(
                    "error",
                    _("The monitor is away; it last looked at {when}.").format(when=when),
                    _("Calls are recorded; new people get no score, and nobody is notified."),
                    _("What to do: {what}").format(what=_("run scripts/doctor, and look at the log of the monitor.")),
                )
            )
        _state(seen, condition.wrong(seen, at))
        st.caption(_("Looked at {at}.").format(at=when))
    with st.container(key="operation-services", border=True):
        st.markdown(_("**Services**"))
        st.table(figures.services(seen), border="horizontal", hide_index=True)
    with st.container(key="operation-room", border=True):
        st.markdown(_("**Room and safety**"))
        st.table(figures.room(seen, st.context.timezone), border="horizontal", hide_index=True, hide_header=True)
    with st.container(key="operation-jobs", border=True):
        st.markdown(_("**Jobs**"))
        st.table(figures.jobs(seen, st.context.timezone), border="horizontal", hide_index=True)


def _state(seen: Document, wrong: list[str]) -> None:
    for alarm in seen["alarms"]:
        cause = str(alarm["cause"])
        name = translate(incident_words.cause_name(cause))
        what = translate(incident_words.kept_and_next(cause, "open")[1])
        why = formats.capital(translate(from_document(alarm.get("said", alarm["why"]))))
        todo = _("What to do: {what}").format(what=what)
        notices.show(Notice("error", f"{formats.capital(name)}.", f"{why}.", todo))
    if seen["stopped"]:
        stopped = ", ".join(translate(WORK_WORDS[Work(one)]) for one in seen["stopped"])
        notices.show(
            Notice(
                "warning",
                _("Stopped for want of room: {what}.").format(what=stopped),
                _("Calls and their results are always recorded."),
            )
        )
    if seen["notices"]["error"]:
        notices.show(Notice("warning", _("A notification was not taken."), str(seen["notices"]["error"])))
    if not wrong:
        notices.show(Notice("success", _("Everything runs.")))
