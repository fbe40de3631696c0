"""The e-process and its confidence sequence, against brute force and by simulation."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.alternatives import one_bound
from monitor.trials.eprocess import Differences, confidence, evidence, log_bets, log_evidence

BETS = np.geomspace(0.1, 1.0, 6)
bounded = st.lists(st.tuples(st.floats(-3, 3), st.floats(0, 3), st.floats(0, 1)), min_size=1, max_size=40)


def two_valued(size: int, seed: int, chance: float = 0.1, mean: float = 0.0) -> Differences:
    """Differences that are `high` with a chance that makes their mean `mean`, and `low` otherwise."""
    rng = np.random.default_rng(seed)
    high = rng.uniform(0.1, 1.5, size)
    low = (mean - chance * high) / (1 - chance)
    return Differences(np.where(rng.random(size) < chance, high, low), np.minimum(low, high), high)


@given(bounded, st.floats(0.01, 5))
@settings(deadline=None)
def test_a_bet_never_gains_more_than_its_mean_allows(rows: list[tuple[float, float, float]], size: float) -> None:
    """Whatever two values a difference has and with whatever chance: the mean factor is at most exp(size * mean)."""
    low = np.array([row[0] for row in rows])
    high = low + np.array([row[1] for row in rows])
    chance = np.array([row[2] for row in rows])
    factor_low, factor_high = (
        np.exp(np.diff(log_bets(Differences(value, low, high), np.array([size]))[:, 0], prepend=0.0))
        for value in (low, high)
    )
    mean = chance * high + (1 - chance) * low
    assert (chance * factor_high + (1 - chance) * factor_low <= np.exp(size * mean) * (1 + 1e-6)).all()
    assert (factor_low > 0).all()


def test_the_same_by_hand() -> None:
    found = log_evidence(
        Differences(np.array([0.5, -0.2]), np.array([-0.2, -0.2]), np.array([0.5, 0.5])), np.array([1.0])
    )
    assert np.exp(found) == pytest.approx([1.5, 1.5 * 0.8])


def test_without_a_difference_there_is_no_evidence() -> None:
    assert evidence(Differences(*(np.zeros(0) for _ in range(3))), BETS) == 1.0
    assert log_evidence(Differences(*(np.zeros(500) for _ in range(3))), BETS) == pytest.approx(np.zeros(500))


def test_one_disaster_does_not_end_the_evidence() -> None:
    lost = Differences(np.array([-6.9] + [1.0] * 40), np.full(41, -6.9), np.full(41, 1.0))
    assert np.isfinite(log_evidence(lost, BETS)).all()
    assert evidence(lost, BETS) > 1


def test_evidence_of_nothing_reaches_its_threshold_as_seldom_as_stated() -> None:
    crossed = sum(bool((log_evidence(two_valued(1500, seed), BETS) >= np.log(20)).any()) for seed in range(400))
    assert crossed <= 0.05 * 400
    assert crossed > 0  # it is not so careful as to be of no use


def test_the_average_counts_not_the_single_outcome() -> None:
    """Better for 300 outcomes after having been worse by more for 300: the average is never above nothing."""
    crossed = 0
    for seed in range(100):
        worse, better = two_valued(300, seed, mean=-0.1), two_valued(300, 1000 + seed, mean=0.08)
        both = Differences(
            *(np.concatenate([getattr(part, name) for part in (worse, better)]) for name in ("gain", "low", "high"))
        )
        crossed += bool((log_evidence(both, BETS) >= np.log(20)).any())
    assert crossed <= 5


def test_the_confidence_sequence_holds_the_mean_at_all_times_together() -> None:
    missed = 0
    for seed in range(60):
        seen = two_valued(600, seed, mean=0.02)
        for n in range(20, 601, 20):
            low, high = confidence(seen.first(n), BETS, 0.05, n, 7.0)
            if not low <= 0.02 <= high:
                missed += 1
                break
    assert missed <= 6  # of 60; at the stated 5%, more is seen once in 200 suites


def test_the_confidence_sequence_and_the_evidence_say_the_same() -> None:
    seen = two_valued(800, 3, mean=0.06)
    for n in range(100, 801, 100):
        low, high = confidence(seen.first(n), BETS, 0.1, n, 7.0)
        assert (low > 0) == (evidence(seen.first(n), BETS) > 20)
        assert low <= seen.gain[:n].mean() <= high
        assert confidence(seen.first(n).mirrored, BETS, 0.1, n, 7.0) == pytest.approx((-high, -low))


def test_it_finds_earlier_what_one_bound_for_all_finds_late() -> None:
    seen = two_valued(3000, 5, mean=0.03)
    own = int(np.argmax(log_evidence(seen, BETS) >= np.log(20)))
    common = int(np.argmax(one_bound(seen.gain, 3.0, 40.0, 0.05) >= np.log(20)))
    assert (own, common) == (176, 571)
