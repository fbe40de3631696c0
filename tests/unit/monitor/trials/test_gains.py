import numpy as np
import pytest
from sklearn.metrics import log_loss, roc_auc_score

from monitor.trials.gains import EDGE, LARGEST_SCORE_GAIN, ranking_gain, score_gain


def drawn(size: int, seed: int = 1):  # type: ignore[no-untyped-def]
    rng = np.random.default_rng(seed)
    champion, canary = rng.beta(1, 6, size).round(2), rng.beta(1, 6, size).round(2)  # rounded, so that there are ties
    return rng.random(size) < canary, champion, canary


def test_the_score_gain_is_the_difference_of_the_log_losses_and_within_its_bounds() -> None:
    sold, champion, canary = drawn(500)
    found = score_gain(sold, champion, canary)
    lost = [log_loss(sold, np.clip(score, EDGE, 1 - EDGE)) for score in (champion, canary)]
    assert found.gain.mean() == pytest.approx(lost[0] - lost[1])
    assert ((found.low <= found.gain) & (found.gain <= found.high)).all()
    assert ((found.low <= 0) & (found.high >= 0)).all()


def test_certainty_costs_no_more_than_the_edge() -> None:
    found = score_gain(np.array([True, False]), np.array([1.0, 0.0]), np.array([0.0, 1.0]))
    assert found.gain == pytest.approx([-LARGEST_SCORE_GAIN] * 2)


def test_over_a_window_that_holds_all_calls_it_is_the_difference_of_the_aucs() -> None:
    sold, champion, canary = drawn(400)
    found = ranking_gain(sold, champion, canary, 400).auc
    for n in (50, 237, 400):
        aucs = [roc_auc_score(sold[:n], score[:n]) for score in (champion, canary)]
        assert found[n - 1] == pytest.approx(aucs[1] - aucs[0])


def test_a_sale_is_compared_with_the_refusals_of_the_window_before_it() -> None:
    sold, champion, canary = drawn(300)
    found = ranking_gain(sold, champion, canary, 40).of_sales
    for i in range(300):
        before = [j for j in range(max(0, i - 40), i) if not sold[j]]
        expected = [
            sum((score[j] < score[i]) + 0.5 * (score[j] == score[i]) for j in before) / max(len(before), 1)
            for score in (champion, canary)
        ]
        assert found.gain[i] == pytest.approx((expected[1] - expected[0]) if sold[i] else 0)


def test_only_the_order_of_its_own_scores_counts() -> None:
    sold, champion, canary = drawn(300)
    once, again = ranking_gain(sold, champion, canary, 100), ranking_gain(sold, champion, canary**3 / 2, 100)
    assert (once.of_sales.gain == again.of_sales.gain).all()
    assert (once.auc == again.auc).all()


def test_calling_a_list_from_its_top_is_no_gain_of_the_canary() -> None:
    """Two models that are equally good; the champion's list is called from its top, all of it."""
    rng = np.random.default_rng(2)
    gains = []
    for _ in range(20):
        true = rng.normal(size=300)
        champion, canary = (1 / (1 + np.exp(2 - true - 0.8 * rng.normal(size=300))) for _ in range(2))
        sold = rng.random(300) < 1 / (1 + np.exp(2 - true))
        top = np.argsort(-champion)
        found = ranking_gain(sold[top], champion[top], canary[top], 300)
        gains.append((found.auc[-1], found.of_sales.gain.sum() / sold.sum()))
    both_sides, sales_alone = np.mean(gains, axis=0)
    assert abs(both_sides) < 0.02
    assert sales_alone > 0.3


@pytest.mark.parametrize("size", [0, 1])
def test_no_calls_before_are_no_gain(size: int) -> None:
    found = ranking_gain(np.ones(size, dtype=bool), np.full(size, 0.1), np.full(size, 0.9), 500)
    assert found.auc.tolist() == [0.0] * size
    assert found.of_sales.gain.tolist() == [0.0] * size
