"""The level of a model's scores: one shift on the log-odds that makes them agree with the newest known outcomes.

The share of sales can change within weeks, faster than a model can be trained and tried. A model's order of people
stays right for longer than its share of sales, so only the level is updated. This is recalibration in the large: the
intercept of a logistic model is updated with its scores as offset (Cox, Biometrika 45, 1958; Steyerberg, Clinical
Prediction Models, 2nd ed., 2019, chapter 20). A normal prior around 0 keeps the shift small where outcomes are few.

Pure functions on numpy alone, so serving, monitoring and an offline replay compute the same.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from core.errors import InputError

DECIMALS = 12
"""Decimals of a score. The embedded MongoDB-wire server shortens an updated number to 15 digits; this survives it."""

PRIOR_SD = 0.5
"""Standard deviation of the prior on the shift, in log-odds: a factor of 1.6 on the odds is common. A wider prior
chases the last outcomes, which costs log loss; a narrower one follows too late (docs/decisions/0009-level.md)."""

LARGEST = 10.0
"""The largest shift. Scores that need a factor of 22,000 on the odds are wrong, not shifted."""

LEAST_OUTCOMES = 50
"""With fewer outcomes a version keeps the level it was trained at."""

CERTAIN = 2.0
"""Standard errors by which the newest outcomes must contradict the level in force before it moves. Where sales are few,
a level that follows every outcome is mostly luck: with ten sales in 200 calls its error is as large as the spread of a
plain model's scores, so people scored on different days would change places."""

EDGE = 1e-6  # scores of 0 and 1 have no log-odds; the estimate moves them inward by this much
PRECISION, ROUNDS = 1e-10, 100

Numbers = npt.NDArray[np.float64]
Calls = tuple[Numbers, Numbers]
"""A model's own scores of n calls and their outcomes (1: a sale), the oldest first; both of shape [n]."""


def newest(learnt: Calls, heard: Calls, size: int) -> Calls:
    """The newest `size` calls with outcomes: those `learnt` in training, then those `heard` since.

    Without those of training a new model would enter service at the level of its whole window. It fits them a little
    too well, which keeps its level near that of training.
    """
    missing = max(size - heard[0].size, 0)
    older = [side[side.size - min(missing, side.size) :] for side in learnt]
    newer = [side[max(side.size - size, 0) :] for side in heard]
    return np.concatenate([older[0], newer[0]]), np.concatenate([older[1], newer[1]])


def estimate(scores: npt.ArrayLike, positives: npt.ArrayLike) -> float:
    """The shift that makes n scores, as the model gave them, agree best with the n outcomes (true: a sale).

    It is the mode of the posterior: the root of `sum(positive - expected) - shift / PRIOR_SD**2`, which falls
    everywhere. Newton's method finds it inside a bracket, because near scores of 0 and 1 its steps may swing for ever.
    From -LARGEST to LARGEST; 0 without calls. Raises InputError when sizes differ or a score is not a probability.
    """
    probability = np.asarray(scores, dtype=np.float64).ravel()
    truth = np.asarray(positives, dtype=np.float64).ravel()
    if probability.size != truth.size:
        raise InputError(f"there are {truth.size} outcomes but {probability.size} scores")
    if not ((probability >= 0) & (probability <= 1)).all():  # a NaN is refused too
        raise InputError("a score is not a probability from 0 to 1")
    edged = np.clip(probability, EDGE, 1 - EDGE)
    offset = np.log(edged / (1 - edged))
    low, high, shift = -LARGEST, LARGEST, 0.0
    for _ in range(ROUNDS):
        expected = 1 / (1 + np.exp(-(offset + shift)))
        slope = float((truth - expected).sum()) - shift / PRIOR_SD**2
        step = slope / (float((expected * (1 - expected)).sum()) + 1 / PRIOR_SD**2)
        if abs(step) < PRECISION:
            break
        low, high = (shift, high) if slope > 0 else (low, shift)
        shift = shift + step if low < shift + step < high else (low + high) / 2
    return shift


def error(scores: npt.ArrayLike, shift: float) -> float:
    """The standard error of a shift estimated on n scores, as the model gave them: the posterior's, near its mode."""
    expected = levelled(np.ravel(scores), shift)
    return float(1 / np.sqrt((expected * (1 - expected)).sum() + 1 / PRIOR_SD**2))


def next_shift(shift: float, scores: npt.ArrayLike, positives: npt.ArrayLike) -> float:
    """The shift to put in force after `shift`, from the newest n calls with outcomes. Raises InputError (`estimate`).

    0 below LEAST_OUTCOMES; `shift` while it is within CERTAIN standard errors, so the same calls again change nothing.
    """
    if np.size(positives) < LEAST_OUTCOMES:
        return 0.0
    newer = round(estimate(scores, positives), 6)
    return newer if abs(newer - shift) >= CERTAIN * error(scores, newer) else shift


def levelled(scores: npt.ArrayLike, shift: float) -> Numbers:
    """n scores (probabilities) moved by `shift` on the log-odds, in their order and shape; 0 and 1 stay 0 and 1.

    The order of two scores never changes; rounding to DECIMALS may make them equal. A shift of 0 changes nothing.
    """
    before = np.asarray(scores, dtype=np.float64)
    if shift == 0:
        return before
    # exp(shift) multiplies the odds. The smaller side is multiplied and the larger one is not, so nothing overflows.
    sale, refusal = (before, (1 - before) * np.exp(-shift)) if shift > 0 else (before * np.exp(shift), 1 - before)
    moved: Numbers = np.round(sale / (sale + refusal), DECIMALS)
    return moved


def unlevelled(scores: npt.ArrayLike, shift: float) -> Numbers:
    """n scores that were `levelled` by `shift`, as the model gave them, up to rounding."""
    return levelled(scores, -shift)
