"""The champion gate on synthetic scores with a known truth."""

import numpy as np
import pandas as pd
import pytest

from core.model_registry import Scores
from core.schema import Schema
from tests.made_up_outcomes import made_up
from trainer import gate
from trainer.gate import Outcomes, Rules, against_base_rate, against_champion, top_half

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
    decision = against_champion(outcomes, truth, blurred(truth, 1.5), groups, Rules())
    assert decision.passed
    assert "better than the champion" in decision.why
    assert decision.figures["log_loss_gain"] > 0
    assert decision.figures["candidate_auc"] > decision.figures["champion_auc"]


def test_an_equal_candidate_is_refused(truth: Scores, outcomes: Outcomes, groups: pd.DataFrame) -> None:
    decision = against_champion(outcomes, truth, truth.copy(), groups, Rules())
    assert not decision.passed
    assert "not better than the champion" in decision.why
    assert decision.figures["log_loss_gain"] == 0


def test_a_worse_candidate_is_refused(truth: Scores, outcomes: Outcomes, groups: pd.DataFrame) -> None:
    decision = against_champion(outcomes, blurred(truth, 1.5), truth, groups, Rules())
    assert not decision.passed
    assert "worse than the champion's" in decision.why


def test_better_probabilities_do_not_buy_a_worse_order(truth: Scores, outcomes: Outcomes) -> None:
    overconfident = truth**0.3  # the same order, wildly wrong probabilities
    candidate = np.where(np.arange(ROWS) % 2 == 0, truth, truth.mean())
    decision = against_champion(outcomes, candidate, overconfident, pd.DataFrame(index=range(ROWS)), Rules())
    assert decision.figures["log_loss_gain"] > 0
    assert not decision.passed
    assert "AUC" in decision.why


def test_better_on_the_whole_but_a_segment_pays(truth: Scores, outcomes: Outcomes, groups: pd.DataFrame) -> None:
    country = (groups["home"] == "country").to_numpy()
    candidate = np.where(country, np.clip(truth * 6, 0, 0.95), truth)
    decision = against_champion(outcomes, candidate, blurred(truth, 2.5), groups, Rules(ranking_margin=1))
    assert decision.figures["log_loss_gain"] > 0
    assert not decision.passed
    assert "the segment home country" in decision.why
    assert [segment.name for segment in decision.segments if segment.worse] == ["home country"]


def test_a_segment_too_small_to_judge_stops_nobody(truth: Scores, outcomes: Outcomes, groups: pd.DataFrame) -> None:
    island = (groups["home"] == "island").to_numpy()
    candidate = np.where(island, 1 - truth, truth)
    decision = against_champion(outcomes, candidate, blurred(truth, 1.5), groups, Rules())
    assert decision.passed
    assert [segment.name for segment in decision.segments if not segment.judged] == ["home island"]


def test_a_segment_that_is_worse_by_chance_stops_nobody() -> None:
    loss = np.random.default_rng(6).normal(0.03, 1.0, 300)  # above the margin, far below its own standard error
    assert not gate._segment("few", loss, Rules()).worse
    assert gate._segment("sure", np.full(300, 0.03), Rules()).worse


def test_the_first_model_must_beat_the_base_rate(truth: Scores, outcomes: Outcomes) -> None:
    rate = float(truth.mean())
    assert against_base_rate(outcomes, truth, rate, Rules()).passed

    guessing = np.random.default_rng(7).permutation(truth)
    refused = against_base_rate(outcomes, guessing, rate, Rules())
    assert not refused.passed
    assert "better than guessing" in refused.why

    overconfident = against_base_rate(outcomes, truth**0.3, rate, Rules())
    assert not overconfident.passed
    assert "not better than the base rate" in overconfident.why


def test_top_half_shares_ties() -> None:
    outcomes = np.array([1, 0, 1, 0])
    assert top_half(outcomes, np.array([0.9, 0.8, 0.2, 0.1])) == 0.5
    assert top_half(outcomes, np.array([0.9, 0.1, 0.8, 0.2])) == 1.0
    assert top_half(outcomes, np.full(4, 0.3)) == 0.5


def test_numbers_become_segments_of_equal_size(schema: Schema) -> None:
    groups = gate.segments_of(made_up(schema, 1_000), schema)
    assert list(groups) == list(schema.segments)
    sizes = groups["age"].value_counts()
    assert len(sizes) == 4
    assert sizes.min() > 150
