"""The card of the person an agent is calling: the chance, what is known, and what came of it in one click."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import streamlit as st

from app import desk, formats, notices, person
from app.bands import band_of
from app.desk import OUTCOMES, Seat
from core.clock import now
from core.mongo import Document
from core.schema import Role

TICK = timedelta(seconds=10)


def draw(seat: Seat, prospect: Document, floors: Sequence[float]) -> None:
    """Draw the card of `prospect`, which `seat` holds; `floors` are those of the bands."""
    with st.container(key="card", border=True):
        left, right = st.columns([2, 5], gap="large")
        with left:
            _chance(prospect, floors)
            _outcomes(seat, prospect)
            st.fragment(_hold, run_every=TICK)(prospect)
        with right:
            _facts(seat, prospect)


def _chance(prospect: Document, floors: Sequence[float]) -> None:
    with st.container(key="prospect-ref"):
        st.subheader(f"Person {formats.plain(prospect['ref'])}", anchor=False)
    score = prospect["score"]
    if score is None:
        st.markdown("Not ranked yet.")
        return
    with st.container(key="chance", horizontal=True, vertical_alignment="bottom"):
        st.metric("Chance of a sale", formats.percent(score), width="content")
        st.markdown(band_of(score, floors).badge, width="content")
    with st.container(key="score-exact"):
        st.caption(f"Score {formats.exact(score)}", help=_origin(prospect))


def _origin(prospect: Document) -> str:
    version, route = prospect.get("score_version"), prospect.get("score_route")
    log = prospect.get("prediction")
    return f"Model version {version} ({route}); prediction {log} in the log."


def _outcomes(seat: Seat, prospect: Document) -> None:
    key, ref = prospect["_id"], prospect["ref"]
    with st.container(key="outcomes"):
        for outcome in OUTCOMES:
            st.button(
                outcome.label,
                key=f"outcome-{outcome.result.value}",
                icon=outcome.icon,
                type="primary" if outcome.good else "secondary",
                shortcut=outcome.shortcut,
                width="stretch",
                on_click=seat.record,
                args=(key, ref, outcome),
            )
        st.button(
            "Give back",
            key="give-back",
            icon=":material/undo:",
            type="tertiary",
            shortcut="B",
            on_click=seat.give_back,
            args=(key, ref),
        )


def _facts(seat: Seat, prospect: Document) -> None:
    found = person.sections(seat.house.schema, person.features(seat.house.db, prospect))
    shown = [section for section in found if section.role is not Role.INDICATOR]
    for column, section in zip(st.columns(len(shown)), shown, strict=True):
        with column, st.container(key=f"facts-{section.role.value}"):
            st.markdown(f"**{section.title}**")
            _table(section)
    for section in found:
        if section.role is Role.INDICATOR:
            with st.expander(section.title):
                _table(section)


def _table(section: person.Section) -> None:
    rows = [{"": label, " ": formats.plain(value)} for label, value in section.fields]
    st.table(rows, border="horizontal", hide_index=True, hide_header=True)


@notices.boundary()
def _hold(prospect: Document) -> None:
    at = now()
    text = desk.hold_text(prospect, at, st.context.timezone)
    with st.container(key="hold"):
        if desk.remaining(prospect, at) > timedelta(0):
            st.caption(f":material/timer: {text}")
        else:
            st.warning(text)
