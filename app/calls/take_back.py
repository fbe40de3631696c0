"""The button that takes the last result back, shown for as long as that is possible."""

from __future__ import annotations

from datetime import timedelta

import streamlit as st

from app.access.boundary import boundary
from app.accounts.own_keys import key_for
from app.calls.desk import Seat
from app.desk.note_field import draw_later_note
from app.desk.result_names import call_name, own_names
from app.language import _, formats
from core.clock import now

TICK = timedelta(seconds=5)


def draw_undo(seat: Seat) -> None:
    """Draw the button, and a field for a note, if the agent has just recorded a result. Raises Unavailable."""
    if (call := seat.last_call()) is not None:
        st.fragment(_way_back, run_every=TICK)(seat)
        draw_later_note(seat.house, call)


@boundary()
def _way_back(seat: Seat) -> None:
    call = seat.last_call()
    if call is None:
        return
    left = call["at"] + seat.house.rules.undo - now()
    label = _("Take back: {result}, {ref}").format(
        result=formats.plain(call_name(call, own_names(seat.house.db, [call]))), ref=formats.plain(call["ref"])
    )
    with st.container(key="undo", horizontal=True, vertical_alignment="center"):
        pressed = st.button(
            label, key="take-back", icon=":material/undo:", type="tertiary", shortcut=key_for("take back")
        )
        st.caption(_("{left} left").format(left=formats.time_left(left)), width="content")
    if pressed:
        seat.take_back(call)
        st.rerun()
