"""The time where the person is, on the card; and a warning when the calling hours there are over."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import streamlit as st

from app.access.boundary import boundary
from app.language import _, formats, translate
from core.calling_rules import stored
from core.calling_rules.person import Person
from core.clock import now
from core.stores.mongo import Db, Document
from core.values import time_zones

TICK = timedelta(seconds=30)


def draw_local_time(db: Db, prospect: Document) -> None:
    """Draw the person's time, and draw it again while the card is open. Raises Unavailable."""
    rules = stored.read_rules(db, str(prospect["campaign"]))
    places = time_zones.parted(str(prospect.get("zone") or "")) or ((rules.zone,) if rules else ())
    if places:
        st.fragment(_draw, run_every=TICK)(Person(rules, places) if rules else None, places)


@boundary()
def _draw(person: Person | None, places: tuple[str, ...]) -> None:
    at = now()
    with st.container(key="local-time"):
        st.caption(f":material/schedule: {formats.plain(time_there(places, at))}", help=", ".join(places))
        if person and (why := person.why_not(at)):
            st.warning(f"{translate(why)}. {_('Do not call now, unless the person called you.')}")


def time_there(places: tuple[str, ...], at: datetime) -> str:
    """The time in these zones: `14:05 there`, or from the earliest clock to the latest. Plain text."""
    local = sorted(at.astimezone(ZoneInfo(place)).replace(tzinfo=None) for place in places)
    first, last = (
        formats.moment(one.replace(tzinfo=ZoneInfo("UTC")), "UTC", day=False) for one in (local[0], local[-1])
    )
    if first == last:
        return _("{time} there").format(time=first)
    return _("{first} to {last} there").format(first=first, last=last)
