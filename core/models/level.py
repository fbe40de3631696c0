"""The level of a model's scores: one shift on the log-odds that makes them agree with the newest known outcomes.

The share of sales can change within weeks, faster than a model can be trained and tried. A model's order of people
stays right for longer than its share of sales, so only the level is updated. This is recalibration in the large: the
intercept of a logistic model is updated with its scores as offset (Cox, Biometrika 45, 1958; Steyerberg, Clinical
Prediction Models, 2nd ed., 2019, chapter 20). A normal prior around 0 keeps the shift small where outcomes are few.

When it moves, a sequential test says: the detector of Shiryaev and Roberts (Theory of Probability and its Applications
8, 1963; Technometrics 8, 1966), which finds a change at an unknown time. A level that is right moves by mistake once in
`STEADY` outcomes on average, or less often, however often one looks. A new version is looked at with all outcomes of
`LOOK_BACK` at once: by Markov's inequality at most one right level in `STEADY / LOOK_BACK` moves then.

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
"""Standard errors by which the estimate must differ from the level in force: a smaller move is mostly luck."""

STEADY = 5_000
"""Outcomes between two moves by mistake, on average: the bound of the detector's expected time to a false alarm."""

LOOK_BACK = 1_000
"""How many of the newest outcomes may contradict a level. 200 are too few for a small shift: where one call in ten is a
sale, a shift of 0.5 takes about 700."""

DEPARTURES = np.array([-1.0, -0.5, -0.25, 0.25, 0.5, 1.0])
"""The errors of a level, in log-odds, that the test looks for. It finds others, too, a little later."""

EDGE = 1e-6  # scores of 0 and 1 have no log-odds; the estimate moves them inward by this much
PRECISION, ROUNDS = 1e-10, 100
EXPONENT = 700.0  # a larger one is no double

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


def left(scores: npt.ArrayLike, size: int) -> float:
    """How far off, in log-odds, the rule may leave a level that follows `size` outcomes with such n scores (as used).

    CERTAIN standard errors of an estimate from so many; 0 where levels follow nothing (`size` is 0) and without scores.
    """
    used = np.ravel(scores)[:size]
    return CERTAIN * error(used, 0.0) if used.size else 0.0


def contradiction(scores: npt.ArrayLike, positives: npt.ArrayLike) -> float:
    """How much n outcomes, the oldest first, speak against n scores (as used): Shiryaev and Roberts' detector.

    For each of `DEPARTURES` it is the sum, over all outcomes at which the world may have departed by so much, of the
    likelihood ratio from there on. While the scores are right, its mean over the departures grows by 1 an outcome on
    average, so the expected number of outcomes until it first reaches a bound is at least that bound.
    """
    probability = np.clip(np.asarray(scores, dtype=np.float64).ravel(), EDGE, 1 - EDGE)
    sold = np.asarray(positives, dtype=np.float64).ravel() > 0
    offset = np.log(probability / (1 - probability))
    departed = 1 / (1 + np.exp(-(offset + DEPARTURES[:, None])))
    log_ratio = np.where(sold, np.log(departed / probability), np.log((1 - departed) / (1 - probability)))
    since_each = np.cumsum(log_ratio[:, ::-1], axis=1)
    return float(np.exp(np.clip(since_each, -EXPONENT, EXPONENT)).sum(axis=1).mean())


def next_shift(shift: float, scores: npt.ArrayLike, positives: npt.ArrayLike, size: int) -> float:
    """The shift to put in force after `shift`, from a model's own scores of the newest n calls with outcomes.

    It is estimated from the newest `size` of them. 0 below LEAST_OUTCOMES; `shift` until the outcomes contradict it,
    and the estimate is CERTAIN standard errors away. So the same calls again change nothing. Raises InputError
    (`estimate`).
    """
    own, sold = np.ravel(scores), np.ravel(positives)
    if sold.size < LEAST_OUTCOMES or not size:
        return 0.0
    if contradiction(levelled(own, shift), sold) < STEADY:
        return shift
    newer = round(estimate(own[-size:], sold[-size:]), 6)
    return newer if abs(newer - shift) >= CERTAIN * error(own[-size:], newer) else shift


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
