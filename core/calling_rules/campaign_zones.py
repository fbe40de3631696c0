"""The zones of a campaign's people, read by index: never more of it than there are zones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from core.calling_rules.person import Person
from core.calling_rules.rules import CallingRules
from core.stores.mongo import Db, reachable
from core.values import time_zones
from core.values.time_zones import NO_NUMBER

Zone = str | None
"""A prospect's field `zone`; None where it was stored without one."""


def zones_of(db: Db, campaign: str, status: str) -> list[Zone]:
    """The zones of the prospects of `campaign` in a state, each once. Raises Unavailable."""
    with reachable():
        return list(_zones(db, {"campaign": campaign, "status": status}))


def _zones(db: Db, those: dict[str, Any]) -> Iterator[Zone]:
    """One step in the index for each zone: from one to the next above it."""
    beyond: dict[str, Any] = {}
    while found := list(
        db.prospects.aggregate([{"$match": {**those, **beyond}}, {"$sort": {"zone": 1}}, {"$limit": 1}])
    ):
        zone = found[0].get("zone")
        yield zone
        beyond = {"zone": {"$gte": ""} if zone is None else {"$gt": zone}}


def is_open(rules: CallingRules, zone: Zone, at: datetime) -> bool:
    """Whether `rules` allow calls at `at` to people in `zone`, as a prospect keeps it, whatever calls were made."""
    return zone != NO_NUMBER and Person(rules, time_zones.parted(zone or "")).may_be_called(at)


def opens_at(rules: CallingRules, zones: Sequence[Zone], after: datetime) -> datetime | None:
    """The first moment from `after` on at which people in one of `zones` may be called; None if there is none."""
    people = (Person(rules, time_zones.parted(zone or "")) for zone in zones if zone != NO_NUMBER)
    return min((at for person in people if (at := person.earliest(after)) is not None), default=None)
