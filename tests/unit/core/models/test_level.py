"""The level of scores, on seeded outcomes with a known shift."""

import numpy as np
import pytest

from core.errors import InputError
from core.models.level import (
    DECIMALS,
    DEPARTURES,
    LARGEST,
    LEAST_OUTCOMES,
    LOOK_BACK,
    PRIOR_SD,
    STEADY,
    Numbers,
    contradiction,
    error,
    estimate,
    levelled,
    newest,
    next_shift,
    unlevelled,
)


def calls(shift: float, size: int, seed: int = 1) -> tuple[Numbers, Numbers]:
    """Scores, and outcomes of a world in which the odds of a sale are exp(shift) times what the scores say."""
    rng = np.random.default_rng(seed)
    scores = rng.beta(1, 6, size)
    return scores, (rng.random(size) < levelled(scores, shift)).astype(float)


@pytest.mark.parametrize("shift", [-2.0, -0.7, 0.0, 0.7, 2.0])
def test_a_known_shift_is_found(shift: float) -> None:
    assert estimate(*calls(shift, 20_000)) == pytest.approx(shift, abs=0.08)


def test_the_levelled_scores_promise_the_sales_there_were_but_for_the_prior() -> None:
    scores, positives = calls(1.2, 200)
    shift = estimate(scores, positives)
    # Where the posterior's slope is zero, what is left unexplained is what the prior holds back.
    assert positives.sum() - levelled(scores, shift).sum() == pytest.approx(shift / PRIOR_SD**2, abs=1e-6)


def test_few_outcomes_move_it_little_and_more_move_it_more() -> None:
    shifts = [estimate(np.full(size, 0.1), np.ones(size)) for size in (0, 1, 5, 50)]
    assert shifts[0] == 0
    assert 0 < shifts[1] < PRIOR_SD < shifts[2] < shifts[3] < LARGEST


@pytest.mark.parametrize("score", [0.0, 1e-12, 0.1, 0.5, 1 - 1e-12, 1.0])
@pytest.mark.parametrize("size", [1, 50, 200, 10_000])
def test_one_kind_of_outcome_and_scores_at_the_edge_have_a_finite_level(score: float, size: int) -> None:
    up, down = estimate(np.full(size, score), np.ones(size)), estimate(np.full(size, score), np.zeros(size))
    assert -LARGEST <= down <= 0 <= up <= LARGEST
    assert up == pytest.approx(-estimate(np.full(size, 1 - score), np.zeros(size)), abs=1e-6)


def test_an_impossible_world_is_met_with_the_largest_level_and_no_more() -> None:
    assert estimate(np.zeros(200), np.ones(200)) == pytest.approx(LARGEST)
    assert estimate(np.ones(200), np.zeros(200)) == pytest.approx(-LARGEST)


def test_what_is_no_score_is_refused() -> None:
    with pytest.raises(InputError, match="2 outcomes but 1 scores"):
        estimate([0.5], [1, 0])
    for score in (-0.1, 1.1, float("nan")):
        with pytest.raises(InputError, match="not a probability"):
            estimate([score], [1])


@pytest.mark.parametrize("shift", [-LARGEST, -3.0, -0.05, 0.0, 0.05, 3.0, LARGEST])
def test_the_order_stays_and_so_do_0_and_1(shift: float) -> None:
    scores = np.sort(np.random.default_rng(3).random(5_000).round(6))
    moved = levelled(scores, shift)
    assert (np.diff(moved) >= 0).all()
    assert np.unique(moved).size > 0.99 * np.unique(scores).size
    assert levelled([0.0, 1.0], shift).tolist() == [0.0, 1.0]
    assert np.all(moved == np.round(moved, DECIMALS))
    assert np.all(moved >= scores) if shift >= 0 else np.all(moved <= scores)


def test_a_shift_of_ln_2_doubles_the_odds() -> None:
    assert levelled([0.5, 0.2], np.log(2)).tolist() == pytest.approx([2 / 3, 1 / 3])


def test_taking_the_level_off_gives_what_the_model_said() -> None:
    scores = np.random.default_rng(4).beta(1, 8, 2_000).round(DECIMALS)
    for shift in (-2.5, 0.3, 2.5):
        assert np.abs(unlevelled(levelled(scores, shift), shift) - scores).max() < 1e-10
    assert unlevelled(1 / 3, 0.0) == 1 / 3, "without a level not even rounding"


def test_its_error_is_the_one_seen_in_repetition() -> None:
    """Of a posterior, which is a little wider than the estimates scatter: the prior holds those together."""
    found = [(estimate(*calls(0.0, 1_000, seed)), error(calls(0.0, 1_000, seed)[0], 0.0)) for seed in range(200)]
    shifts, errors = np.array(found).T
    assert errors.mean() == pytest.approx(float(shifts.std(ddof=1)), rel=0.15)
    assert errors.mean() > shifts.std(ddof=1)


def test_it_moves_once_the_outcomes_contradict_it_and_not_on_few() -> None:
    scores, positives = calls(1.5, 200)
    found = round(estimate(scores, positives), 6)
    assert next_shift(0.0, scores, positives, 200) == found
    for held in (found - 0.2, found, found + 0.2):
        assert contradiction(levelled(scores, held), positives) < STEADY
        assert next_shift(held, scores, positives, 200) == held
    for held in (found - 1, found + 1):
        assert contradiction(levelled(scores, held), positives) >= STEADY
        assert next_shift(held, scores, positives, 200) == found
    assert next_shift(0.0, scores, positives, 60) == round(estimate(scores[-60:], positives[-60:]), 6)
    few = LEAST_OUTCOMES - 1
    assert next_shift(0.7, scores[:few], positives[:few], 200) == 0
    assert next_shift(0.7, scores, positives, 0) == 0, "following is switched off"
    assert next_shift(0.0, np.full(few + 1, 0.1), np.ones(few + 1), 200) != 0


def test_the_contradiction_is_the_sum_of_the_likelihood_ratios_from_each_outcome_on() -> None:
    scores, positives = calls(0.4, 6, seed=3)
    by_hand = []
    for departure in DEPARTURES:
        departed = levelled(scores, departure)
        ratio = np.where(positives > 0, departed / scores, (1 - departed) / (1 - scores))
        by_hand.append(sum(np.prod(ratio[first:]) for first in range(6)))
    assert contradiction(scores, positives) == pytest.approx(np.mean(by_hand))
    assert contradiction([], []) == 0
    assert np.isfinite(contradiction(np.zeros(2_000), np.ones(2_000)))


def test_while_the_scores_are_right_it_grows_by_one_an_outcome_on_average() -> None:
    """That is what bounds the rate: the expected outcomes to the first false alarm are at least the bound."""
    scores = np.full(20, 0.2)
    draws = np.random.default_rng(1).random((20_000, 20)) < scores
    found = [contradiction(scores, positives.astype(float)) for positives in draws]
    assert np.mean(found) == pytest.approx(20, abs=5 * np.std(found) / np.sqrt(len(found)))


def follow(truth: Numbers, seed: int, every: int = 10) -> list[float]:
    """The levels of scores of 0.1 in a world with these chances, looked at after every ten outcomes."""
    positives = (np.random.default_rng(seed).random(truth.size) < truth).astype(float)
    scores, shifts = np.full(truth.size, 0.1), [0.0]
    for end in range(every, truth.size + 1, every):
        newest_calls = slice(max(0, end - LOOK_BACK), end)
        shifts.append(next_shift(shifts[-1], scores[newest_calls], positives[newest_calls], 200))
    return shifts


def test_where_nothing_changes_the_level_moves_less_often_than_stated() -> None:
    """Of 60,000 outcomes: moves by mistake, and those that undo them."""
    moves = sum(np.count_nonzero(np.diff(follow(np.full(6_000, 0.1), seed))) for seed in range(10))
    assert moves <= 2 * 60_000 / STEADY


@pytest.mark.parametrize(("chance", "outcomes"), [(0.2, 200), (0.05, 400), (0.4, 200)])
def test_where_the_share_of_sales_changes_it_follows(chance: float, outcomes: int) -> None:
    for seed in range(10):
        *_, last = follow(np.repeat([0.1, chance], [600, outcomes]), seed)
        assert 0.4 * chance < levelled(0.1, last) < 1.8 * chance, seed


@pytest.mark.parametrize(
    ("learnt", "heard", "expected"),
    [(3, 0, [-3, -2, -1]), (9, 2, [-2, -1, 1, 2]), (1, 2, [-1, 1, 2]), (5, 4, [1, 2, 3, 4]), (5, 6, [3, 4, 5, 6]),
     (0, 0, []), (0, 2, [1, 2])],
)  # fmt: skip
def test_the_newest_calls_are_those_heard_of_and_before_them_those_learnt(
    learnt: int, heard: int, expected: list[float]
) -> None:
    before, after = np.arange(-learnt, 0.0), np.arange(1.0, heard + 1)
    scores, positives = newest((before, before * 10), (after, after * 10), 4)
    assert scores.tolist() == expected
    assert positives.tolist() == [place * 10 for place in expected]
