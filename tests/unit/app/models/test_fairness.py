"""How groups fare: whom the list prefers, and what came of the calls."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from app.models import fairness_figures
from app.models.fairness_figures import SMALL, Group
from app.ranked_list.sample import ScoredPerson
from app.results.calls_made import Call, PriorScore
from app.results.statistics import Rate
from core.schema import Schema

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)


def call(value: object, *, sold: bool, score: float | None = 0.2) -> Call:
    return Call(AT, "Ann", sold, PriorScore(score, "1", "champion", {}, ("ignored", value)))  # type: ignore[arg-type]


def test_groups_are_the_schemas_and_the_better_half_is_of_all_who_are_listed(schema: Schema) -> None:
    age = schema.by_name["age"]
    listed = [ScoredPerson(n / 10, {"age": years}, {}) for n, years in enumerate((25, 29, 30, 45, 61, 62), 1)]
    calls = [
        call(25, sold=True, score=0.4),
        call(29, sold=False, score=0.2),
        call(61, sold=False, score=None),
        call(None, sold=True),
    ]
    found = fairness_figures.groups(age, listed, calls, 1)
    assert [(one.name, one.better, one.called) for one in found] == [
        ("under 30", Rate(2, 0), Rate(2, 1)),
        ("30 to under 40", Rate(1, 0), Rate(0, 0)),
        ("40 to under 50", Rate(1, 1), Rate(0, 0)),
        ("60 and above", Rate(2, 2), Rate(1, 0)),
        ("not known", Rate(0, 0), Rate(1, 1)),
    ]
    assert found[0].expected == pytest.approx(0.3)
    assert found[0].calibration == pytest.approx(-0.2), "less was expected than came"
    assert (found[3].expected, found[3].calibration) == (None, None)
    assert found[1].calibration is None, "nobody was called"


def test_nobody_is_in_no_group(schema: Schema) -> None:
    assert fairness_figures.groups(schema.by_name["marital"], [], [], 0) == []


def group(name: str, people: int, better: int) -> Group:
    return Group(name, Rate(people, better), Rate(0, 0), None)


def test_each_group_is_held_against_the_largest() -> None:
    found = fairness_figures.ratios([group("a", 1000, 500), group("b", 200, 60), group("c", 50, 0), group("d", 0, 0)])
    assert {name: ratio.value for name, ratio in found.items()} == {"a": 1.0, "b": pytest.approx(0.6), "c": 0.0}
    assert found["a"].interval == (1.0, 1.0)
    # sqrt(0.7 / 60 + 0.5 / 500) = 0.1125; exp(1.96 * 0.1125) = 1.2469
    assert found["b"].interval == pytest.approx((0.6 / 1.2469, 0.6 * 1.2469), rel=1e-3)
    assert found["c"].interval is None


@pytest.mark.parametrize("groups", [[], [group("a", 10, 0)], [group("a", 0, 0)]])
def test_without_anybody_in_the_better_half_nothing_is_compared(groups: list[Group]) -> None:
    assert fairness_figures.ratios(groups) == {}


def test_a_group_is_small_by_its_people_on_the_list() -> None:
    assert group("a", SMALL - 1, 1).small
    assert not group("a", SMALL, 1).small
