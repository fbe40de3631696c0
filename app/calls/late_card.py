"""The card of a person whose claim the agent has lost: what happened to the person, and the buttons for a result.

The card has no script and no facts, because nobody should call from it. An agent who has called can record the result.
"""

from __future__ import annotations

import streamlit as st

from app.calls.buttons import draw_result_buttons
from app.calls.desk import Seat
from app.desk.result_names import call_name, own_names
from app.language import _, formats
from app.shell import notices
from app.shell.notices import Notice
from core.calls import do_not_call
from core.calls.lifecycle import CALLABLE, Status, changes_state
from core.stores.mongo import Document, reachable


def draw_late_card(seat: Seat, prospect: Document) -> None:
    """Draw the card of `prospect`, whose claim `seat` has lost. Raises Unavailable."""
    with st.container(key="late-card", border=True):
        with st.container(key="prospect-ref"):
            st.subheader(
                _("Person {ref}").format(ref=formats.plain(prospect.get("written") or prospect["ref"])), anchor=False
            )
        notices.show(
            Notice(
                "warning",
                _what_happened(seat, prospect),
                _("If you have called them, record the result: it is kept."),
                _("If you have not, put the card away."),
            )
        )
        # The buttons record the call of the time when the agent had the claim, not a call after it.
        draw_result_buttons(seat, {**prospect, "calls": seat.call - 1}, late=True)


def _what_happened(seat: Seat, prospect: Document) -> str:
    ref, claim = prospect["ref"], prospect["claim"]
    with reachable():
        calls = list(seat.house.db.calls.find({"prospect": prospect["_id"]}))
    standing = [
        call for call in calls if not call.get("undone") and call["agent"] != seat.agent and changes_state(call)
    ]
    if do_not_call.is_off(prospect):
        return _("{ref} asked not to be called: do not call them any more.").format(ref=ref)
    if prospect["status"] in CALLABLE and claim:
        return _("Your claim on {ref} ran out, and {name} has taken this person.").format(ref=ref, name=claim["by"])
    if standing and prospect["status"] not in CALLABLE:
        last = max(standing, key=lambda call: int(call["call"]))
        result = call_name(last, own_names(seat.house.db, [last]))
        return _("{name} has recorded a result for {ref}: {result}.").format(name=last["agent"], ref=ref, result=result)
    if prospect["status"] in (Status.OFF, Status.WITHDRAWN):
        return _("{ref} was taken off the list meanwhile.").format(ref=ref)
    return _("{ref} is no longer on your desk.").format(ref=ref)
