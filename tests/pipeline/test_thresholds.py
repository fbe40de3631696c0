"""Each threshold of the gates, from both sides, at the value that the appliance comes with.

A default that is moved makes the test that names it fail: one of its two sides is then on the other.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import skops.io
from threadpoolctl import threadpool_limits

from core.errors import GateRefused, ModelError
from core.models.proof import TOLERANCE, Model, Proof, Scores, predict
from core.models.registry import TRUSTED_TYPES
from core.schema import Schema
from core.settings.loop import TrainerSettings
from tests.pipeline.conftest import Training
from tests.pipeline.test_sabotage import leaked
from trainer.gates import champion_gate, data_gate, model_gate
from trainer.gates.champion_gate import Decision, GateRules, Outcomes, against_base_rate, against_champion
from trainer.pipeline.registration import proof_inputs

RULES = GateRules.from_settings(TrainerSettings())


def no_segments(rows: int) -> pd.DataFrame:
    return pd.DataFrame(index=range(rows))


# What every test of this suite was written for. Whoever moves one of these on purpose moves the tests with it.
SETTINGS = {
    "callwise_minimum_outcomes": 1_000,
    "callwise_training_window": 4_000,
    "callwise_calibration_share": 0.15,
    "callwise_test_share": 0.15,
    "callwise_gate_auc": 0.02,
    "callwise_gate_log_loss": 0.0,
    "callwise_gate_rows": 100,
    "callwise_gate_ranking_margin": 0.01,
    "callwise_gate_segment_margin": 0.02,
    "callwise_gate_segment_rows": 200,
}


@pytest.mark.parametrize("name", SETTINGS)
def test_the_default_is_the_one_the_suite_was_written_for(name: str) -> None:
    assert getattr(TrainerSettings(), name) == SETTINGS[name]


def test_every_gate_setting_is_among_them_and_is_the_rule() -> None:
    gates = {name for name in TrainerSettings.model_fields if name.startswith("callwise_gate_")}
    assert gates <= set(SETTINGS)
    assert vars(RULES) == {name.removeprefix("callwise_gate_"): SETTINGS[name] for name in gates}


def test_the_constants_are_the_ones_the_suite_was_written_for() -> None:
    assert (champion_gate.CERTAIN, model_gate.LEAK, model_gate.SECONDS_A_ROW, model_gate.SAMPLE) == (
        2.0,
        0.7,
        0.01,
        3_000,
    )
    assert TOLERANCE == 1e-9


def test_minimum_outcomes(outcomes: pd.DataFrame, schema: Schema) -> None:
    minimum = TrainerSettings().callwise_minimum_outcomes
    assert data_gate.validate(outcomes.head(1_000), schema, minimum_outcomes=minimum).passed
    assert not data_gate.validate(outcomes.head(999), schema, minimum_outcomes=minimum).passed


def two_levels(rows: int, apart: float, said: float) -> tuple[Outcomes, Scores]:
    """Half of `rows` sell; the upper half by score holds a share 0.5 + `apart` of the sales and is scored 0.5 + `said`.

    The AUC is 0.5 + `apart`.
    """
    half = rows // 2
    upper = round(half * (0.5 + apart))
    outcomes = np.r_[np.ones(upper), np.zeros(half - upper), np.ones(half - upper), np.zeros(upper)].astype(np.int64)
    return outcomes, np.repeat([0.5 + said, 0.5 - said], half)


@pytest.mark.parametrize(("apart", "passes"), [(0.0185, True), (0.0165, False)])
def test_gate_auc_of_the_first_model(apart: float, passes: bool) -> None:
    outcomes, scores = two_levels(200_000, apart, apart)
    assert 2 * champion_gate.null_error(outcomes) == pytest.approx(0.0026, abs=1e-4)  # so the bound is 0.5174
    decision = against_base_rate(outcomes, scores, 0.5, RULES)
    assert decision.passed is passes
    assert passes or "shown to be below 0.52" in decision.why


@pytest.mark.parametrize(("said", "passes"), [(0.03, True), (0.06, False)])
def test_gate_log_loss_of_the_first_model(said: float, passes: bool) -> None:
    """A gain of 0.0006 nats is a gain; with scores too far apart it is a loss of 0.0024."""
    decision = against_base_rate(*two_levels(200_000, 0.02, said), 0.5, RULES)
    assert decision.figures["log_loss_gain"] == pytest.approx(2 * 0.04 * said - 2 * said**2, abs=1e-4)
    assert decision.passed is passes
    assert passes or "worse than the base rate" in decision.why


@pytest.mark.parametrize(("rows", "passes"), [(100, True), (99, False)])
def test_gate_rows(rows: int, passes: bool) -> None:
    outcomes = (np.arange(rows) % 4 == 0).astype(np.int64)
    better, worse = np.where(outcomes == 1, 0.7, 0.1), np.full(rows, 0.25)
    assert against_champion(outcomes, better, worse, no_segments(rows), RULES).passed is passes


def misplaced(number: int) -> Decision:
    """A candidate with much better probabilities that puts `number` of 10,000 refusals above all 1,000 sales."""
    outcomes = np.r_[np.ones(1_000), np.zeros(10_000)].astype(np.int64)
    champion = np.where(outcomes == 1, 0.2, 0.1)
    candidate = np.where(outcomes == 1, 0.9, 0.05)
    candidate[1_000 : 1_000 + number] = 0.95
    return against_champion(outcomes, candidate, champion, no_segments(11_000), RULES)


def test_gate_ranking_margin_of_the_auc() -> None:
    assert misplaced(95).passed
    refused = misplaced(105)
    assert refused.figures["log_loss_gain"] > 0
    assert not refused.passed
    assert "worse than the champion's by 0.0105" in refused.why


@pytest.mark.parametrize(("fallen", "passes"), [(95, True), (105, False)])
def test_gate_ranking_margin_of_the_better_half(fallen: int, passes: bool) -> None:
    """Of 10,000 sales `fallen` lie just below the middle of the list in place of just above it."""
    rows = 40_000
    score = np.linspace(0.9, 0.1, rows)
    champion_sold = np.zeros(rows, dtype=bool)
    champion_sold[np.linspace(0, rows / 2 - 200, 10_000 - fallen, dtype=int)] = True
    champion_sold[rows // 2 - fallen : rows // 2] = True
    outcomes = champion_sold.astype(np.int64)
    candidate = score.copy()  # the same list, but for `fallen` sales that change places with those behind the middle
    above, below = slice(rows // 2 - fallen, rows // 2), slice(rows // 2, rows // 2 + fallen)
    candidate[above], candidate[below] = score[below], score[above]
    # The same order and better probabilities: a quarter of all are sales, and the champion says half.
    decision = against_champion(outcomes, candidate**1.2, score, no_segments(rows), RULES)
    assert decision.figures["champion_auc"] - decision.figures["candidate_auc"] < 0.01
    assert decision.passed is passes
    assert passes or "better half of the list" in decision.why


def in_a_segment(rows: int, loss: float) -> Decision:
    """Of `rows` refusals in the country the candidate says more than the champion, at a loss of `loss` nats each."""
    town = np.r_[np.ones(2_000), np.zeros(8_000)].astype(np.int64)
    outcomes = np.r_[town, np.zeros(rows, dtype=np.int64)]
    champion = np.r_[np.where(town == 1, 0.5, 0.2), np.full(rows, 0.1)]
    candidate = np.r_[np.where(town == 1, 0.7, 0.1), np.full(rows, 1 - 0.9 * np.exp(-loss))]
    where = np.r_[np.repeat("town", town.size), np.repeat("country", rows)]
    return against_champion(outcomes, candidate, champion, pd.DataFrame({"home": where}), RULES)


@pytest.mark.parametrize(("loss", "passes"), [(0.019, True), (0.021, False)])
def test_gate_segment_margin(loss: float, passes: bool) -> None:
    decision = in_a_segment(400, loss)
    assert decision.passed is passes
    assert passes or "the segment home country (400 outcomes) is worse" in decision.why


@pytest.mark.parametrize(("rows", "passes"), [(199, True), (200, False)])
def test_gate_segment_rows(rows: int, passes: bool) -> None:
    assert in_a_segment(rows, 0.1).passed is passes


@pytest.mark.parametrize(("errors", "passes"), [(1.9, True), (2.1, False)])
def test_certain(errors: float, passes: bool) -> None:
    """A log loss that is higher by so many standard errors, at the same order of sales and refusals."""
    refusals, spread = 10_000, 0.05
    losses = np.resize([spread, -spread], refusals) + errors * spread / np.sqrt(refusals)
    outcomes = np.r_[np.ones(100), np.zeros(refusals)].astype(np.int64)
    champion = np.r_[np.full(100, 0.5), np.full(refusals, 0.2)]
    candidate = np.r_[np.full(100, 0.5), 1 - 0.8 * np.exp(-losses)]
    decision = against_champion(outcomes, candidate, champion, no_segments(outcomes.size), RULES)
    assert -decision.figures["log_loss_gain"] / decision.figures["log_loss_gain_error"] == pytest.approx(
        errors, abs=0.02
    )
    assert decision.passed is passes


def test_leak(training: Training, outcomes: pd.DataFrame) -> None:
    """A column that is wrong of 15 in a hundred calls has a predictive power of 0.66, of 12 in a hundred 0.73."""
    assert training.run(leaked(0.15)(outcomes)).verdict.passed
    with pytest.raises(GateRefused, match=r"Predictive Power Score is less than 0\.7"):
        training.run(leaked(0.12)(outcomes))


Save = Callable[[Model, Path], None]


def as_it_is(model: Model, path: Path) -> None:
    skops.io.dump(model, path)


def in_single_precision(model: Model, path: Path) -> None:
    """As a converter to another format would keep it."""
    copied = copy.deepcopy(model)
    regression = copied.calibrated_classifiers_[0].estimator[-1]  # type: ignore[attr-defined]
    regression.coef_ = regression.coef_.astype("float32")
    skops.io.dump(copied, path)


def with_an_older_sigmoid(model: Model, path: Path) -> None:
    """As if a fit that came later had been saved without its calibration."""
    copied = copy.deepcopy(model)
    copied.calibrated_classifiers_[0].calibrators[0].a_ *= 1.01  # type: ignore[attr-defined]
    skops.io.dump(copied, path)


@pytest.mark.parametrize(
    ("save", "passes"), [(as_it_is, True), (in_single_precision, False), (with_an_older_sigmoid, False)]
)
def test_a_model_saved_differently_does_not_reproduce_its_proof(
    training: Training, outcomes: pd.DataFrame, schema: Schema, tmp_path: Path, save: Save, passes: bool
) -> None:
    model = training.model(outcomes)
    proof = Proof.for_model(model, proof_inputs(outcomes, schema))
    save(model, tmp_path / "model.skops")
    with threadpool_limits(1):
        saved = skops.io.load(tmp_path / "model.skops", trusted=list(TRUSTED_TYPES))
    if passes:
        proof.check(saved, "the version")
    else:
        with pytest.raises(ModelError, match="the version does not reproduce its proof"):
            proof.check(saved, "the version")


@pytest.mark.parametrize(("off", "passes"), [(9e-10, True), (1.1e-9, False)])
def test_tolerance_of_the_proof(
    training: Training, outcomes: pd.DataFrame, schema: Schema, off: float, passes: bool
) -> None:
    model = training.model(outcomes)
    inputs = proof_inputs(outcomes, schema)
    scores = predict(model, inputs)
    scores[7] += off
    proof = Proof(inputs, scores.tolist())
    if passes:
        proof.check(model, "the version")
    else:
        with pytest.raises(ModelError, match="input 8 of"):
            proof.check(model, "the version")
