"""The algebra of a mixture of two models, whatever they say."""

import random

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core.errors import InputError
from core.models.mixture import mixed, weight

PAIRS = st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=20)
WEIGHTS = st.floats(0, 1)
GAINS = st.lists(st.floats(-7, 7), max_size=30)


@given(PAIRS, WEIGHTS)
@example([(0.0, 1.0), (1.0, 0.0), (0.0, 0.0), (1.0, 1.0)], 0.5)
def test_a_mixture_lies_between_both_models(pairs: list[tuple[float, float]], share: float) -> None:
    older, newer = np.array(pairs).T
    found = mixed(older, newer, share)
    assert (found >= np.minimum(older, newer)).all()
    assert (found <= np.maximum(older, newer)).all()


@given(PAIRS, WEIGHTS, WEIGHTS)
def test_more_weight_moves_a_mixture_to_the_newer_model(
    pairs: list[tuple[float, float]], one: float, another: float
) -> None:
    older, newer = np.array(pairs).T
    less, more = (np.abs(mixed(older, newer, share) - older) for share in sorted((one, another)))
    assert (less <= more + 1e-9).all()


@given(PAIRS)
def test_all_of_the_weight_gives_one_model_unchanged(pairs: list[tuple[float, float]]) -> None:
    older, newer = np.array(pairs).T
    assert mixed(older, newer, 0.0).tolist() == older.tolist()
    assert mixed(older, newer, 1.0).tolist() == newer.tolist()


def test_half_of_the_weight_is_the_mean_of_the_log_odds() -> None:
    assert mixed([0.2], [0.8], 0.5) == pytest.approx([0.5])
    assert mixed([0.5], [0.9], 0.5) == pytest.approx([0.75]), "odds of 1 and 9: 3"
    assert mixed([0.5], [0.9], 0.25) == pytest.approx([3**0.5 / (1 + 3**0.5)])


@given(GAINS, st.floats(0.01, 0.99), st.randoms(use_true_random=False))
def test_the_order_of_the_outcomes_does_not_matter(gains: list[float], prior: float, luck: random.Random) -> None:
    shuffled = list(gains)
    luck.shuffle(shuffled)
    assert weight(prior, shuffled) == pytest.approx(weight(prior, gains))


@given(GAINS, GAINS)
def test_a_weight_is_the_prior_of_the_outcomes_that_follow(before: list[float], after: list[float]) -> None:
    then = weight(0.8, before)
    if 1e-6 < then < 1 - 1e-6:
        assert weight(then, after) == pytest.approx(weight(0.8, [*before, *after]), abs=1e-6)


def test_a_weight_follows_bayes() -> None:
    assert weight(0.8, []) == pytest.approx(0.8)
    assert weight(0.8, [np.log(0.25)]) == pytest.approx(0.5)
    assert weight(0.5, [np.log(3), np.log(3)]) == pytest.approx(0.9)
    assert weight(0.5, [-5_000.0]) == pytest.approx(0)


@pytest.mark.parametrize(("older", "newer", "share"), [([0.1], [1.1], 0.5), ([0.1], [np.nan], 0), ([0.1], [0.2], 2)])
def test_what_is_no_chance_is_refused(older: list[float], newer: list[float], share: float) -> None:
    with pytest.raises(InputError, match="not from 0 to 1"):
        mixed(older, newer, share)


def test_sizes_that_differ_and_a_certain_prior_are_refused() -> None:
    with pytest.raises(InputError, match="2 scores of one model but 1"):
        mixed([0.1, 0.2], [0.1], 0.5)
    with pytest.raises(InputError, match="between 0 and 1"):
        weight(1.0, [])
