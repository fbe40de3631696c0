"""A simulated call centre works as a team does, and tells a loop nothing before its time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import cast

import numpy as np

from core.calls.lifecycle import Result, Status
from replay.living import runs
from replay.living.call_list import CallList
from replay.living.centre import FIRST_CALL, RULES, START, Centre, Day
from replay.living.clock import EventClock
from replay.living.files import SCHEMA
from replay.living.loop import Call, Delivery, Scored
from replay.living.worlds import World
from replay.upkeep import Version


@dataclass
class Watchful:
    """A loop that lists people in the order of arrival, and writes down what it is told and when."""

    name: str = "watchful"
    files: list[tuple[datetime, int]] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    outcomes: list[tuple[str, int, bool, datetime, datetime]] = field(default_factory=list)
    ends: int = 0
    last: datetime = START
    known: list[str] = field(default_factory=list)

    def arrive(self, rows: Delivery, at: datetime) -> None:
        self._told(at)
        self.files.append((at, len(rows.records)))
        self.known += [record["customer"] for record in rows.records]

    def list_of_day(self, at: datetime) -> Sequence[str]:
        self._told(at)
        return self.known

    def called(self, call: Call) -> None:
        self._told(call.at)
        self.calls.append(call)

    def outcome(self, person: str, call: int, positive: bool, at: datetime, known_at: datetime) -> None:
        self._told(known_at)
        assert at <= known_at
        self.outcomes.append((person, call, positive, at, known_at))

    def end_of_day(self, at: datetime) -> None:
        self._told(at)
        self.ends += 1

    def _told(self, at: datetime) -> None:
        assert at >= self.last, "time goes forward"
        self.last = at


def played(centre: Centre, weeks: int = 4) -> tuple[Watchful, list[Day]]:
    loop = Watchful()
    loop.arrive(centre.history(), START)
    return loop, list(centre.again().play(loop, weeks))


def test_the_clock_runs_events_in_the_order_of_time_and_new_ones_too() -> None:
    clock, told = EventClock(), []

    def note(word: str) -> None:
        clock.plan(START + timedelta(hours=len(word)), lambda at: told.append((word, at.hour)))

    clock.plan(START + timedelta(hours=2), lambda _at: note("four"))
    note("six___")
    note("same_1")
    note("a")
    clock.run(START + timedelta(hours=6))
    assert told == [("a", 1), ("four", 4)]
    clock.run(START + timedelta(hours=7))
    assert [word for word, _ in told] == ["a", "four", "six___", "same_1"]


def test_days_have_files_calls_and_an_end_in_their_order(centre: Centre, world: World) -> None:
    loop, days = played(centre)
    assert [many for _, many in loop.files[1:]] == [world.arrivals] * 28
    assert loop.ends == len(days) == 28
    by_day = Counter(call.at.date() for call in loop.calls)
    assert set(by_day.values()) == {world.capacity}, "there is always somebody to call"
    assert all(call.at.hour >= FIRST_CALL for call in loop.calls)
    assert [day.calls for day in days] == [world.capacity] * 28
    assert days[-1].arrived == 28 * world.arrivals


def test_nobody_is_called_after_their_outcome_or_more_often_than_the_rules_allow(centre: Centre) -> None:
    loop, _ = played(centre)
    by_person: dict[str, list[Call]] = {}
    for call in loop.calls:
        by_person.setdefault(call.person, []).append(call)
    for calls in by_person.values():
        assert not any(call.state["status"] in (Status.DONE, Status.OFF) for call in calls[:-1])
        assert sum(call.result is Result.NO_ANSWER for call in calls) <= RULES.attempts
        for first, second in pairwise(calls):
            assert second.at.timestamp() >= first.state["due"], "a pause or a promise is kept"
    results = Counter(call.result for call in loop.calls)
    assert {Result.SOLD, Result.REFUSED, Result.NO_ANSWER, Result.CALLBACK, Result.WRONG_NUMBER} == set(results)
    assert any(len(calls) == RULES.attempts for calls in by_person.values())


def test_outcomes_come_late_and_each_once(centre: Centre) -> None:
    loop, days = played(centre)
    made = {(call.person, call.number): call for call in loop.calls if call.result.is_outcome}
    assert len({(person, call) for person, call, *_ in loop.outcomes}) == len(loop.outcomes) == days[-1].known
    for person, number, positive, at, _ in loop.outcomes:
        call = made[person, number]
        assert (call.at, call.result is Result.SOLD) == (at, positive)
    late = np.array([(known_at - at) / timedelta(days=1) for *_, at, known_at in loop.outcomes])
    assert 0.5 < (late == 0).mean() < 0.7, "more than half are known at once"
    assert 0.2 < ((late > 0) & (late < 1)).mean() < 0.45, "most others by the next night"
    assert (late > 1).any()


def test_a_centre_is_the_same_again_and_another_seed_is_another(world: World) -> None:
    def sales(seed: int) -> list[int]:
        centre = Centre(world, seed)
        loop = Scored("chance", lambda keys, _at: np.random.default_rng(1).random(len(keys)).tolist())
        loop.arrive(centre.history(), START)
        return [day.sales for day in centre.again().play(loop, 4)]

    assert sales(1) == sales(1) != sales(2)


def test_a_loop_leaves_the_morning_of_another_one_as_it_was(centre: Centre) -> None:
    first, second = played(centre), played(centre)
    assert first[0].calls == second[0].calls
    assert [day.sales for day in first[1]] == [day.sales for day in second[1]]


def test_the_history_holds_the_calls_of_the_team_and_whom_it_may_still_call(centre: Centre, world: World) -> None:
    records = centre.history().records
    called = [record for record in records if record["sold"]]
    assert 0.3 * world.warm_up * world.capacity < len(called) < world.warm_up * world.capacity
    assert {record["sold"] for record in called} == {"yes", "no"}
    assert all(datetime.fromisoformat(record["called_at"]) < START for record in called)
    assert [record["called_at"] for record in called] == sorted(record["called_at"] for record in called)
    assert {record["called_at"] for record in records if not record["sold"]} == {""}


def test_who_knows_the_world_sells_more_than_chance(world: World) -> None:
    centre = Centre(replace(world, arrivals=100, capacity=30), 3)
    totals = {}
    for name in (runs.ORACLE, runs.RANDOM):
        other = centre.again()
        loop = runs.plain(name, other, runs.Frozen(cast(Version, None), CallList(SCHEMA)))
        totals[name] = sum(day.sales for day in other.play(loop, 8))
    assert totals[runs.ORACLE] > 1.3 * totals[runs.RANDOM]


def test_people_of_mondays_come_once_a_week(world: World) -> None:
    loop, days = played(Centre(replace(world, file_days=7), 1))
    assert [at.weekday() for at, _ in loop.files] == [0] * 5
    assert [day.order.size for day in days[:7]] == [7 * world.arrivals, 0, 0, 0, 0, 0, 0]
