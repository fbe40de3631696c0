import numpy as np
import pytest
from numpy.typing import NDArray

from core.models import level
from core.models.metrics import quality
from monitor.reports.promise import FALSE_ALARMS, TOGETHER, _aucs, order_of, promise_of


def top_of_the_list(seed: int) -> NDArray[np.float64]:
    """Scores of 500 called people, the best of 4,000."""
    return np.sort(np.random.default_rng(seed).beta(1, 8, 4_000))[-500:]


def test_calibrated_scores_break_their_promise_as_seldom_as_stated() -> None:
    """Of 20,000 windows of the same scores some twenty, by any of the three bounds."""
    score, alarms = top_of_the_list(1), 0
    promise, random = promise_of(score), np.random.default_rng(10_000)
    for _ in range(4):
        sold = random.random((5_000, score.size)) < score
        conversion, aucs = sold.mean(axis=1), _aucs(sold, score)
        low, high = conversion < promise.conversion_low, conversion > promise.conversion_high
        alarms += int(((aucs < promise.auc_low) | low | high).sum())
    assert 0.25 * FALSE_ALARMS < alarms / 20_000 < 2.5 * FALSE_ALARMS


def test_it_is_judged_by_the_figures_that_reports_show() -> None:
    score = top_of_the_list(2)
    sold = np.random.default_rng(3).random(score.size) < score
    found = quality(sold, score)
    assert order_of(sold, score, 0) == pytest.approx(found.auc)
    assert promise_of(score).broken(found.auc, found.conversion) == ()


def test_a_level_that_moves_out_of_step_is_no_lost_order() -> None:
    """In half of the blocks all scores are low and the share of sales is high; within each the order holds."""
    rng = np.random.default_rng(5)
    true = rng.beta(2, 12, 1_000)
    out_of_step = np.repeat(np.arange(1_000 // TOGETHER) % 2 == 0, TOGETHER)
    sold = rng.random(1_000) < np.where(out_of_step, np.minimum(2 * true, 1), true / 2)
    score = np.where(out_of_step, true / 2, np.minimum(2 * true, 1))
    promise = promise_of(score, 0.0, TOGETHER)
    assert quality(sold, score).auc < promise_of(score).auc_low
    assert promise.broken(order_of(sold, score), promise.conversion) == ()
    turned = promise.broken(order_of(sold, 1 - score), promise.conversion)
    assert "lost its order" in turned[0]


def test_where_no_two_calls_can_be_compared_the_order_says_nothing() -> None:
    assert order_of([True, False], [0.3, 0.2], 1) == 0.5
    assert order_of([True, True], [0.3, 0.2]) == 0.5


def test_the_promise_knows_that_the_called_are_a_selection() -> None:
    everybody = np.random.default_rng(1).beta(1, 8, 4_000)
    assert promise_of(everybody).auc > promise_of(np.sort(everybody)[-500:]).auc + 0.05


@pytest.mark.parametrize(
    ("truth", "word"),
    [
        (lambda score, rng: rng.permutation(score), "lost its order"),
        (lambda score, rng: score * 0.5, "too much"),
        (lambda score, rng: np.minimum(score * 1.6, 1), "too little"),
    ],
)
def test_a_world_that_moved_breaks_it_in_words(truth, word) -> None:  # type: ignore[no-untyped-def]
    score = np.random.default_rng(3).beta(1, 4, 500)
    rng = np.random.default_rng(4)
    y = rng.random(score.size) < truth(score, rng)
    found = quality(y, score)
    problems = promise_of(score).broken(found.auc, found.conversion)
    assert any(word in problem for problem in problems)


@pytest.mark.parametrize("side", [-1, 1])
def test_what_a_level_follows_breaks_no_promise(side: int) -> None:
    """As a season does: 0.6 log-odds off over a whole window is the level's to follow, 1.2 is not."""
    score = np.random.default_rng(3).beta(2, 12, 500)
    tolerant, strict = promise_of(score, level.left(score, 200)), promise_of(score)
    assert (tolerant.auc, tolerant.auc_low, tolerant.conversion) == (strict.auc, strict.auc_low, strict.conversion)
    near, far = (float(level.levelled(score, side * shift).mean()) for shift in (0.6, 1.2))
    assert strict.broken(0.9, near) != ()
    assert tolerant.broken(0.9, near) == ()
    assert tolerant.broken(0.9, far) != ()
    assert promise_of(score, level.left(score, 0)) == strict, "where levels are off, nothing follows"


def test_the_same_scores_promise_the_same() -> None:
    assert promise_of(top_of_the_list(5)) == promise_of(top_of_the_list(5))


def test_scores_that_are_all_alike_promise_no_order() -> None:
    assert promise_of(np.full(200, 0.2)).auc == pytest.approx(0.5)
    assert promise_of(np.zeros(200)).auc == 0.5
