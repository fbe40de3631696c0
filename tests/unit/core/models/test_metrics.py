from itertools import permutations

import numpy as np
import pytest

from core.errors import InputError
from core.models.metrics import calibration_error, quality, top_half_capture


def test_a_perfect_order_captures_every_sale_and_the_reverse_none() -> None:
    y = [1, 1, 0, 0, 0, 0]
    assert top_half_capture(y, [0.9, 0.8, 0.5, 0.4, 0.3, 0.2]) == 1.0
    assert top_half_capture(y, [0.1, 0.2, 0.5, 0.4, 0.3, 0.6]) == 0.0


def test_a_list_without_order_captures_half_whatever_its_size() -> None:
    assert top_half_capture([1, 0, 0, 0, 1], [0.5] * 5) == 0.5
    assert top_half_capture([0, 0, 1, 0], [0.5] * 4) == 0.5


def test_the_order_of_ties_does_not_change_any_figure() -> None:
    rows = [(1, 0.7), (0, 0.7), (0, 0.7), (1, 0.2), (0, 0.2)]
    seen = {
        (top_half_capture(*zip(*p, strict=True)), calibration_error(*zip(*p, strict=True), bins=3))
        for p in permutations(rows)
    }
    assert len({(round(a, 12), round(b, 12)) for a, b in seen}) == 1


def test_calibration_error_is_the_distance_of_scores_from_shares() -> None:
    y = [1] * 20 + [0] * 80
    assert calibration_error(y, [0.2] * 100) == pytest.approx(0.0)
    assert calibration_error(y, [0.5] * 100) == pytest.approx(0.3)


def test_quality_of_scores_that_are_the_truth_is_calibrated_and_beats_noise() -> None:
    rng = np.random.default_rng(7)
    p = rng.beta(1, 8, 20_000)
    y = rng.random(p.size) < p
    good, noise = quality(y, p), quality(y, rng.permutation(p))
    assert good.calibration_error < 0.01
    assert good.auc > 0.7 > 0.53 > noise.auc
    assert good.log_loss < noise.log_loss
    assert good.brier < noise.brier
    assert good.top_half_capture > 0.75
    assert noise.top_half_capture == pytest.approx(0.5, abs=0.03)
    assert good.conversion == good.sales / 20_000


@pytest.mark.parametrize(
    ("y", "score"),
    [
        ([1, 1], [0.2, 0.3]),
        ([0, 0], [0.2, 0.3]),
        ([], []),
        ([1], [0.1, 0.2]),
        ([1, 0], [0.5, 1.5]),
        ([1, 0], [0.5, float("nan")]),
    ],
)
def test_what_has_no_answer_is_refused(y: list[int], score: list[float]) -> None:
    with pytest.raises(InputError):
        quality(y, score)
