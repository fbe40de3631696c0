"""How many of a campaign's people can be called now, and why the others cannot: counted by index, zone by zone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from core.calling_rules import stored
from core.calling_rules.campaign_zones import Zone, is_open, opens_at, zones_of
from core.calling_rules.rules import CallingRules
from core.calls.lifecycle import Result, Status, epoch_seconds
from core.stores.mongo import Db, count, reachable
from core.values.time_zones import NO_NUMBER

WAITING = (Status.CALLBACK, Status.PAUSED)
MOST_DUE = 3_200
"""The most due callbacks of which each one's zone is looked at; more count as those."""


@dataclass(frozen=True)
class CallableNow:
    """People of a campaign at a moment; each is in one figure, and withdrawn ones are in none.

    `now`: can be called. `outside`: on the list, outside the hours, which begin at `opens`. `later`: promised, paused.
    `no_number`: on the list without a number that can be called. `do_not_call`: asked not to be called. `finished`: an
    outcome, or off the list for another reason. `has_rules`: the campaign has calling rules.
    """

    now: int
    outside: int
    later: int
    no_number: int
    do_not_call: int
    finished: int
    opens: datetime | None
    has_rules: bool

    @property
    def total(self) -> int:
        """All of them."""
        return self.now + self.outside + self.later + self.no_number + self.do_not_call + self.finished


@dataclass(frozen=True)
class NobodyNow:
    """Nobody can be called now because of the rules. `next`: when the next person can be; None if that is not known."""

    next: datetime | None


def callable_now(db: Db, campaign: str, at: datetime) -> CallableNow:
    """The figures of `campaign` at the moment `at`. Raises Unavailable."""
    rules = stored.read_rules(db, campaign)
    with reachable():
        by_zone = {zone: _count(db, campaign, Status.OPEN, zone=zone) for zone in zones_of(db, campaign, Status.OPEN)}
        off = _count(db, campaign, Status.OFF)
        barred = _count(db, campaign, Status.OFF, **{"off.why": Result.DO_NOT_CALL.value}) if off else 0
        waiting = sum(_count(db, campaign, status) for status in WAITING)
        due = _due_now(db, campaign, rules, at)
        done = _count(db, campaign, Status.DONE)
    closed = [zone for zone in by_zone if zone != NO_NUMBER and rules and not is_open(rules, zone, at)]
    lacking = by_zone.get(NO_NUMBER, 0) if rules else 0  # without rules they are on the call list as everybody
    outside = sum(by_zone[zone] for zone in closed)
    return CallableNow(
        now=sum(by_zone.values()) - outside - lacking + due,
        outside=outside,
        later=waiting - due,
        no_number=lacking,
        do_not_call=barred,
        finished=done + off - barred,
        opens=opens_at(rules, closed, at) if rules else None,
        has_rules=rules is not None,
    )


def nobody_now(db: Db, campaign: str, at: datetime) -> NobodyNow | None:
    """Whether the calling rules of `campaign` let nobody be called at `at`; None if they let somebody, or are none.

    It reads one document for each zone. Raises Unavailable.
    """
    rules = stored.read_rules(db, campaign)
    if rules is None:
        return None
    with reachable():
        zones = zones_of(db, campaign, Status.OPEN)
        if any(is_open(rules, zone, at) for zone in zones) or _due_now(db, campaign, rules, at):
            return None
        waiting = [due for status in WAITING if (due := _first_due(db, campaign, status)) is not None]
    begins = [moment for moment in (opens_at(rules, zones, at), *waiting) if moment is not None and moment > at]
    return NobodyNow(min(begins, default=None))


def _first_due(db: Db, campaign: str, status: Status) -> datetime | None:
    those = {"campaign": campaign, "status": status.value}
    found = list(db.prospects.aggregate([{"$match": those}, {"$sort": {"due": 1}}, {"$limit": 1}]))
    due = found[0].get("due") if found else None
    return None if due is None else datetime.fromtimestamp(due, UTC)


def _due_now(db: Db, campaign: str, rules: CallingRules | None, at: datetime) -> int:
    """Callbacks that are due, and within the hours of `rules`."""
    those = {"campaign": campaign, "status": Status.CALLBACK.value, "due": {"$lte": epoch_seconds(at)}}
    if rules is None:
        return count(db.prospects, those)
    due = db.prospects.aggregate([{"$match": those}, {"$sort": {"due": 1}}, {"$limit": MOST_DUE}])
    zones: list[Zone] = ["" if one.get("zone") == NO_NUMBER else one.get("zone") for one in due]
    open_now: Mapping[Zone, bool] = {zone: is_open(rules, zone, at) for zone in set(zones)}
    return sum(open_now[zone] for zone in zones)


def _count(db: Db, campaign: str, status: Status, **more: Any) -> int:
    return count(db.prospects, {"campaign": campaign, "status": status.value, **more})
