"""The times of a callback: usual ones with a key each, and a field for any other, none that the rules forbid."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import streamlit as st

from app.calling_rules.figures import moment
from app.calling_rules.local_time import time_there
from app.language import _, formats, translate
from app.language.zones import zone
from core.calling_rules import stored
from core.calling_rules.person import EarlierCall, Person
from core.calling_rules.promise import (
    ForbiddenTime,
    SkippedTime,
    TwiceShown,
    allowed_offer,
    moment_of,
    refuse_forbidden,
)
from core.calls.lifecycle import Result
from core.clock import now
from core.stores.mongo import Db, Document
from core.values import time_zones

STEP = timedelta(minutes=15)
Promise = Callable[[datetime], None]


@dataclass(frozen=True)
class Offer:
    """A usual time of a callback: its words and the moment. `same_time`: a later day at the same time will do."""

    label: str
    at: datetime
    same_time: bool = False


def draw_promise_form(
    db: Db,
    prospect: Document,
    offers: Sequence[Offer],
    furthest: timedelta,
    promise: Promise,
    *,
    digits: bool = True,
) -> None:
    """Draw the times; `promise` is the action of a button, with the chosen moment. Raises Unavailable.

    `digits`: whether the keys 1, 2 and 3 choose the usual times.
    """
    at = now()
    called = stored.person_under_rules(db, prospect)
    person = called.after(EarlierCall(at, Result.CALLBACK.value)) if called else None
    with st.container(key="promise", border=True):
        for number, (label, again) in enumerate(allowed_offers(offers, person), 1):
            _button(label, f"promise-{number}", promise, again, shortcut=str(number) if digits else None)
        here = zone(st.context.timezone)
        local = at.astimezone(here).replace(tzinfo=None)
        today = local.replace(hour=0, minute=0, second=0, microsecond=0)
        key = f"promise-at-{prospect['_id']}"
        # The limits are whole days, because a field whose limits move with the clock loses the chosen time.
        st.session_state.setdefault(key, local.replace(minute=0, second=0, microsecond=0) + timedelta(hours=2))
        wall = st.datetime_input(_("Another time"), min_value=today, max_value=today + furthest, step=STEP, key=key)
        if wall is not None:
            _other(wall, here, prospect, person, promise)


def allowed_offers(offers: Sequence[Offer], person: Person | None) -> list[tuple[str, datetime]]:
    """The words and moments of `offers`; a time that the rules forbid gives way to the next that they allow."""
    found: dict[datetime, str] = {}
    for offer in offers:
        again = allowed_offer(person, offer.at, same_time=offer.same_time) if person else offer.at
        if again is not None:
            label = offer.label if again == offer.at else formats.capital(moment(again, st.context.timezone))
            found.setdefault(again, label)
    return [(label, again) for again, label in found.items()]


def _other(wall: datetime, here: ZoneInfo, prospect: Document, person: Person | None, promise: Promise) -> None:
    try:
        chosen = moment_of(wall, here)
    except SkippedTime as skipped:
        st.warning(f"{translate(skipped.what)}.")
        _proposal(skipped.after, promise)
        return
    if isinstance(chosen, TwiceShown):
        st.info(_("Clocks go back in that night, so this time comes twice. Which one is meant?"))
        _button(_("The first: before the clocks go back"), "promise-first", promise, chosen.first)
        _button(_("The second: after the clocks go back"), "promise-second", promise, chosen.second)
        return
    _there(prospect, person, chosen)
    try:
        if person:
            refuse_forbidden(person, chosen)
    except ForbiddenTime as forbidden:
        st.warning(f"{translate(forbidden.what)}.")
        if forbidden.allowed is None:
            st.caption(translate(forbidden.next))
        else:
            _proposal(forbidden.allowed, promise)
        return
    _button(_("Call back then"), "promise-other", promise, chosen)


def _there(prospect: Document, person: Person | None, at: datetime) -> None:
    """What the person's clock shows then, where it is another one."""
    places = time_zones.parted(str(prospect.get("zone") or "")) or ((person.rules.zone,) if person else ())
    here = zone(st.context.timezone)
    if places and any(
        at.astimezone(ZoneInfo(place)).utcoffset() != at.astimezone(here).utcoffset() for place in places
    ):
        st.caption(formats.plain(time_there(places, at)))


def _proposal(at: datetime, promise: Promise) -> None:
    when = moment(at, st.context.timezone)
    _button(_("Call back: {when}").format(when=when), "promise-allowed", promise, at)


def _button(label: str, key: str, promise: Promise, at: datetime, shortcut: str | None = None) -> None:
    st.button(label, key=key, shortcut=shortcut, width="stretch", on_click=promise, args=(at,))
