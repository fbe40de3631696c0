"""An open incident: what it is, what to do, and who looks after it."""

from __future__ import annotations

import streamlit as st

from app import formats, identity, notices, verdicts
from app.appliance import Appliance
from app.language import _
from app.notices import Notice, kept_for_next_run, leave
from core import incidents
from core.errors import InputError
from core.mongo import Document

FOR_PEOPLE = ("open", "escalated")  # in the other states a training or a trial is under way, and it says what follows


def draw(house: Appliance, incident: Document) -> None:
    """Draw the incident, a document of `incidents`."""
    notices.show(verdicts.incident(incident, st.context.timezone))
    seen, key = incident["acknowledged"], str(incident["_id"])
    if seen:
        since = formats.moment(seen["at"], st.context.timezone)
        who = formats.plain(str(seen["by"]))
        st.caption(_("{who} has looked after it since {when}.").format(who=who, when=since))
    elif incident["status"] in FOR_PEOPLE:
        with st.popover(_("I look after it"), icon=":material/front_hand:", key=f"look-after-{key}"):
            _form(house, key)


def _form(house: Appliance, incident: str) -> None:
    field = f"look-after-by-{incident}"
    if not identity.named(field):
        st.session_state[field] = identity.current_agent() or ""
    st.markdown("Others see your name, and need not look as well. Nothing else changes.")
    with st.form(f"look-after-form-{incident}", border=False):
        st.text_input("Your name", key=field, max_chars=identity.LONGEST, autocomplete="name")
        st.form_submit_button(
            "I look after it",
            type="primary",
            key=f"look-after-now-{incident}",
            on_click=look_after,
            args=(house, incident, field),
        )


@kept_for_next_run()
def look_after(house: Appliance, incident: str, field: str) -> None:
    """Note that the person named in `field` looks after `incident`, unless somebody does already."""
    who = identity.named(field)
    if who is None:
        raise InputError(
            "To look after it, your name is needed.",
            kept="Nothing was changed.",
            next="It is shown to the others; fill it in and press again.",
        )
    by = incidents.acknowledge(house.db, incident, who)
    if by == who:
        leave(Notice("success", f"{who} looks after it.", "The others see that here."))
    else:
        leave(Notice("warning", f"{by} looks after it already.", "Nothing was changed."))
