"""The button that takes the last result back, shown for as long as that is possible."""

from __future__ import annotations

from datetime import timedelta

import streamlit as st

from app.access.boundary import boundary
from app.calls import result_words
from app.calls.desk import Seat
from app.language import _, formats
from core.calls.lifecycle import Result
from core.clock import now

TICK = timedelta(seconds=5)


def draw_undo(seat: Seat) -> None:
    """Draw the button if the agent has just recorded a result. Raises Unavailable."""
    if seat.last_call() is not None:
        st.fragment(_way_back, run_every=TICK)(seat)


@boundary()
def _way_back(seat: Seat) -> None:
    call = seat.last_call()
    if call is None:
        return
    left = call["at"] + seat.house.rules.undo - now()
    label = _("Take back: {result}, {ref}").format(
        result=result_words.label(Result(call["result"])), ref=formats.plain(call["ref"])
    )
    with st.container(key="undo", horizontal=True, vertical_alignment="center"):
        pressed = st.button(label, key="take-back", icon=":material/undo:", type="tertiary", shortcut="U")
        st.caption(_("{left} left").format(left=formats.time_left(left)), width="content")
    if pressed:
        seat.take_back(call)
        st.rerun()
