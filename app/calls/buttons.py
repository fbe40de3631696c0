"""The buttons for a call's result: one click or key each, and a second one for the time of a callback."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import streamlit as st

from app.access.boundary import guarded_action
from app.calls import contact_lines, result_words
from app.calls.desk import Seat
from app.calls.result_words import Choice
from app.language import _, translate
from core.clock import now
from core.stores.mongo import Document

_PROMISING = "promising"
STEP = timedelta(minutes=15)


def draw_result_buttons(seat: Seat, prospect: Document, *, late: bool = False) -> None:
    """Draw the buttons for `prospect`, whose claim `seat` has, or has lost (`late`)."""
    with st.container(key="outcomes"):
        _result(seat, prospect, result_words.SOLD, primary=True)
        _result(seat, prospect, result_words.REFUSED)
        with st.container(horizontal=True, key="outcomes-later"):
            _button(result_words.CALLBACK, _open_or_close, prospect["_id"])
            _result(seat, prospect, result_words.NO_ANSWER)
        if st.session_state.get(_PROMISING) == prospect["_id"]:
            _promise(seat, prospect)
        with st.container(horizontal=True, key="outcomes-off"):
            _result(seat, prospect, result_words.WRONG_NUMBER)
            _result(seat, prospect, result_words.DO_NOT_CALL)
        contact_lines.draw_numbers_box(seat.house, prospect)
        if late:
            st.button(
                _("Put away"),
                key="put-away",
                icon=":material/close:",
                type="tertiary",
                shortcut="B",
                on_click=seat.put_away,
            )
            return
        st.button(
            _("Give back"),
            key="give-back",
            icon=":material/undo:",
            type="tertiary",
            shortcut="B",
            on_click=seat.give_back,
            args=(prospect["_id"], prospect["ref"]),
        )


def _result(seat: Seat, prospect: Document, choice: Choice, *, primary: bool = False) -> None:
    _button(choice, seat.record, prospect, choice.result, primary=primary)


def _button(choice: Choice, action: Callable[..., object], *args: object, primary: bool = False) -> None:
    st.button(
        translate(choice.label),
        key=choice.key,
        icon=choice.icon,
        type="primary" if primary else "secondary",
        shortcut=choice.shortcut,
        width="stretch",
        on_click=action,
        args=args,
    )


def _open_or_close(prospect: str) -> None:
    st.session_state[_PROMISING] = None if st.session_state.get(_PROMISING) == prospect else prospect


def _promise(seat: Seat, prospect: Document) -> None:
    """Draw the times of a callback: three with a key each, and a field for any other."""
    zone = st.context.timezone or "UTC"
    at = now()
    with st.container(key="promise", border=True):
        for number, (label, again) in enumerate(result_words.offers(at, zone), 1):
            st.button(
                label,
                key=f"promise-{number}",
                shortcut=str(number),
                width="stretch",
                on_click=_promised,
                args=(seat, prospect, again),
            )
        local = at.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
        today = local.replace(hour=0, minute=0, second=0, microsecond=0)
        key = f"promise-at-{prospect['_id']}"
        # The limits are whole days, because a field whose limits move with the clock loses the chosen time.
        st.session_state.setdefault(key, local.replace(minute=0, second=0, microsecond=0) + timedelta(hours=2))
        st.datetime_input(
            _("Another time"), min_value=today, max_value=today + seat.house.rules.furthest, step=STEP, key=key
        )
        st.button(
            _("Call back then"), key="promise-other", width="stretch", on_click=_other, args=(seat, prospect, key)
        )


@guarded_action()
def _other(seat: Seat, prospect: Document, key: str) -> None:
    chosen: datetime | None = st.session_state.get(key)
    zone = ZoneInfo(st.context.timezone or "UTC")
    _promised(seat, prospect, chosen.replace(tzinfo=zone) if chosen else None)


def _promised(seat: Seat, prospect: Document, again: datetime | None) -> None:
    st.session_state[_PROMISING] = None
    seat.record(prospect, result_words.CALLBACK.result, again)
