"""The card of the person whom an agent is calling: chance, facts, script, and the buttons for the result."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from functools import partial

import streamlit as st

from app.access.boundary import boundary
from app.accounts.own_keys import key_for
from app.calling_rules.local_time import draw_local_time
from app.calls import contact_lines, desk, history, person
from app.calls.best_time import draw_best_time
from app.calls.buttons import draw_result_buttons
from app.calls.contact_lines import Dialling, draw_contact_lines
from app.calls.desk import Seat
from app.calls.reasons import draw_reasons
from app.calls.script import draw_script
from app.desk.note_field import draw_last_note
from app.desk.result_names import call_name, own_names
from app.language import _, formats
from app.lists.value_history import draw_value_history
from app.ranked_list.bands import band_of
from core.clock import now
from core.desk import dialling
from core.schema.column import Role
from core.stores.mongo import Document

TICK = timedelta(seconds=10)


def draw_call_card(seat: Seat, prospect: Document, floors: Sequence[float]) -> None:
    """Draw the card of `prospect`, whose claim `seat` has; `floors` are the lowest scores of the bands."""
    known = {**prospect, "features": person.features(seat.house.db, seat.house.schema, prospect)}
    calls = history.calls(seat.house.db, prospect, everywhere=seat.house.schema.reference is not None)
    with st.container(key="card", border=True):
        left, right = st.columns([2, 5], gap="large")
        with left:
            _chance(seat, prospect, floors)
            draw_last_note(seat.house, calls)
            draw_result_buttons(seat, prospect)
            st.fragment(_hold, run_every=TICK)(seat, prospect)
        with right:
            draw_script(seat.house, known)
            draw_reasons(seat.house.schema, known)
            draw_best_time(seat.house, known)
            _facts(seat, known)
            _history(seat, prospect, calls)
            draw_value_history(seat.house, prospect)


def _chance(seat: Seat, prospect: Document, floors: Sequence[float]) -> None:
    ways = contact_lines.known_ways(seat.house, prospect)
    with st.container(key="prospect-ref"):
        st.subheader(contact_lines.title(prospect, ways or ()), anchor=False)
        if ways is None:
            st.warning(contact_lines.unreadable(), icon=":material/key_off:")
        template = dialling.read_template(seat.house.db, prospect["campaign"])
        how = Dialling(template, key_for("dialling"), partial(seat.dialled, prospect))
        draw_contact_lines(prospect, ways or (), how)
    draw_local_time(seat.house.db, prospect)
    if again := prospect.get("again"):
        with st.container(key="promised"):
            when = formats.moment(again["at"], st.context.timezone)
            if again["by"] == seat.agent and again.get("given_by"):
                promised = _("A call is promised for {when}; {name} gave it to you.")
                promised = promised.format(when=when, name=formats.plain(again["given_by"]))
            elif again["by"] == seat.agent:
                promised = _("You promised to call on {when}.").format(when=when)
            else:
                promised = _("{name} promised to call on {when}.").format(name=formats.plain(again["by"]), when=when)
            st.info(promised, icon=":material/schedule:")
    score = prospect["score"]
    if score is None:
        st.markdown(_("Not ranked yet."))
        return
    with st.container(key="chance", horizontal=True, vertical_alignment="bottom"):
        st.metric(_("Chance of a sale"), formats.percent(score), width="content")
        st.markdown(band_of(score, floors).badge, width="content")
    with st.container(key="score-exact"):
        st.caption(_("Score {score}").format(score=formats.exact(score)), help=_origin(prospect))


def _origin(prospect: Document) -> str:
    if prospect.get("score_version") == "":
        return _("A file has changed this person; the score is of the values before, until the next ranking.")
    version, route = prospect.get("score_version"), prospect.get("score_route")
    text = _("Model version {version} ({route}); prediction {key} in the log.")
    return text.format(version=version, route=route, key=prospect.get("prediction"))


def _history(seat: Seat, prospect: Document, calls: list[Document]) -> None:
    house, names = seat.house, own_names(seat.house.db, calls)
    with st.container(key="history"):
        st.markdown(_("**Earlier calls**"))
        if not calls:
            st.caption(_("None. This is the first."))
            return
        if unanswered := int(prospect.get("unanswered") or 0):
            text = _("Unanswered calls: {count}. After {attempts}, the person is taken off the list.")
            st.caption(text.format(count=unanswered, attempts=house.rules.attempts))
        if (last := calls[0]).get("late") and last["agent"] != seat.agent:
            text = _("{name} called {ref} before you took this person, but recorded it only now: {result}.")
            result = formats.plain(call_name(last, names))
            ref, name = formats.plain(prospect["ref"]), formats.plain(last["agent"])
            st.info(text.format(name=name, ref=ref, result=result), icon=":material/phone_in_talk:")
        rows = history.rows(calls, prospect, names, house.contact_keys, st.context.timezone)
        st.table(rows, border="horizontal", hide_index=True)


def _facts(seat: Seat, prospect: Document) -> None:
    sections = person.sections(seat.house.schema, prospect["features"])
    shown = [section for section in sections if section.role is not Role.INDICATOR]
    for column, section in zip(st.columns(len(shown)), shown, strict=True):
        with column, st.container(key=f"facts-{section.role.value}"):
            st.markdown(f"**{section.title}**")
            _table(section)
    if kept := contact_lines.details(seat.house.schema, prospect):
        with st.container(key="details"):
            st.markdown(_("**Notes from the file**"))
            rows = [{"": formats.plain(label), " ": formats.plain(text)} for label, text in kept]
            st.table(rows, border="horizontal", hide_index=True, hide_header=True)
    for section in sections:
        if section.role is Role.INDICATOR:
            with st.expander(section.title):
                _table(section)


def _table(section: person.Section) -> None:
    rows = [{"": label, " ": formats.plain(value)} for label, value in section.fields]
    st.table(rows, border="horizontal", hide_index=True, hide_header=True)


@boundary()
def _hold(seat: Seat, prospect: Document) -> None:
    """Renew the claim. The browser runs this again and again while the tab is open."""
    held = seat.renew(prospect)
    if held is None:
        st.rerun()
        return
    at = now()
    text = desk.claim_text(held, at, st.context.timezone)
    with st.container(key="hold"):
        if desk.remaining(held, at) > timedelta(0):
            st.caption(f":material/timer: {text}")
        else:
            st.warning(text)
