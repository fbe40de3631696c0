"""The champion gate on synthetic scores with a known truth."""

import json

import numpy as np
import pandas as pd
import pytest

from core.models.proof import Scores
from core.schema import Schema
from tests.made_up_outcomes import made_up
from trainer.data.split import Split
from trainer.fitting import recipe
from trainer.fitting.recipe import Champion
from trainer.gates import champion_gate
from trainer.gates.champion_gate import GateRules, Outcomes, against_base_rate, against_champion, auc_lost, null_error

ROWS = 4_000


@pytest.fixture
def truth() -> Scores:
    """Each person's chance of saying yes."""
    return np.random.default_rng(3).beta(1, 8, ROWS)


@pytest.fixture
def outcomes(truth: Scores) -> Outcomes:
    return (np.random.default_rng(4).random(ROWS) < truth).astype(np.int64)


@pytest.fixture
def groups() -> pd.DataFrame:
    """Nine of ten people live in town; ten people live on an island."""
    where = np.where(np.arange(ROWS) % 10 == 0, "country", "town")
    where[:10] = "island"
    return pd.DataFrame({"home": where})


def blurred(truth: Scores, noise: float) -> Scores:
    logit = np.log(truth / (1 - truth)) + np.random.default_rng(5).normal(0, noise, len(truth))
    return np.asarray(1 / (1 + np.exp(-logit)))


def test_a_better_candidate_passes(truth: Scores, outcomes: Outcomes, groups: pd.DataFrame) -> None:
    decision = against_champion(outcomes, truth, blurred(truth, 1.5), groups, GateRules())
    assert decision.passed
    assert "not shown to be worse than the champion" in decision.why
    assert decision.figures["log_loss_gain"] > 0
    assert decision.figures["candidate_auc"] > decision.figures["champion_auc"]


def test_a_candidate_that_says_the_same_is_not_worth_a_trial(
    truth: Scores, outcomes: Outcomes, groups: pd.DataFrame
) -> None:
    decision = against_champion(outcomes, truth, truth.copy(), groups, GateRules())
    assert not decision.passed
    assert "its scores equal the champion's" in decision.why
    assert decision.figures["log_loss_gain"] == 0


def test_a_worse_candidate_is_refused(truth: Scores, outcomes: Outcomes, groups: pd.DataFrame) -> None:
    decision = against_champion(outcomes, blurred(truth, 1.5), truth, groups, GateRules())
    assert not decision.passed
    assert "worse than the champion's" in decision.why


def test_worse_by_chance_is_for_a_trial_to_decide(truth: Scores, outcomes: Outcomes) -> None:
    few = slice(0, 150)
    candidate, champion = truth[few] * 1.2, truth[few]
    decision = against_champion(outcomes[few], candidate, champion, pd.DataFrame(index=range(150)), GateRules())
    assert decision.figures["log_loss_gain"] < 0
    assert decision.passed


def test_the_same_order_with_worse_probabilities_is_refused(truth: Scores, outcomes: Outcomes) -> None:
    decision = against_champion(outcomes, truth**0.5, truth, pd.DataFrame(index=range(ROWS)), GateRules())
    assert not decision.passed
    assert "log loss" in decision.why


@pytest.mark.parametrize(("rows", "sales"), [(0, 0), (99, 10), (300, 0), (300, 300)])
def test_too_little_that_is_new_to_the_champion_is_refused(rows: int, sales: int) -> None:
    outcomes = (np.arange(rows) < sales).astype(np.int64)
    scores = np.linspace(0.1, 0.9, rows)
    decision = against_champion(outcomes, scores, scores[::-1], pd.DataFrame(index=range(rows)), GateRules())
    assert not decision.passed
    assert "newer than what the champion has learnt from" in decision.why


def test_the_error_of_a_difference_in_auc_is_the_one_seen_in_repetition(truth: Scores) -> None:
    rng = np.random.default_rng(8)
    one, other = blurred(truth, 0.8), blurred(truth[::-1], 0.8)[::-1]
    found = [auc_lost((rng.random(ROWS) < truth).astype(np.int64), one, other) for _ in range(200)]
    lost, errors = np.array(found).T
    assert errors.mean() == pytest.approx(lost.std(ddof=1), rel=0.25)


def test_the_error_of_guessing_is_the_one_seen_in_repetition() -> None:
    outcomes = (np.arange(600) < 45).astype(np.int64)
    rng = np.random.default_rng(9)
    drawn = [champion_gate.measures(outcomes, rng.random(600))["auc"] for _ in range(400)]
    assert null_error(outcomes) == pytest.approx(float(np.std(drawn)), rel=0.15)


def test_better_probabilities_do_not_buy_a_worse_order(truth: Scores, outcomes: Outcomes) -> None:
    overconfident = truth**0.3  # the same order, wildly wrong probabilities
    candidate = np.where(np.arange(ROWS) % 2 == 0, truth, truth.mean())
    decision = against_champion(outcomes, candidate, overconfident, pd.DataFrame(index=range(ROWS)), GateRules())
    assert decision.figures["log_loss_gain"] > 0
    assert not decision.passed
    assert "AUC" in decision.why


def test_better_on_the_whole_but_a_segment_pays(truth: Scores, outcomes: Outcomes, groups: pd.DataFrame) -> None:
    country = (groups["home"] == "country").to_numpy()
    candidate = np.where(country, np.clip(truth * 6, 0, 0.95), truth)
    decision = against_champion(outcomes, candidate, blurred(truth, 2.5), groups, GateRules(ranking_margin=1))
    assert decision.figures["log_loss_gain"] > 0
    assert not decision.passed
    assert "the segment home country" in decision.why
    assert [segment.name for segment in decision.segments if segment.worse] == ["home country"]


def test_a_segment_too_small_to_judge_stops_nobody(truth: Scores, outcomes: Outcomes, groups: pd.DataFrame) -> None:
    island = (groups["home"] == "island").to_numpy()
    candidate = np.where(island, 1 - truth, truth)
    decision = against_champion(outcomes, candidate, blurred(truth, 1.5), groups, GateRules())
    assert decision.passed
    assert [segment.name for segment in decision.segments if not segment.judged] == ["home island"]


class Says:
    """A model whose scores are known beforehand, by the order of its rows' ages."""

    def __init__(self, scores: Scores) -> None:
        self.scores, self.feature_names_in_ = scores, np.array(["age"], dtype=object)

    def predict_proba(self, X: pd.DataFrame) -> Scores:
        score = self.scores[X["age"].to_numpy()]
        return np.column_stack([1 - score, score])


@pytest.fixture
def judged_on(schema: Schema, outcomes: Outcomes) -> Split:
    """A test window with these outcomes; the ages number its rows."""
    rows = made_up(schema, ROWS).assign(age=np.arange(ROWS), outcome=outcomes)
    return Split(rows.iloc[:0], rows.iloc[:0], rows)


def odds_times(scores: Scores, factor: float) -> Scores:
    return np.asarray(factor * scores / (1 - scores + factor * scores))


def test_a_candidate_is_not_refused_for_its_level(schema: Schema, truth: Scores, judged_on: Split) -> None:
    """The better order, but it says four times the odds: the level mends that before anybody sees a score."""
    better, champion = Says(odds_times(truth, 4)), Says(blurred(truth, 1.5))
    verdict = recipe.champion_gate(better, judged_on, schema, Champion(lambda: champion, None), GateRules())
    assert verdict.passed
    assert verdict.figures["candidate_level"] == pytest.approx(-np.log(4), abs=0.15)
    assert json.loads(verdict.report)["figures"] == verdict.figures


def test_a_champion_that_is_only_off_its_level_protects_nobody_worse(
    schema: Schema, truth: Scores, judged_on: Split
) -> None:
    worse, champion = Says(blurred(truth, 1.5)), Says(odds_times(truth, 4))
    verdict = recipe.champion_gate(worse, judged_on, schema, Champion(lambda: champion, None), GateRules())
    assert not verdict.passed
    assert verdict.figures["log_loss_gain"] < 0


def test_a_segment_that_is_worse_by_chance_stops_nobody() -> None:
    loss = np.random.default_rng(6).normal(0.03, 1.0, 300)  # above the margin, far below its own standard error
    assert not champion_gate._segment("few", loss, GateRules()).worse
    assert champion_gate._segment("sure", np.full(300, 0.03), GateRules()).worse


def test_the_first_model_must_not_be_worse_than_the_base_rate(truth: Scores, outcomes: Outcomes) -> None:
    rate = float(truth.mean())
    assert against_base_rate(outcomes, truth, rate, GateRules()).passed

    reversed_order = against_base_rate(outcomes, rate**2 / truth.clip(rate**2), rate, GateRules())
    assert not reversed_order.passed
    assert "worse than guessing" in reversed_order.why

    overconfident = against_base_rate(outcomes, truth**0.3, rate, GateRules())
    assert not overconfident.passed
    assert "worse than the base rate" in overconfident.why


def test_a_first_model_that_guesses_passes_and_says_so(truth: Scores, outcomes: Outcomes) -> None:
    few = slice(0, 600)
    guessing = np.full(600, truth.mean()) + np.random.default_rng(11).normal(0, 0.001, 600)
    decision = against_base_rate(outcomes[few], guessing, float(truth.mean()), GateRules())
    assert decision.passed
    assert "not clearly better than guessing" in decision.why
    assert "better than guessing" in against_base_rate(outcomes, truth, float(truth.mean()), GateRules()).why


def test_numbers_become_segments_of_equal_size(schema: Schema) -> None:
    groups = champion_gate.segments_of(made_up(schema, 1_000), schema)
    assert list(groups) == list(schema.segments)
    sizes = groups["age"].value_counts()
    assert len(sizes) == 4
    assert sizes.min() > 150
