"""How good a ranking is: the figures of training's gates and of monitoring, computed in one place.

`y` are the outcomes of n calls (True or 1 for a sale), `score` the n probabilities given before them. Needs
scikit-learn, which only the services that train and monitor install.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.metrics import brier_score_loss, log_loss, roc_auc_score

from core.errors import InputError

CALIBRATION_BINS = 10


@dataclass(frozen=True)
class Quality:
    """Quality of `size` scored calls with `sales` sales. Higher is better for AUC and capture, lower for the rest."""

    size: int
    sales: int
    auc: float
    log_loss: float
    brier: float
    calibration_error: float
    top_half_capture: float

    @property
    def conversion(self) -> float:
        """Share of the calls that were sales."""
        return self.sales / self.size


def quality(y: ArrayLike, score: ArrayLike) -> Quality:
    """All figures of n calls. Raises InputError where they are not defined (see the functions)."""
    truth, probability = _paired(y, score)
    return Quality(
        size=int(truth.size),
        sales=int(truth.sum()),
        auc=float(roc_auc_score(truth, probability)),
        log_loss=float(log_loss(truth, probability, labels=[0, 1])),
        brier=float(brier_score_loss(truth, probability)),
        calibration_error=calibration_error(truth, probability),
        top_half_capture=top_half_capture(truth, probability),
    )


def top_half_capture(y: ArrayLike, score: ArrayLike) -> float:
    """The share of all sales in the better half of the list, which ends at n/2: 0.5 without any order, 1 at best.

    Rows with the same score share their places, so ties need no order. Raises InputError for other sizes or one class.
    """
    truth, probability = _paired(y, score)
    levels, level = np.unique(-probability, return_inverse=True)  # best first
    rows = np.bincount(level, minlength=levels.size)
    sales = np.bincount(level, weights=truth, minlength=levels.size)
    before = np.cumsum(rows) - rows
    inside = np.clip((truth.size / 2 - before) / rows, 0.0, 1.0)
    return float((sales * inside).sum() / truth.sum())


def calibration_error(y: ArrayLike, score: ArrayLike, *, bins: int = CALIBRATION_BINS) -> float:
    """The expected calibration error over `bins` bins of equally many rows: 0 at best, 1 at worst.

    It is the mean distance, weighted by rows, between a bin's mean score and its share of sales. Bins of equal width
    (Naeini, Cooper, Hauskrecht, AAAI 2015) would mostly be empty, because few scores are high. Rows with the same score
    spread evenly over the bins they fall into. Raises InputError as `top_half_capture`.
    """
    truth, probability = _paired(y, score)
    _, level = np.unique(probability, return_inverse=True)
    # All rows of one score carry its share of sales, so the order among them cannot matter.
    share = np.bincount(level, weights=truth) / np.bincount(level)
    order = np.argsort(probability, kind="stable")
    parts = np.array_split(np.arange(truth.size), min(bins, truth.size))
    expected, ordered = share[level][order], probability[order]
    return float(sum(abs(float(np.sum(ordered[part] - expected[part]))) for part in parts) / truth.size)


def _paired(y: ArrayLike, score: ArrayLike) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    truth, probability = np.asarray(y).astype(np.int64).ravel(), np.asarray(score, dtype=np.float64).ravel()
    if truth.size != probability.size:
        raise InputError(f"there are {truth.size} outcomes but {probability.size} scores")
    if not 0 < truth.sum() < truth.size:
        raise InputError(f"of {truth.size} outcomes {truth.sum()} are sales; both sales and refusals are needed")
    if not np.isfinite(probability).all() or probability.min() < 0 or probability.max() > 1:
        raise InputError("a score is not a probability from 0 to 1")
    return truth, probability
