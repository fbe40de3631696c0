"""The level of a model's scores: one shift on the log-odds that makes them agree with the newest known outcomes.

The share of sales can move within weeks, faster than a model can be trained and tried. What a model knows of who is
likelier than whom holds longer than what it knows of how many say yes, so the order is left alone and only the level
follows. This is recalibration in the large, the update of a logistic model's intercept with its scores as offset (Cox,
Biometrika 45, 1958; Steyerberg, Clinical Prediction Models, 2nd ed., 2019, chapter 20). A normal prior around no shift
lets few outcomes move it little.

Pure functions on numpy alone: serving, monitoring and an offline replay apply the same.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from core.errors import InputError

DECIMALS = 12
"""Of a score, so that it is the same number wherever it is kept: the embedded MongoDB-wire server shortens a number
that is set in a stored document to 15 digits."""

PRIOR_SD = 0.5
"""Standard deviation of the prior on the shift, in log-odds: a factor of 1.6 on the odds is nothing unheard of. A wider
one chases the last outcomes, which costs log loss; a narrower one follows too late (docs/decisions/0009-level.md)."""

LARGEST = 10.0
"""No shift is larger: at odds of 22,000 to 1 the scores are not off, they are wrong."""

LEAST_OUTCOMES = 50
"""Below as many outcomes a version keeps the level it was trained at."""

CERTAIN = 2.0
"""Standard errors by which the newest outcomes must contradict the level in force before it moves. A level that follows
every outcome is mostly their luck where sales are few: of 200 calls with ten sales its error is as large as a plain
model's scores are apart, and people scored a day apart would change places by it."""

EDGE = 1e-6  # scores of 0 and 1 have no log-odds; for the estimate they are taken as this far from it
PRECISION, ROUNDS = 1e-10, 100

Numbers = npt.NDArray[np.float64]
Calls = tuple[Numbers, Numbers]
"""Scores of n calls as a model gave them, and what came of each (1: a sale), the oldest first; both of shape [n]."""


def newest(learnt: Calls, heard: Calls, size: int) -> Calls:
    """The newest `size` calls whose outcomes a model knows: those it has `heard` of since, before them the `learnt`.

    A new model begins with the newest outcomes it was fitted on. They are explained a little too well, which keeps its
    level nearer to where it was trained; without them it would come into service at the level of its whole window.
    """
    missing = max(size - heard[0].size, 0)
    first = [side[side.size - min(missing, side.size) :] for side in learnt]
    last = [side[max(side.size - size, 0) :] for side in heard]
    return np.concatenate([first[0], last[0]]), np.concatenate([first[1], last[1]])


def estimate(scores: npt.ArrayLike, positives: npt.ArrayLike) -> float:
    """The shift that makes n scores, as the model gave them, agree best with what came of the n calls (true: a sale).

    The mode of its posterior: the root of `sum(positive - expected) - shift / PRIOR_SD**2`, which falls everywhere,
    by Newton's method inside a bracket, because on scores near 0 and 1 Newton's steps alone may swing for ever. From
    -LARGEST to LARGEST; 0 of no calls. Raises InputError when the sizes differ or a score is not a probability.
    """
    given = np.asarray(scores, dtype=np.float64).ravel()
    truth = np.asarray(positives, dtype=np.float64).ravel()
    if given.size != truth.size:
        raise InputError(f"there are {truth.size} outcomes but {given.size} scores")
    if not ((given >= 0) & (given <= 1)).all():  # a NaN is refused too
        raise InputError("a score is not a probability from 0 to 1")
    edged = np.clip(given, EDGE, 1 - EDGE)
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
    """The standard error of a shift estimated on n scores, as the model gave them: its posterior's, near the mode."""
    expected = levelled(np.ravel(scores), shift)
    return float(1 / np.sqrt((expected * (1 - expected)).sum() + 1 / PRIOR_SD**2))


def followed(shift: float, scores: npt.ArrayLike, positives: npt.ArrayLike) -> float:
    """The shift to put in force after `shift`, from the newest n known calls (see `estimate`).

    None (0) below LEAST_OUTCOMES; as it is while it lies within CERTAIN standard errors of the estimate. The same calls
    again change nothing. Raises InputError.
    """
    if np.size(positives) < LEAST_OUTCOMES:
        return 0.0
    newer = round(estimate(scores, positives), 6)
    return newer if abs(newer - shift) >= CERTAIN * error(scores, newer) else shift


def levelled(scores: npt.ArrayLike, shift: float) -> Numbers:
    """n scores (probabilities) moved by `shift` on the log-odds, in their order and shape; 0 and 1 stay 0 and 1.

    Never changes which of two scores is higher, but for what rounding to DECIMALS makes equal. Without a shift the
    scores come back as they are.
    """
    given = np.asarray(scores, dtype=np.float64)
    if shift == 0:
        return given
    # The odds are multiplied by exp(shift); the larger side is left as it is, so that nothing overflows.
    sale, refusal = (given, (1 - given) * np.exp(-shift)) if shift > 0 else (given * np.exp(shift), 1 - given)
    moved: Numbers = np.round(sale / (sale + refusal), DECIMALS)
    return moved


def raw(scores: npt.ArrayLike, shift: float) -> Numbers:
    """The n scores that were `levelled` by `shift`, as the model gave them, up to rounding."""
    return levelled(scores, -shift)
