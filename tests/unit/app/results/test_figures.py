"""How calls are grouped, on calls that are made up by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from app.results.calls_made import Call, PriorScore, Tally
from app.results.figures import (
    Span,
    by_agent,
    by_band,
    by_route,
    by_segment,
    by_span,
    in_period,
    main_version,
    paired_scores,
    rivals,
    roles,
    total,
)
from app.results.statistics import Rate
from core.models.decisions import Decision, DecisionKind
from core.schema.column import Column, ColumnType, Role, Value

MONDAY = date(2026, 11, 2)
NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
DAY = timedelta(days=1)
AGE = Column(name="age", label="Age", type=ColumnType.INTEGER, role=Role.PROFILE, unit="years")
GONE = Column(name="pdays", label="Last", type=ColumnType.INTEGER, role=Role.HISTORY, special={999: "never called"})
JOB = Column(name="job", label="Job", type=ColumnType.CATEGORY, role=Role.PROFILE, categories=("admin.", "retired"))


def call(
    score: float | None = 0.5, *, sold: bool = False, version: str = "1", feature: Value | None = None, **scores: float
) -> Call:
    given = {name.removeprefix("v"): value for name, value in scores.items()}
    if score is None:
        return Call(NOON, "ann", sold, PriorScore(None, None, None, {}, (feature,)))
    return Call(NOON, "ann", sold, PriorScore(score, version, "champion", {version: score, **given}, (feature,)))


def test_days_are_in_order_and_those_without_calls_are_left_out() -> None:
    tallies = [Tally(MONDAY + 2 * DAY, "a", Rate(1, 1)), Tally(MONDAY, "a", Rate(2, 0)), Tally(MONDAY, "b", Rate(3, 1))]
    assert by_span(tallies) == ([(MONDAY, Rate(5, 1)), (MONDAY + 2 * DAY, Rate(1, 1))], Span.DAY)
    assert total(tally.rate for tally in tallies) == Rate(6, 2)


def test_many_days_are_shown_by_week() -> None:
    rows, span = by_span([Tally(MONDAY + n * DAY, "a", Rate(1, n % 7 == 6)) for n in range(70)])
    assert span is Span.WEEK
    assert rows == [(MONDAY + 7 * n * DAY, Rate(7, 1)) for n in range(10)]


def test_a_period_has_both_its_ends() -> None:
    tallies = [Tally(MONDAY + n * DAY, "a", Rate(1, 0)) for n in range(5)]
    assert [tally.day.day for tally in in_period(tallies, MONDAY + DAY, MONDAY + 3 * DAY)] == [3, 4, 5]
    assert total([]) == Rate(0, 0)


def test_years_are_shown_by_month() -> None:
    rows, span = by_span([Tally(MONDAY + n * 7 * DAY, "a", Rate(1, 0)) for n in range(100)])
    assert span is Span.MONTH
    assert sum(rate.calls for _day, rate in rows) == 100
    assert all(day.day == 1 for day, _rate in rows)


def test_agents_with_the_most_calls_come_first() -> None:
    tallies = [Tally(MONDAY, name, Rate(calls, 0)) for name, calls in (("b", 1), ("a", 1), ("c", 2))]
    assert [name for name, _ in by_agent(tallies)] == ["c", "a", "b"]


def test_bands_are_places_among_the_calls_that_had_a_score() -> None:
    calls = [call(n / 100, sold=n == 20) for n in range(1, 21)] + [call(None, sold=True)]
    assert by_band(calls) == [
        ("Best 10% of these calls", Rate(2, 1)),
        ("Up to the best 25%", Rate(3, 0)),
        ("Up to the better half", Rate(5, 0)),
        ("The other half", Rate(10, 0)),
    ]
    assert by_band([call(None)]) == []


def test_words_are_groups_of_their_own() -> None:
    calls = [call(feature="retired", sold=True), call(feature="admin."), call(feature="admin."), call(feature=None)]
    assert by_segment(calls, JOB, 0) == [("Admin", Rate(2, 0)), ("Not known", Rate(1, 0)), ("Retired", Rate(1, 1))]


def test_numbers_are_cut_into_parts_of_about_the_same_size() -> None:
    calls = [call(feature=age, sold=age > 40) for age in (60, 20, 30, 30, 41, 22, 23, 50)] + [call(feature=None)]
    assert by_segment(calls, AGE, 0) == [
        ("20 to 22 years", Rate(2, 0)),
        ("23 to 30 years", Rate(3, 0)),
        ("41 years", Rate(1, 1)),
        ("50 to 60 years", Rate(2, 2)),
        ("Not known", Rate(1, 0)),
    ]


def test_a_code_is_no_number_but_a_group_of_its_own() -> None:
    calls = [call(feature=3), call(feature=999, sold=True), call(feature=999)]
    assert by_segment(calls, GONE, 0) == [("3", Rate(1, 0)), ("Never called", Rate(2, 1))]


def test_the_version_in_use_is_that_of_most_calls_and_its_rivals_are_the_others() -> None:
    calls = [call(v2=0.1), call(v2=0.2, v3=0.3, sold=True), call(version="3", v1=0.2), call(None)]
    assert main_version(calls) == "1"
    assert rivals(calls, "1") == {"2": 2, "3": 2}
    assert main_version([call(None)]) is None
    same = paired_scores(calls, "1", "3")
    assert (same.sold, same.first, same.second) == ([True, False], [0.5, 0.2], [0.3, 0.5])


def decided(place: int, what: DecisionKind, version: str, days: int) -> Decision:
    return Decision(place, what, version, NOON + days * DAY, "trainer", "better")


def test_it_is_compared_with_the_champion_of_a_month_before_if_that_scored_them() -> None:
    taken = [
        decided(1, DecisionKind.PROMOTED, "1", -90),
        decided(2, DecisionKind.PROMOTED, "2", -20),
        decided(3, DecisionKind.PROMOTED, "3", -10),
        decided(4, DecisionKind.ON_TRIAL, "4", -1),
    ]
    found = roles({"4": 50, "2": 20, "1": 1, "0": 1}, taken, NOON)
    assert [role.label for role in found] == [
        "Version 1, champion a month before",
        "Version 2, champion before",
        "Version 4, on trial",
        "Version 0",
    ]
    assert [role.version for role in roles(["4", "2"], taken, NOON)] == ["2", "4"]
    assert [role.label for role in roles(["9"], [], NOON)] == ["Version 9"]


def test_a_trials_calls_are_told_apart_by_the_score_used() -> None:
    calls = [call(v2=0.1, sold=True), call(v2=0.1), call(version="2", v1=0.5), call(sold=True), call(None)]
    assert by_route(calls, "1", "2") == [("1", Rate(2, 1)), ("2", Rate(1, 0))]
    assert by_route([], "1", "2") == [("1", Rate(0, 0)), ("2", Rate(0, 0))]
    renewed = [call(v2=0.1), call(version="3", v2=0.1, sold=True), call(version="2", v3=0.5)]
    assert by_route(renewed, "3", "2") == [("3", Rate(2, 1)), ("2", Rate(1, 0))], "a refresh became the champion"
