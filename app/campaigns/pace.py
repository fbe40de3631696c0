"""How fast a campaign is called, and how long that would take for the rest: counted, and said with its limits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

import streamlit as st

from app.language.zones import zone
from app.shell.adaptive_cache import SHARED
from core.calls.lifecycle import Result, moves
from core.clock import now
from core.stores.mongo import Db, reachable

LOOK = timedelta(days=14)
FEWEST = 2
"""Days with calls that a pace needs."""

# A promised call and one that nobody answered leave the person on the list.
_CLOSING = (Result.SOLD, Result.REFUSED, Result.WRONG_NUMBER, Result.DO_NOT_CALL)


@dataclass(frozen=True)
class Pace:
    """Calls `today`; people who left the list on each of the `days` of the last fortnight, before today, with calls."""

    today: int
    days: Mapping[date, int]

    @property
    def closed_a_day(self) -> float | None:
        """People who leave the list on a day with calls; None where too few days say so."""
        if len(self.days) < FEWEST:
            return None
        return sum(self.days.values()) / len(self.days)

    def days_left(self, to_call: int) -> int | None:
        """Days with calls that `to_call` people would take at this pace; None where that cannot be said."""
        pace = self.closed_a_day
        return -(-to_call // max(1, round(pace))) if pace else None


def pace_at(db: Db, campaign: str, at: datetime, zone_name: str | None) -> Pace:
    """The pace of `campaign` at that moment, in days of that zone. Raises Unavailable."""
    here = zone(zone_name)
    today = at.astimezone(here).date()
    since = datetime.combine(today, time(), here) - LOOK
    # By `find`, which leaves times what they are (`core.stores.embedded_mongo`).
    lately = {"campaign": campaign, "at": {"$gte": since}}
    made, closed = Counter[date](), Counter[date]()
    with reachable():
        for call in db.calls.find(lately, {"at": 1, "result": 1, "undone": 1, "late": 1}):
            if call.get("undone"):
                continue
            day = call["at"].astimezone(here).date()
            made[day] += 1
            closed[day] += moves(call) and Result(call["result"]) in _CLOSING
    return Pace(made[today], {day: closed[day] for day in sorted(made) if day < today})


def pace(db: Db, campaign: str, zone_name: str | None) -> Pace:
    """`pace_at` now, at most a minute old. Raises Unavailable."""
    found: Pace = _pace(db, campaign, zone_name)
    return found


def _pace_now(db: Db, campaign: str, zone_name: str | None) -> Pace:
    return pace_at(db, campaign, now(), zone_name)


_pace = st.cache_data(ttl=timedelta(minutes=1), **SHARED)(_pace_now)
