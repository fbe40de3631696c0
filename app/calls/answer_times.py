"""Finds the time at which people answer most, from recorded calls by hour and weekday.

This is about reaching a person, not about selling. Calls with the results sold, refused, call back and do not call were
answered, calls with no answer were not. Wrong numbers and calls that were taken back do not count.

Few calls prove nothing. A time is named only if it has at least `LEAST` calls, its group at least `LEAST_ALL` in all,
and its share of answers, shrunk towards the expected share, is surely above the rest's. Shrinking is empirical Bayes
with a fixed weight: it adds `WEIGHT` calls at the expected share (Efron and Morris, "Stein's Paradox in Statistics",
1977). The expected share of an hour is the group's own share, moved on the odds as that hour moves everybody's.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from core.calls.lifecycle import Result
from core.stores.embedded_mongo import count_by, local_time
from core.stores.mongo import Db, reachable

REACHED = frozenset({Result.SOLD, Result.REFUSED, Result.CALLBACK, Result.DO_NOT_CALL})
COUNTED = REACHED | {Result.NO_ANSWER}
SPAN = 2  # hours in the best time of day
LEAST, LEAST_ALL, WEIGHT = 30, 200, 30
CERTAIN = 2.6
"""Standard errors that the best time must be above the rest. Strict: one of a dozen times is the best by chance."""


class Answers(NamedTuple):
    """A number of calls, and how many were answered."""

    calls: int
    answered: int

    @property
    def share(self) -> float:
        """The share of answered calls; 0 without calls."""
        return self.answered / self.calls if self.calls else 0.0

    def __add__(self, other: object) -> Answers:
        """The sum."""
        if not isinstance(other, Answers):
            return NotImplemented
        return Answers(self.calls + other.calls, self.answered + other.answered)

    def __sub__(self, other: Answers) -> Answers:
        """The difference."""
        return Answers(self.calls - other.calls, self.answered - other.answered)


NONE = Answers(0, 0)
Group = tuple[str, str]
EVERYBODY: Group = ("", "")
Slots = Mapping[int, Answers]


@dataclass
class Counts:
    """Answers by group (segment's column and its group; `EVERYBODY`), weekday (1 is Monday) and hour (0 to 23)."""

    by_group: dict[Group, dict[tuple[int, int], Answers]] = field(default_factory=dict)

    def add(self, group: Group, weekday: int, hour: int, answers: Answers) -> None:
        """Add `answers` to a cell."""
        cells = self.by_group.setdefault(group, {})
        cells[weekday, hour] = cells.get((weekday, hour), NONE) + answers

    def hours(self, group: Group) -> Slots:
        """By hour of the day."""
        return _summed((hour, answers) for (_, hour), answers in self.by_group.get(group, {}).items())

    def weekdays(self, group: Group) -> Slots:
        """By day of the week."""
        return _summed((weekday, answers) for (weekday, _), answers in self.by_group.get(group, {}).items())


@dataclass(frozen=True)
class BestTime:
    """The best time for `group` with its `answers`: hours or weekdays from `start` to before `end`.

    `now`: the answers of the present hour or weekday; None if it has too few calls, or belongs to the best time.
    """

    group: Group
    start: int
    end: int
    answers: Answers
    now: Answers | None


def count_answers(db: Db, campaign: str, segments: Iterable[str], minutes: int) -> Counts:
    """All calls of `campaign`, on a clock `minutes` ahead of UTC. Raises Unavailable.

    Runs one aggregation for everybody and one per segment, so the answers grow with the groups, not with the calls.
    A call records the groups of its prospect (`core.calls.recording`); older calls lack them and count for everybody.
    """
    counts, made, at = Counts(), {"campaign": campaign, "undone": None}, local_time("at", minutes)
    local = ({"$toString": {"$dayOfWeek": at}}, {"$toString": {"$hour": at}})
    with reachable():
        for name in ("", *segments):
            parts = [*local, "$result", {"$ifNull": [f"$groups.{name}", ""]} if name else ""]
            for (weekday, hour, result, group), calls in count_by(db.calls, made, parts).items():
                if Result(result) in COUNTED and (group or not name):
                    answered = calls if Result(result) in REACHED else 0
                    # MongoDB's first day is Sunday.
                    counts.add((name, group), (int(weekday) - 2) % 7 + 1, int(hour), Answers(calls, answered))
    return counts


def best_hours(counts: Counts, groups: Sequence[Group], hour: int) -> BestTime | None:
    """The best time of day of the first of `groups` that has one, else everybody's, else None. `hour`: the present."""
    slots = {group: counts.hours(group) for group in (*groups, EVERYBODY)}
    return _first(slots, SPAN, hour)


def best_weekday(counts: Counts, groups: Sequence[Group], weekday: int) -> BestTime | None:
    """The best day of the week, as `best_hours`. `weekday`: the present, 1 on Mondays."""
    slots = {group: counts.weekdays(group) for group in (*groups, EVERYBODY)}
    return _first(slots, 1, weekday)


def _first(slots: Mapping[Group, Slots], span: int, now: int) -> BestTime | None:
    everybody = slots[EVERYBODY]
    return next((best for group, own in slots.items() if (best := _best(group, own, everybody, span, now))), None)


def _best(group: Group, own: Slots, everybody: Slots, span: int, now: int) -> BestTime | None:
    total, known = _total(own.values()), _total(everybody.values())
    better: list[tuple[float, int]] = []
    for start in sorted(own):
        here, rest = _window(own, start, span), total - _window(own, start, span)
        if min(here.calls, rest.calls) < LEAST or total.calls < LEAST_ALL:
            continue
        expected = _moved(total.share, _window(everybody, start, span).share, known.share)
        share = (here.answered + WEIGHT * expected) / (here.calls + WEIGHT)
        error = math.sqrt(total.share * (1 - total.share) * (1 / here.calls + 1 / rest.calls))
        if error > 0 and (share - rest.share) / error >= CERTAIN:
            better.append((share, start))
    if not better:
        return None
    start = max(better)[1]
    present = own.get(now, NONE)
    elsewhere = present.calls >= LEAST and not start <= now < start + span
    return BestTime(group, start, start + span, _window(own, start, span), present if elsewhere else None)


def _moved(share: float, there: float, known: float) -> float:
    """`share`, moved on the odds as everybody's share moves, from `known` to `there`."""
    if not (0 < share < 1 and 0 < there < 1 and 0 < known < 1):
        return share
    odds = share / (1 - share) * there / (1 - there) / (known / (1 - known))
    return odds / (1 + odds)


def _window(slots: Slots, start: int, span: int) -> Answers:
    return _total(slots.get(place, NONE) for place in range(start, start + span))


def _total(answers: Iterable[Answers]) -> Answers:
    return sum(answers, NONE)


def _summed(pairs: Iterable[tuple[int, Answers]]) -> Slots:
    summed: dict[int, Answers] = {}
    for place, answers in pairs:
        summed[place] = summed.get(place, NONE) + answers
    return summed
