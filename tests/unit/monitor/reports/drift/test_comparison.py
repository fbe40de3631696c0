"""Seeded people with a known answer, through the real Evidently."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from core.oversight import report_words
from core.schema import Schema
from monitor.reports.drift import comparison
from monitor.reports.drift.arrivals import Cohorts
from monitor.reports.drift.limits import DriftLimits
from monitor.reports.drift.verdict import Against, DriftVerdict
from tests.arrivals import arrivals, cohorts, leaning
from tests.made_up_outcomes import made_up

LIMITS = DriftLimits(window=1000, category=0.1, number=0.18, score=0.15)
START = datetime(2026, 3, 2, 9, tzinfo=UTC)
ECONOMY = ["emp.var.rate", "cons.price.idx", "cons.conf.idx", "euribor3m", "nr.employed"]
APART = ["month", "day_of_week", "campaign", *ECONOMY]
Change = Callable[[pd.DataFrame], pd.DataFrame]


def same(frame: pd.DataFrame) -> pd.DataFrame:
    return frame


def judged(schema: Schema, change: Change, seed: int = 2, learnt: Change = same) -> DriftVerdict:
    """2,000 people, then 1,000 who are changed."""
    training = learnt(made_up(schema, 3_000, seed=1))
    people = made_up(schema, 3_000, seed=seed)[schema.feature_names]
    people = pd.concat([people.head(2_000), change(people.tail(1_000))], ignore_index=True)
    return compared(schema, cohorts(people, START, 1_000), training)


def compared(schema: Schema, groups: Cohorts, training: pd.DataFrame) -> DriftVerdict:
    return comparison.compare(schema, groups, leaning, training, LIMITS, "7", "code")[0]


def test_the_same_people_do_not_drift(schema: Schema) -> None:
    for seed in (2, 3):
        found = judged(schema, same, seed)
        assert (found.drifted, found.score.drifted, found.is_drift) == ([], False, False)
        assert (found.shown.against, found.window, found.shown.reference) == (Against.BEFORE, 1_000, 2_000)


@pytest.mark.parametrize(
    ("change", "columns"),
    [
        (lambda f: f.assign(previous=f["previous"] + 4), ["previous"]),
        (lambda f: f.assign(job=f["job"].where(f.index % 4 != 0, "student")), ["job"]),
        (lambda f: f.assign(pdays=f["pdays"].where(f.index % 4 != 0, 30)), ["pdays"]),
        (lambda f: f.assign(housing="no", marital="single"), ["marital", "housing"]),
    ],
    ids=["a number", "a category", "a code", "two"],
)
def test_a_single_column_that_moved_is_drift_and_is_named(schema: Schema, change: Change, columns: list[str]) -> None:
    found = judged(schema, change)
    assert found.drifted == columns
    assert found.is_drift


def test_the_score_alone_is_drift(schema: Schema) -> None:
    """Age moves by less than its own limit; together with the phones the score moves by more than its."""

    def change(frame: pd.DataFrame) -> pd.DataFrame:
        cellular = frame["contact"].where(np.arange(len(frame)) % 12 != 0, "cellular")
        return frame.assign(age=frame["age"] + 0.12 * frame["age"].std(), contact=cellular)

    found = judged(schema, change)
    assert (found.drifted, found.score.drifted, found.is_drift) == ([], True, True)


def test_another_month_and_another_economy_are_not_other_people(schema: Schema) -> None:
    rates = [0.5, 5.0] * 1_500

    def later(frame: pd.DataFrame) -> pd.DataFrame:
        return frame.assign(month="dec", day_of_week="fri", campaign=9, euribor3m=1.0)

    found = judged(schema, later, learnt=lambda f: f.assign(euribor3m=rates))
    assert (found.drifted, found.is_drift) == ([], False)
    assert set(found.left_out) == set(APART)
    assert not {column.column for column in found.columns} & set(APART)
    assert found.score.distance < LIMITS.score, "everybody is scored as of one moment"


def test_an_economy_that_the_model_does_not_know_stands_by_itself(schema: Schema) -> None:
    found = judged(schema, lambda f: f.assign(euribor3m=-99.0))
    assert (found.drifted, found.shown.is_bad, found.is_drift) == (["euribor3m"], False, True)
    assert "euribor3m is -99, and the model has learnt from" in found.sentence


def test_people_of_one_file_are_never_compared_with_training_as_an_alarm(schema: Schema) -> None:
    """Those in training were chosen for a call."""
    training, few = made_up(schema, 3_000, seed=1), made_up(schema, 400, seed=2)[schema.feature_names]
    found = compared(schema, cohorts(few.assign(age=80), START, 1_000), training)
    assert found.shown.against is Against.TRAINING
    assert "age" in found.drifted
    assert not found.is_drift
    assert "information and no alarm" in found.sentence


def test_a_slow_change_is_seen_against_those_before_the_model_came_into_use(schema: Schema) -> None:
    people = made_up(schema, 3_000, seed=2)[schema.feature_names]
    older = people.assign(age=people["age"] + 0.3 * people["age"].std())
    training, accepted = made_up(schema, 3_000, seed=1), arrivals(people, START, "early")
    groups = cohorts(older, START, 1_000, accepted)
    assert len(groups.accepted) == 2_000
    found = compared(schema, groups, training)
    assert (found.shown.against, found.drifted) == (Against.IN_USE, ["age"])
    assert found.others == {Against.BEFORE: False}
    assert "from when a model was last accepted" in found.sentence
    assert not compared(schema, cohorts(older, START, 1_000), training).is_drift


def test_a_file_that_brought_the_newest_is_named_where_they_drift(schema: Schema) -> None:
    assert "1000 of the newest came with the file list.csv" in judged(schema, lambda f: f.assign(age=80)).sentence
    assert "list.csv" not in judged(schema, same).sentence


def test_the_same_people_give_the_same_verdict_and_it_says_what_it_rests_on(schema: Schema) -> None:
    first, second = (judged(schema, lambda frame: frame.assign(age=80)) for _ in range(2))
    assert first == second
    assert (first.version, first.code_version, first.first, first.last) == ("7", "code", "p002000", "p002999")
    assert first.sentence == report_words.words("drift", first.document())
    assert json.dumps(first.document(), default=str)


def test_evidently_counts_the_same_columns(schema: Schema) -> None:
    people = made_up(schema, 3_000, seed=2)[schema.feature_names]
    people = pd.concat([people.head(2_000), people.tail(1_000).assign(age=80, job="student")], ignore_index=True)
    groups, training = cohorts(people, START, 1_000), made_up(schema, 3_000, seed=1)
    found, snapshot = comparison.compare(schema, groups, leaning, training, LIMITS, "7", "code")
    counts = [result for result in json.loads(snapshot)["metric_results"].values() if "count" in result]
    assert [result["count"]["value"] for result in counts] == [len(found.drifted)] == [2]
