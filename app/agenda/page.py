"""The page Agenda: the promised calls of all campaigns and kinds, day by day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from itertools import groupby

import streamlit as st

from app.access import identity
from app.access.boundary import boundary, guarded_action
from app.agenda.entries import Entry, entries
from app.calls import offered
from app.calls.desk import Seat
from app.calls.offered import Place
from app.language import _, formats, plural, zones
from app.shell import notices
from app.shell.appliance import Appliance
from app.shell.notices import Notice, leave_notice
from core.accounts import directory
from core.accounts.account import Role
from core.calls.claims import held_by
from core.clock import now
from core.desk import agenda

REFRESH = timedelta(seconds=30)
SHOWN = 100
_WHOSE, _GO, _CAMPAIGN = "agenda-whose", "agenda-go", "campaign"


def page(house: Appliance) -> None:
    """Draw the page."""
    if st.session_state.pop(_GO, False):
        st.switch_page(st.session_state["home_page"])
    st.title(_("Agenda"))
    with st.container(key="message"):
        notices.show_waiting()
    places = offered.places(house)
    if not places:
        offered.draw_no_campaign(house)
        return
    mine = _("Mine")
    choices = [mine, _("All")]
    default = choices[1] if identity.may(Role.MANAGER) else mine
    whose = st.segmented_control(
        _("Whose"), choices, default=default, key=_WHOSE, required=True, label_visibility="collapsed"
    )
    st.fragment(_listing, run_every=REFRESH)(places, None if whose != mine else identity.current_agent())


@boundary()
def _listing(places: Mapping[str, Place], agent: str | None) -> None:
    if notices.is_waiting() or _GO in st.session_state:
        st.rerun()  # a button here draws this part of the page alone; the message is above it
    at = now()
    found = entries(places, at, agent)
    if not found:
        with st.container(key="empty-agenda"):
            st.info(
                _("No calls are promised. After the result “Call back” a person appears here with the promised time."),
                icon=":material/event_available:",
            )
        return
    late = sum(one.promise.at < at for one in found)
    text = plural("{count} promised call", "{count} promised calls", len(found)).format(count=formats.count(len(found)))
    with st.container(key="agenda-count"):
        st.markdown(text + (f" · :red-badge[{_('{count} late').format(count=formats.count(late))}]" if late else ""))
    agents = _agents() if identity.may(Role.MANAGER) else []
    zone = zones.zone(st.context.timezone)
    with st.container(key="agenda"):
        for day, those in groupby(found[:SHOWN], key=lambda one: one.promise.at.astimezone(zone).date()):
            st.markdown(f"**{formats.date_of(day, weekday=True)}**")
            for one in those:
                _row(one, late=one.promise.at < at, agents=agents)
    if len(found) > SHOWN:
        st.caption(_("The next {count} are shown.").format(count=formats.count(SHOWN)))


def _row(one: Entry, *, late: bool, agents: Sequence[str]) -> None:
    promise, key = one.promise, f"{one.number}"
    with st.container(key=f"agenda-row-{key}", border=True, horizontal=True, vertical_alignment="center"):
        when = formats.moment(promise.at, st.context.timezone, day=False)
        theirs = one.theirs(st.context.timezone)
        who = (
            f"**{formats.plain(one.name)}** · {formats.plain(promise.ref)}" if one.name else formats.plain(promise.ref)
        )
        badge = f" :red-badge[{_('late')}]" if late else ""
        with st.container(width=150, gap=None):
            st.markdown(f"**{when}**{badge}")
            if theirs:
                st.caption(_("{time} there").format(time=theirs))
        with st.container(width="stretch", gap=None):
            st.markdown(who)
            st.caption(formats.plain(f"{one.place.title} · {_by(one)}"))
        if agents:
            _hand_over(one, agents, key)
        st.button(
            _("Take"),
            key=f"agenda-take-{key}",
            icon=":material/call:",
            disabled=promise.held_by is not None,
            on_click=_take,
            args=(one,),
        )


def _by(one: Entry) -> str:
    promise = one.promise
    if promise.held_by:
        return _("{name} is on the phone with this person").format(name=promise.held_by)
    if promise.given_by:
        return _("{name}, given by {manager}").format(name=promise.by, manager=promise.given_by)
    return promise.by


def _hand_over(one: Entry, agents: Sequence[str], key: str) -> None:
    with st.popover(_("Give to…"), key=f"agenda-give-{key}", type="tertiary"):
        field = f"agenda-to-{key}"
        st.selectbox(_("Agent"), [name for name in agents if name != one.promise.by], key=field)
        st.button(_("Give"), key=f"agenda-give-go-{key}", on_click=_give, args=(one, field))


def _agents() -> list[str]:
    return [one.shown for one in directory.all_accounts(identity.appliance().db) if not one.disabled]


@guarded_action()
def _take(one: Entry) -> None:
    seat = Seat(one.place.house, one.place.campaign, identity.current_agent())
    seat.take_person(one.promise.key, calls_in=False)
    if any(
        held["_id"] == one.promise.key for held in held_by(one.place.house.db, one.place.campaign, seat.agent, now())
    ):
        st.session_state[_CAMPAIGN] = one.place_key
        st.session_state[_GO] = True


@guarded_action()
def _give(one: Entry, field: str) -> None:
    by, to = identity.require(Role.MANAGER).shown, str(st.session_state.get(field) or "")
    agenda.reassign(one.place.house.db, one.promise.key, to, seen=one.promise.by, by=by, names=_agents())
    leave_notice(Notice("success", _("{name} calls {ref} now.").format(name=to, ref=one.promise.ref)))
