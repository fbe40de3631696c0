"""The call centre: people arrive by file, agents call the best first, and outcomes become known late.

A day: a file at 6, the list at 8, calls from 9 to 17, the end at 18. As many calls are made as the team has capacity
for: first callbacks that are due, then the list from its top, in the order of `core.calls.claims` (without its races
between agents). Who was not reached comes back after 20 hours, up to three calls; the rules are those of
`core.calls.lifecycle`. Of the outcomes 60% are known at once, 30% by the next night's file, the others days later.

The centre knows the truth. It tells a loop only what the appliance would know at that moment.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from core.calls.lifecycle import LIVE, CallRules, Result, Status, state_after
from replay.living.clock import EventClock
from replay.living.files import Entry, delivery
from replay.living.loop import Call, Delivery, Loop, Scored
from replay.living.people import Numbers, Person, Population, chances
from replay.living.worlds import World

START = datetime(2026, 3, 2, tzinfo=UTC)
"""The first day of the loop, a Monday."""
FILE, LIST, FIRST_CALL, LAST_CALL, END = 6, 8, 9, 17, 18  # hours
RULES = CallRules(attempts=3, pause=timedelta(hours=20))
REACHED, CALLBACK, LOST = 0.65, 0.07, 0.03
AT_ONCE, BY_NIGHT, LATE_DAYS = 0.6, 0.3, 4.0
HABIT = 0.45
"""The error of the team's habit, in log-odds: it orders people about as well as a first model does."""
STAYS = 28
"""Days after which the team had given up those whom it had not called by then."""
AGENT = "ann"


@dataclass
class Listed:
    """A person on the list since `day`: their state as in the appliance, the calls made, and what came of the last."""

    person: Person
    day: int
    state: dict[str, Any]
    calls: int = 0
    sold: bool | None = None
    called_at: datetime | None = None
    known_at: datetime | None = None


@dataclass(frozen=True)
class Day:
    """A day of work. `arrived`, `known`: people and outcomes up to its end, since the loop began; `sales` of its calls.

    `order`: the true chances of those who arrived on it, in the order in which the loop lists them.
    """

    day: int
    arrived: int
    known: int
    calls: int
    sales: int
    order: Numbers


@dataclass
class Centre:
    """A call centre in `world`, with the people of `seed`, on the morning of the loop's first day."""

    world: World
    seed: int
    days: list[Day] = field(default_factory=list)
    people: dict[str, Listed] = field(default_factory=dict)
    promised: list[Listed] = field(default_factory=list)
    arrived: int = 0
    known: int = 0

    def __post_init__(self) -> None:
        self.population = Population(self.world, self.seed)
        self._warm_up()

    def again(self) -> Centre:
        """The same centre on the same morning, for another loop; before any loop has worked in this one."""
        other = copy(self)
        other.people = {key: replace(one, state=dict(one.state)) for key, one in self.people.items()}
        other.promised = [other.people[one.person.key] for one in self.promised]
        return other

    def true_chances(self, keys: Sequence[str], at: datetime) -> Numbers:
        """The true chances of people when they are called at `at`."""
        found = [self.people[key] for key in keys]
        return chances(self.world, [one.person for one in found], [one.calls for one in found], at, day_of(at))

    def history(self) -> Delivery:
        """The file of all whom the team knows on the first day, called or not."""
        entries = [
            Entry(one.person, one.calls - (one.sold is not None), one.sold, one.called_at)
            for one in self.people.values()
        ]
        entries.sort(key=lambda entry: (entry.called_at or START, entry.person.key))
        return delivery(self.world, entries, START, -1)

    def play(self, loop: Loop, weeks: int) -> list[Day]:
        """Work for `weeks` with `loop`, which has the history; returns the days."""
        self.days = []
        self._work(loop, range(7 * weeks))
        return self.days

    def _warm_up(self) -> None:
        noise = np.random.default_rng([self.seed, 2])

        def habit(keys: Sequence[str], at: datetime) -> Sequence[float]:
            chance = self.true_chances(keys, at)
            return list(np.log(chance / (1 - chance)) + HABIT * noise.normal(size=len(keys)))

        self._work(Scored("habit", habit), range(-self.world.warm_up, 0))
        self.people = {key: one for key, one in self.people.items() if _goes_on(one)}
        self.promised = [one for one in self.promised if one.person.key in self.people]
        self.arrived = self.known = 0

    def _work(self, loop: Loop, days: range) -> None:
        clock = EventClock()
        for day in days:
            Workday(self, loop, clock, day).plan()
        clock.run(START + timedelta(days=days.stop))


@dataclass
class Workday:
    """One day of `centre` under `loop`."""

    centre: Centre
    loop: Loop
    clock: EventClock
    day: int
    _order: list[str] = field(default_factory=list)
    _new: list[str] = field(default_factory=list)
    _calls: int = 0
    _sales: int = 0
    _chances: Numbers = field(default_factory=lambda: np.empty(0))

    def plan(self) -> None:
        """Put the day's events on the clock."""
        world, morning = self.centre.world, START + timedelta(days=self.day)
        if self.day % world.file_days == 0:
            self.clock.plan(morning + timedelta(hours=FILE), self._file)
        self.clock.plan(morning + timedelta(hours=LIST), self._list)
        between = timedelta(hours=LAST_CALL - FIRST_CALL) / world.capacity
        for number in range(world.capacity):
            self.clock.plan(morning + timedelta(hours=FIRST_CALL) + number * between, self._call)
        self.clock.plan(morning + timedelta(hours=END), self._end)

    def _file(self, at: datetime) -> None:
        world = self.centre.world
        people = self.centre.population.arrive(world.arrivals * world.file_days, at, self.day)
        self._new = [person.key for person in people]
        self.centre.people |= {person.key: Listed(person, self.day, {"status": Status.OPEN.value}) for person in people}
        self.centre.arrived += len(people)
        self.loop.arrive(delivery(world, [Entry(person) for person in people], at, self.day), at)

    def _list(self, at: datetime) -> None:
        for one in self.centre.people.values():
            if one.state["status"] == Status.PAUSED and one.state["due"] <= at.timestamp():
                one.state |= {"status": Status.OPEN.value, "due": None}
        self._order = list(self.loop.list_of_day(at))[::-1]
        new = set(self._new)
        self._chances = self.centre.true_chances([key for key in reversed(self._order) if key in new], at)

    def _call(self, at: datetime) -> None:
        one = self._next(at)
        if one is None:
            return
        one.calls += 1
        self._calls += 1
        number, result = one.calls, self._result(one, at)
        again = at + timedelta(days=1 + int(one.person.luck[7] * 3)) if result is Result.CALLBACK else None
        key = f"{one.person.key}:{number}"
        one.state = state_after(one.state, result, key, AGENT, at, again, RULES)
        if again is not None:
            self.centre.promised.append(one)
        self.loop.called(Call(one.person.key, number, result, at, dict(one.state)))
        if result.is_outcome:
            one.sold, one.called_at, one.known_at = result is Result.SOLD, at, _known(one.person, at)
            self._sales += one.sold
            self.clock.plan(one.known_at, lambda known_at: self._hear(one, number, known_at))

    def _hear(self, one: Listed, number: int, known_at: datetime) -> None:
        self.centre.known += 1
        if one.called_at is not None:
            self.loop.outcome(one.person.key, number, bool(one.sold), one.called_at, known_at)

    def _next(self, at: datetime) -> Listed | None:
        people = self.centre.people
        promised = self.centre.promised
        if due := [one for one in promised if one.state["due"] <= at.timestamp()]:
            first = min(due, key=lambda one: (one.state["due"], one.person.key))
            promised.remove(first)
            return first
        while self._order:
            one = people.get(self._order.pop())
            if one is not None and one.state["status"] == Status.OPEN:
                return one
        return None

    def _result(self, one: Listed, at: datetime) -> Result:
        luck = one.person.luck
        if luck[min(one.calls, 3)] > REACHED:
            return Result.NO_ANSWER
        if luck[4] < LOST:
            return Result.WRONG_NUMBER
        if luck[4] > 1 - CALLBACK and not one.state.get("again"):
            return Result.CALLBACK
        [chance] = chances(self.centre.world, [one.person], [one.calls - 1], at, day_of(at))
        return Result.SOLD if luck[0] < chance else Result.REFUSED

    def _end(self, at: datetime) -> None:
        self.loop.end_of_day(at)
        centre = self.centre
        centre.days.append(Day(self.day, centre.arrived, centre.known, self._calls, self._sales, self._chances))


def day_of(at: datetime) -> float:
    """The day of the world at `at`, with its fraction."""
    return (at - START) / timedelta(days=1)


def _goes_on(one: Listed) -> bool:
    """Whether the loop hears of somebody from before it.

    Not of those whom nobody called for `STAYS` days, and not of those whose outcome becomes known after its first
    morning: both are left out altogether.
    """
    if one.sold is None:
        return one.day >= -STAYS and Status(one.state["status"]) in LIVE
    return one.known_at is not None and one.known_at < START


def _known(person: Person, at: datetime) -> datetime:
    """When the outcome of a call at `at` is known: at once, by the night's file at 2, or days later."""
    kind, late = person.luck[5], person.luck[6]
    if kind < AT_ONCE:
        return at
    if kind < AT_ONCE + BY_NIGHT:
        return at.replace(hour=2, minute=0, second=0, microsecond=0) + timedelta(days=1)
    return at + timedelta(days=-LATE_DAYS * float(np.log(1 - late)))
