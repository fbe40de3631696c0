"""How good a ranking is: the figures that training's gates and monitoring both state, computed in one place.

`y` is what came of n calls (True or 1 for a sale), `score` the n probabilities that were given before them. Needs
scikit-learn, which the services that train and monitor install and the others do not.
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
    """Quality of `size` scored calls, `sales` of them sales. AUC, capture: higher is better; the rest: lower."""

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
    """All figures of n calls at once. Raises InputError where they are not defined (see the functions)."""
    truth, given = _paired(y, score)
    return Quality(
        size=int(truth.size),
        sales=int(truth.sum()),
        auc=float(roc_auc_score(truth, given)),
        log_loss=float(log_loss(truth, given, labels=[0, 1])),
        brier=float(brier_score_loss(truth, given)),
        calibration_error=calibration_error(truth, given),
        top_half_capture=top_half_capture(truth, given),
    )


def top_half_capture(y: ArrayLike, score: ArrayLike) -> float:
    """The share of all sales found in the better half of the list: 0.5 for a list without order, 1 at best.

    The half ends at n/2 places. Rows with the same score share the places they take together, so the answer does not
    depend on how ties are ordered. Raises InputError when the sizes differ or y holds only one class.
    """
    truth, given = _paired(y, score)
    levels, level = np.unique(-given, return_inverse=True)  # best first
    rows = np.bincount(level, minlength=levels.size)
    sales = np.bincount(level, weights=truth, minlength=levels.size)
    before = np.cumsum(rows) - rows
    inside = np.clip((truth.size / 2 - before) / rows, 0.0, 1.0)
    return float((sales * inside).sum() / truth.sum())


def calibration_error(y: ArrayLike, score: ArrayLike, *, bins: int = CALIBRATION_BINS) -> float:
    """The expected calibration error over `bins` bins with the same number of rows each: 0 at best, 1 at worst.

    It is the mean distance, weighted by rows, of a bin's mean score from its share of sales. Bins of equal width, as in
    the first definition (Naeini, Cooper, Hauskrecht, AAAI 2015), would leave most of them empty: few scores are high.
    Rows with one score are spread evenly over the bins they fall into. Raises InputError as `top_half_capture`.
    """
    truth, given = _paired(y, score)
    _, level = np.unique(given, return_inverse=True)
    # A level's rows all carry its own share of sales, so the order within a level cannot matter.
    share = np.bincount(level, weights=truth) / np.bincount(level)
    order = np.argsort(given, kind="stable")
    parts = np.array_split(np.arange(truth.size), min(bins, truth.size))
    expected, ordered = share[level][order], given[order]
    return float(sum(abs(float(np.sum(ordered[part] - expected[part]))) for part in parts) / truth.size)


def _paired(y: ArrayLike, score: ArrayLike) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    truth, given = np.asarray(y).astype(np.int64).ravel(), np.asarray(score, dtype=np.float64).ravel()
    if truth.size != given.size:
        raise InputError(f"there are {truth.size} outcomes but {given.size} scores")
    if not 0 < truth.sum() < truth.size:
        raise InputError(f"of {truth.size} outcomes {truth.sum()} are sales; both sales and refusals are needed")
    if not np.isfinite(given).all() or given.min() < 0 or given.max() > 1:
        raise InputError("a score is not a probability from 0 to 1")
    return truth, given
