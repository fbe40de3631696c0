"""The buttons for a call's result: one click or key each, and a second one for the time of a callback."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import streamlit as st

from app.accounts.own_keys import key_for, own_keys
from app.calling_rules.promise_form import draw_promise_form
from app.calls import contact_lines, result_words
from app.calls.desk import Seat
from app.calls.result_words import Choice
from app.desk.note_field import draw_note_field
from app.desk.result_names import result_name
from app.language import _, formats, translate
from core.calls.lifecycle import Result
from core.clock import now
from core.desk import own_results
from core.desk.own_results import OwnResult
from core.stores.mongo import Document

_PROMISING = "promising"


def draw_result_buttons(seat: Seat, prospect: Document, *, late: bool = False) -> None:
    """Draw the buttons for `prospect`, whose claim `seat` has, or has lost (`late`)."""
    with st.container(key="outcomes"):
        _result(seat, prospect, result_words.SOLD, primary=True)
        _result(seat, prospect, result_words.REFUSED)
        with st.container(horizontal=True, key="outcomes-later"):
            _button(result_words.CALLBACK, _open_or_close, (prospect["_id"], None))
            _result(seat, prospect, result_words.NO_ANSWER)
        promising = st.session_state.get(_PROMISING)
        if promising == (prospect["_id"], None):
            _promise(seat, prospect, None)
        with st.container(horizontal=True, key="outcomes-off"):
            _result(seat, prospect, result_words.WRONG_NUMBER)
            _result(seat, prospect, result_words.DO_NOT_CALL)
        contact_lines.draw_numbers_box(seat.house, prospect)
        if own := [one for one in own_results.read_own_results(seat.house.db, seat.campaign) if not one.retired]:
            with st.container(horizontal=True, key="outcomes-own"):
                for one in own:
                    _own(seat, prospect, one)
            if promising and promising in [(prospect["_id"], one.key) for one in own]:
                _promise(seat, prospect, promising[1])
        draw_note_field(seat.house, prospect["_id"])
        if late:
            st.button(
                _("Put away"),
                key="put-away",
                icon=":material/close:",
                type="tertiary",
                shortcut=key_for("give back"),
                on_click=seat.put_away,
            )
            return
        st.button(
            _("Give back"),
            key="give-back",
            icon=":material/undo:",
            type="tertiary",
            shortcut=key_for("give back"),
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
        shortcut=key_for(choice.result.value),
        width="stretch",
        wrap=True,
        on_click=action,
        args=args,
    )


def _own(seat: Seat, prospect: Document, own: OwnResult) -> None:
    promised = own.effect is Result.CALLBACK
    st.button(
        formats.plain(own.name),
        key=f"outcome-{own.key}",
        help=_("Counts as: {effect}").format(effect=result_name(own.effect)),
        wrap=True,
        on_click=_open_or_close if promised else seat.record,
        args=((prospect["_id"], own.key),) if promised else (prospect, own.effect, None, own.key),
    )


def _open_or_close(promise: tuple[str, str | None]) -> None:
    st.session_state[_PROMISING] = None if st.session_state.get(_PROMISING) == promise else promise


def _promise(seat: Seat, prospect: Document, own: str | None) -> None:
    """Draw the times of a callback, of the standard or an own result, by the clock of the browser."""

    def promise(again: datetime) -> None:
        st.session_state[_PROMISING] = None
        seat.record(prospect, result_words.CALLBACK.result, again, own)

    offers = result_words.offers(now(), st.context.timezone)
    furthest = seat.house.rules.furthest
    draw_promise_form(seat.house.db, prospect, offers, furthest, promise, digits=own_keys().digits)
