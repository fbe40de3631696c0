"""When people answer: a known truth is found, noise is not, and few calls say nothing."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import product

from app.calls import best_time
from app.calls.answer_times import EVERYBODY, LEAST_ALL, Answers, BestTime, Counts, best_hours, best_weekday
from core.schema import Schema
from core.schema.groups import groups

RETIRED, STUDENT = ("job", "retired"), ("job", "student")
HOURS, DAYS = range(9, 20), range(1, 6)
TUESDAY_AT_10 = datetime(2026, 5, 5, 10, 20, tzinfo=UTC)


def world(calls: int, chance: Callable[[str, int, int], float], seed: int = 1) -> Counts:
    """`calls` to retired people and to students, spread evenly, answered with `chance(job, weekday, hour)`."""
    drawn, counts = random.Random(seed), Counts()
    slots = list(product(("retired", "student"), DAYS, HOURS))
    for number in range(calls):
        job, day, hour = slots[number % len(slots)]
        answered = Answers(1, int(drawn.random() < chance(job, day, hour)))
        counts.add(EVERYBODY, day, hour, answered)
        counts.add(("job", job), day, hour, answered)
    return counts


def in_the_evening(job: str, _day: int, hour: int) -> float:
    return 0.5 if job == "retired" and hour in (17, 18) else 0.25


def test_the_evening_of_the_retired_is_found_and_is_not_the_students() -> None:
    counts = world(6_000, in_the_evening)
    best = best_hours(counts, [RETIRED], 10)
    assert best is not None
    assert (best.group, best.start, best.end) == (RETIRED, 17, 19)
    assert 0.4 < best.answers.share < 0.6
    assert best.now is not None
    assert best.now == counts.hours(RETIRED)[10]
    students = best_hours(counts, [STUDENT], 10)
    assert students is None or students.group == EVERYBODY


def test_in_the_best_time_there_is_nothing_to_compare_it_with() -> None:
    best = best_hours(world(6_000, in_the_evening), [RETIRED], 18)
    assert best is not None
    assert best.now is None


def test_a_weekday_is_found_too() -> None:
    best = best_weekday(world(4_000, lambda _job, day, _hour: 0.6 if day == 3 else 0.3), [STUDENT], 2)
    assert best is not None
    assert (best.group, best.start) == (STUDENT, 3)
    assert best_hours(world(4_000, lambda _job, day, _hour: 0.6 if day == 3 else 0.3), [STUDENT], 2) is None


def test_few_calls_say_nothing_however_they_went() -> None:
    few = world(LEAST_ALL - 1, lambda _job, _day, hour: float(hour in (17, 18)))
    assert best_hours(few, [RETIRED], 10) is None
    assert best_weekday(few, [RETIRED], 1) is None
    assert best_hours(Counts(), [RETIRED], 10) is None


def test_a_group_of_few_calls_gets_what_holds_for_everybody() -> None:
    counts = world(3_000, lambda _job, _day, hour: 0.6 if hour in (17, 18) else 0.3)
    counts.add(("job", "pilot"), 1, 17, Answers(40, 40))
    best = best_hours(counts, [("job", "pilot")], 10)
    assert best is not None
    assert (best.group, best.start) == (EVERYBODY, 17)


def test_where_all_times_are_alike_a_time_is_named_seldom() -> None:
    named = sum(best_hours(world(2_000, lambda *_: 0.3, seed), [RETIRED], 10) is not None for seed in range(100))
    assert named <= 10


def test_everybody_always_or_never_answering_is_no_time() -> None:
    for chance in (0.0, 1.0):
        assert best_hours(world(2_000, lambda *_, chance=chance: chance), [RETIRED], 10) is None


def test_it_is_said_in_plain_words(schema: Schema) -> None:
    counts = world(6_000, in_the_evening)
    best, now = best_hours(counts, [RETIRED], 10), counts.hours(RETIRED)[10]
    assert isinstance(best, BestTime)
    [line] = best_time.best_time_sentences(schema, counts, {"job": "retired", "age": 67}, TUESDAY_AT_10)
    assert line == (
        f"People like this (Job: Retired people) answer most between 17 and 19 h: {best.answers.share:.0%} of "
        f"{best.answers.calls} calls; now it is {now.share:.0%}."
    )
    at_17 = best_time.best_time_sentences(schema, counts, {"job": "retired"}, TUESDAY_AT_10.replace(hour=17))
    assert at_17[0].endswith(" calls; that is now.")
    assert best_time.best_time_sentences(schema, Counts(), {"job": "retired"}, TUESDAY_AT_10) == []


def test_the_groups_of_a_call_are_those_that_are_known(schema: Schema) -> None:
    assert groups(schema, {"job": "retired", "age": 67}) == {"job": "retired", "age": "60 and above"}
