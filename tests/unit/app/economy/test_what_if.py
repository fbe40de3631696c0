"""What is asked when a figure is moved, and what the answers come to."""

from __future__ import annotations

import numpy as np
import pytest

from app.economy import what_if_figures
from core.schema import Schema


def test_the_values_reach_over_all_that_is_known_and_learnt_and_hold_the_present_one(schema: Schema) -> None:
    column = schema.by_name["euribor3m"]
    values = what_if_figures.grid(column, [0.6, 5.0], 2.345, (1.0, 6.0))
    assert (values[0], values[-1]) == (0.6, 6.0)
    assert 2.345 in values
    assert values == sorted(set(values))
    assert len(values) == what_if_figures.STEPS + 1


def test_they_keep_to_the_columns_rule(schema: Schema) -> None:
    column = schema.by_name["euribor3m"]
    assert column.maximum == 20
    values = what_if_figures.grid(column, [19.0, 40.0], 19.0, None)
    assert values[-1] <= 20
    for value in values:
        column.parse(value)


@pytest.mark.parametrize(("present", "ends"), [(2.0, (1.8, 2.2)), (0.0, (-1.0, 1.0))])
def test_one_known_value_is_moved_a_tenth(schema: Schema, present: float, ends: tuple[float, float]) -> None:
    values = what_if_figures.grid(schema.by_name["euribor3m"], [present], present, None)
    assert (values[0], values[-1]) == pytest.approx(ends)


def test_everybody_is_asked_about_as_they_are_and_once_with_each_value() -> None:
    people = [{"age": 20, "euribor3m": 1.0}, {"age": 30, "euribor3m": 2.0}]
    asked = what_if_figures.rows(people, "euribor3m", [5.0, 6.0])
    assert [(row["age"], row["euribor3m"]) for row in asked] == [
        (20, 1.0), (30, 2.0), (20, 5.0), (30, 5.0), (20, 6.0), (30, 6.0),
    ]  # fmt: skip
    assert people[0] == {"age": 20, "euribor3m": 1.0}


def test_the_change_is_that_of_the_same_people_and_its_interval_that_of_the_draw() -> None:
    base = np.array([0.1, 0.2, 0.3, 0.4])
    moved = base + np.array([0.01, 0.03, 0.02, 0.02])
    scores = [*base, *base, *moved]
    same, up = what_if_figures.changes(list(map(float, scores)), 4, [1.0, 2.0], 400)
    assert (same.sales, same.low, same.high) == (0.0, 0.0, 0.0)
    assert up.sales == pytest.approx(400 * 0.02)
    error = np.std([0.01, 0.03, 0.02, 0.02], ddof=1) / 2 * np.sqrt(1 - 4 / 400)
    assert up.high - up.sales == pytest.approx(400 * 1.96 * error, rel=1e-3)
    assert what_if_figures.expected_sales(list(map(float, scores)), 4, 400) == pytest.approx(100)


def test_where_all_were_asked_there_is_no_draw_to_be_unsure_of() -> None:
    [found] = what_if_figures.changes([0.1, 0.2, 0.3, 0.5], 2, [1.0], 2)
    assert found.low == found.sales == found.high == pytest.approx(0.5)


def test_the_interval_covers_the_truth_as_often_as_it_says() -> None:
    rng = np.random.default_rng(5)
    list_of_all = rng.normal(0.02, 0.05, 2000)
    truth, hits = list_of_all.sum(), 0
    for _ in range(400):
        drawn = rng.choice(list_of_all, 300, replace=False)
        [found] = what_if_figures.changes([*[0.0] * 300, *map(float, drawn)], 300, [1.0], 2000)
        hits += found.low <= truth <= found.high
    assert 0.92 <= hits / 400 <= 0.98
