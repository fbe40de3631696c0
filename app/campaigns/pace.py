"""How fast a campaign is called, and how long the rest takes at that pace."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from app.language.zones import zone
from app.shell.adaptive_cache import cached_for
from core.calls.lifecycle import Result, changes_state
from core.clock import now
from core.stores.mongo import Db, reachable

LOOK = timedelta(days=14)
FEWEST = 2  # days with calls that a pace needs
# A callback and a call that nobody answered leave the person on the list.
_CLOSING = (Result.SOLD, Result.REFUSED, Result.WRONG_NUMBER, Result.DO_NOT_CALL)


@dataclass(frozen=True)
class Pace:
    """Calls `today`, and people who left the list by day: `days` are the last fortnight's with calls, before today."""

    today: int
    days: Mapping[date, int]

    @property
    def closed_a_day(self) -> float | None:
        """People who leave the list on a day with calls; None where fewer than `FEWEST` days had calls."""
        return sum(self.days.values()) / len(self.days) if len(self.days) >= FEWEST else None

    def days_left(self, to_call: int) -> int | None:
        """Days with calls that `to_call` people take at this pace; None where the pace is unknown or 0."""
        pace = self.closed_a_day
        return -(-to_call // max(1, round(pace))) if pace else None


def pace_at(db: Db, campaign: str, at: datetime, zone_name: str | None) -> Pace:
    """The pace of `campaign` at the moment `at`, in days of that zone. Raises Unavailable."""
    here = zone(zone_name)
    today = at.astimezone(here).date()
    # By `find`: on the embedded server a pipeline returns times as text (`core.stores.embedded_mongo`).
    lately = {"campaign": campaign, "at": {"$gte": datetime.combine(today, time(), here) - LOOK}}
    made, closed = Counter[date](), Counter[date]()
    with reachable():
        for call in db.calls.find(lately, {"at": 1, "result": 1, "undone": 1, "late": 1}):
            if call.get("undone"):
                continue
            day = call["at"].astimezone(here).date()
            made[day] += 1
            closed[day] += changes_state(call) and Result(call["result"]) in _CLOSING
    return Pace(made[today], {day: closed[day] for day in sorted(made) if day < today})


@cached_for(timedelta(minutes=1))
def pace(db: Db, campaign: str, zone_name: str | None) -> Pace:
    """`pace_at` now, at most a minute old. Raises Unavailable."""
    return pace_at(db, campaign, now(), zone_name)
