"""What is computed without pages for many runs equals what the appliance computes with them, on the same rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest

from core.models.gates import Gate
from core.models.proof import Model, predict
from monitor.reports import quality
from monitor.reports.drift.arrivals import Cohorts
from monitor.reports.drift.comparison import compare
from monitor.reports.drift.limits import DriftLimits
from monitor.reports.drift.review import log_odds
from monitor.reports.windows import Called
from replay.history import frame_of
from replay.living import quick
from replay.living.call_list import CAMPAIGN, CallList
from replay.living.centre import START
from replay.living.files import SCHEMA, Entry, delivery
from replay.living.people import Population, chances
from replay.living.worlds import WORLDS
from tests.arrivals import cohorts
from trainer.data.snapshot import AT, OUTCOME, PROSPECT, SOURCE
from trainer.data.split import Split, by_time
from trainer.fitting import calibrate, candidates
from trainer.fitting.candidates import Candidate
from trainer.gates import data_gate, model_gate
from trainer.pipeline.registration import reference_of

LIMITS = DriftLimits(300, 0.1, 0.18, 0.15)
Change = Callable[[pd.DataFrame], pd.DataFrame]


def outcomes(day: int, many: int, world: str = "stationary") -> pd.DataFrame:
    """People who arrive on `day` of a world, with what came of their calls, as a training reads them."""
    people = Population(WORLDS[world], 3).arrive(many, START + timedelta(days=day), day)
    sold = np.random.default_rng(day + 100).random(many) < chances(WORLDS[world], people, [0] * many, START, day)
    called = CallList(SCHEMA)
    called.read(delivery(WORLDS[world], [Entry(person) for person in people], START, day), START)
    return frame_of(
        [
            {
                **one["features"],
                "last_order": float(n % 90) if n % 3 else None,
                OUTCOME: int(sold[n]),
                AT: START + timedelta(minutes=n),
                PROSPECT: one["_id"],
                SOURCE: CAMPAIGN,
            }
            for n, one in enumerate(called.prospects.values())
        ],
        SCHEMA,
    )


@pytest.fixture(scope="module")
def split() -> Split:
    return by_time(outcomes(-40, 1_500), OUTCOME, calibration_share=0.15, test_share=0.15)


@pytest.fixture(scope="module")
def model(split: Split) -> Model:
    return calibrate.fit(Candidate(candidates.LOGISTIC, {"left_out": "nothing", "c": 0.01}), split, SCHEMA, 7)[0]


def arriving(world: str) -> Cohorts:
    """300 people who arrive after the world's change, and 600 before it."""
    people = pd.concat([outcomes(-4, 600), outcomes(WORLDS[world].onset + 1, 300, world)], ignore_index=True)
    return cohorts(people[SCHEMA.feature_names], START, 300)


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """How long a model takes to answer is left out, and depends on what else the machine does."""
    monkeypatch.setattr(model_gate, "SECONDS_A_ROW", 60.0)


@pytest.mark.parametrize("world", ["stationary", "sudden_shift", "new_word", "changed_unit", "blank_column"])
def test_drift_is_the_same_to_the_last_digit(model: Model, split: Split, world: str) -> None:
    training, people, score = reference_of(model, split.whole, SCHEMA), arriving(world), log_odds(model)
    slow, _ = compare(SCHEMA, people, score, training, LIMITS, "1", "code")
    fast, _ = quick.QUICK.drift(SCHEMA, people, score, training, LIMITS, "1", "code")
    assert fast.is_drift is slow.is_drift
    for one, other in zip((*slow.columns, slow.score), (*fast.columns, fast.score), strict=True):
        assert (other.column, other.method, other.limit, other.shape) == (one.column, one.method, one.limit, one.shape)
        assert other.distance == pytest.approx(one.distance, abs=1e-12), one.column
    assert fast.sentence == slow.sentence


def test_a_column_that_is_wholly_blank_has_drifted_by_its_blanks(model: Model, split: Split) -> None:
    training, people, score = reference_of(model, split.whole, SCHEMA), arriving("blank_column"), log_odds(model)
    assert all(person.features["income"] is None for person in people.window)
    verdict, _ = quick.QUICK.drift(SCHEMA, people, score, training, LIMITS, "1", "code")
    [income] = [column for column in verdict.columns if column.column == "income"]
    assert (income.drifted, income.method) == (True, "jensenshannon")
    before = [replace(person, features={**person.features, "income": None}) for person in people.before]
    back, _ = quick.QUICK.drift(SCHEMA, replace(people, before=before), score, training, LIMITS, "1", "code")
    [income] = [column for column in back.columns if column.column == "income"]
    assert income.distance == 0, "it was blank before, too"


def test_quality_is_the_same(model: Model, split: Split) -> None:
    reference = reference_of(model, split.whole, SCHEMA)
    frame = outcomes(5, 400)
    called = zip(frame[OUTCOME], predict(model, frame), frame[AT], strict=True)
    rows = [Called(f"p{n}:1", at, bool(sold), float(score)) for n, (sold, score, at) in enumerate(called)][::-1]
    for level_outcomes in (0, 200):
        found = reference, rows, "1", "code", level_outcomes
        assert quick.judge_quality(*found)[0] == quality.judge(*found)[0]


BROKEN: dict[str, Change] = {
    "nothing": lambda frame: frame,
    "too few": lambda frame: frame.head(400),
    "no sale": lambda frame: frame.assign(**{OUTCOME: 0}),
    "times out of order": lambda frame: frame.assign(**{AT: frame[AT].to_numpy()[::-1]}),
    "nobody": lambda frame: frame.assign(**{PROSPECT: frame[PROSPECT].where(frame.index != 3)}),
    "a word that is not on the list": lambda frame: frame.assign(plan="silver"),
    "a word that is new to an open list": lambda frame: frame.assign(occupation="pilot"),
    "a word without letters": lambda frame: frame.assign(occupation=""),
    "a number outside its range": lambda frame: frame.assign(age=17),
    "a number with a fraction": lambda frame: frame.assign(household=1.5),
    "a blank where one may be": lambda frame: frame.assign(income=np.nan),
    "a blank where none may be": lambda frame: frame.assign(balance=np.nan),
    "a blank word": lambda frame: frame.assign(region=None),
}


@pytest.mark.parametrize("name", list(BROKEN))
def test_the_data_gate_passes_and_refuses_the_same(split: Split, name: str) -> None:
    frame = BROKEN[name](split.whole)
    found = [gate(frame, SCHEMA, minimum_outcomes=500) for gate in (data_gate.validate, quick.data_gate)]
    assert found[0].passed is found[1].passed, found[0].why
    assert found[0].gate == found[1].gate


def _with_shared(split: Split, column: str) -> Split:
    shared = split.test.assign(**{column: split.fit[column].iloc[: len(split.test)].to_numpy()})
    return Split(split.fit, split.calibration, shared)


@pytest.mark.parametrize(
    ("name", "auc", "passes"),
    [("sound", 0.0, True), ("a bar too high", 0.4, False), ("people twice", 0.0, False), ("times twice", 0.0, False)],
)
def test_the_model_gate_passes_and_refuses_the_same(
    model: Model, split: Split, name: str, auc: float, passes: bool
) -> None:
    columns = {"people twice": PROSPECT, "times twice": AT}
    given = _with_shared(split, columns[name]) if name in columns else split
    gates: Sequence[Callable[..., Any]] = (model_gate.validate, quick.model_gate)
    found = [gate(model, given, SCHEMA, auc=auc, seed=7) for gate in gates]
    assert [one.passed for one in found] == [passes, passes], [one.why for one in found]


def test_a_model_that_knows_its_rows_by_heart_is_refused_by_both(split: Split) -> None:
    params = {"left_out": "nothing", "iterations": 120, "learning_rate": 0.5, "leaves": 60, "leaf_rows": 1, "l2": 0.01}
    learnt, _ = calibrate.fit(Candidate(candidates.BOOSTING, params), split, SCHEMA, 7)
    scores = predict(learnt, split.test)
    given = Split(split.fit, split.calibration, split.test.assign(**{OUTCOME: (scores < np.quantile(scores, 0.1)) * 1}))
    gates: Sequence[Callable[..., Any]] = (model_gate.validate, quick.model_gate)
    found = [gate(learnt, given, SCHEMA, auc=-0.5, seed=7) for gate in gates]
    assert [one.passed for one in found] == [False, False], [one.why for one in found]


def test_only_the_two_gates_that_write_pages_are_replaced() -> None:
    def own() -> None:
        """Any step."""

    assert [name for name in ("search", "refit", "champion gate", "split") if quick.step(name, own) is not own] == []
    assert quick.step(Gate.DATA, own) is not own
    assert quick.step(Gate.MODEL, own) is not own
