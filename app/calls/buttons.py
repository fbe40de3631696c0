"""The buttons for a call's result: one click or key each, and a second one for the time of a callback."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import streamlit as st

from app.calling_rules.promise_form import draw_promise_form
from app.calls import result_words
from app.calls.desk import Seat
from app.calls.result_words import Choice
from app.language import _, translate
from core.clock import now
from core.stores.mongo import Document

_PROMISING = "promising"


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
    """Draw the times of a callback, by the clock of the browser."""

    def promise(again: datetime) -> None:
        st.session_state[_PROMISING] = None
        seat.record(prospect, result_words.CALLBACK.result, again)

    offers = result_words.offers(now(), st.context.timezone)
    draw_promise_form(seat.house.db, prospect, offers, seat.house.rules.furthest, promise)
