"""The mixture of two models: the weighted mean of their log-odds, and the weight that outcomes give it.

    log-odds(mixture) = weight * log-odds(newer) + (1 - weight) * log-odds(older)

This is the logarithmic opinion pool of two forecasts (Genest and Zidek, Combining Probability Distributions,
Statistical Science 1, 1986). Drawing one of the two models for each person would put two orders into one list; a mean
makes one.

The weight is the chance that the newer model is the better one of the two, by Bayes' rule with the likelihood of the
forecasts that each made before the outcome was known (Dawid, Statistical Theory: The Prequential Approach, JRSS A 147,
1984):

    weight / (1 - weight) = prior / (1 - prior) * exp(sum of the newer model's gains in log score)

Pure functions on numpy alone, so that serving, monitoring and a replay compute the same.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from core.errors import InputError
from core.models.level import DECIMALS, EDGE, Numbers


def mixed(older: npt.ArrayLike, newer: npt.ArrayLike, weight: float) -> Numbers:
    """The scores of the mixture of n scores each, in their order and shape; `weight` is that of `newer`, from 0 to 1.

    Each lies between the two it is made of; a weight of 0 or 1 gives the scores of one model unchanged. Raises
    InputError when sizes differ, or when a score or the weight is not from 0 to 1.
    """
    before, after = (np.asarray(scores, dtype=np.float64) for scores in (older, newer))
    if before.shape != after.shape:
        raise InputError(f"there are {before.size} scores of one model but {after.size} of the other")
    for values in (before, after, np.asarray(weight)):
        if not ((values >= 0) & (values <= 1)).all():  # a NaN is refused too
            raise InputError("a score or a weight is not from 0 to 1")
    if weight in (0, 1):
        return after if weight else before
    odds = weight * _log_odds(after) + (1 - weight) * _log_odds(before)
    pooled = np.round(1 / (1 + np.exp(-odds)), DECIMALS)
    return np.asarray(np.clip(pooled, np.minimum(before, after), np.maximum(before, after)), dtype=np.float64)


def weight(prior: float, gains: npt.ArrayLike) -> float:
    """The weight of the newer model after n outcomes, from 0 to 1; the order of the outcomes does not matter.

    `gains` [n]: its log score of each outcome less that of the older model, in nats. `prior` is its weight before the
    first. Raises InputError for a prior that is not between 0 and 1.
    """
    if not 0 < prior < 1:
        raise InputError("the prior of a mixture must be between 0 and 1")
    odds = np.log(prior / (1 - prior)) + float(np.sum(gains))
    return float(1 / (1 + np.exp(-np.clip(odds, -700, 700))))


def _log_odds(scores: Numbers) -> Numbers:
    edged = np.clip(scores, EDGE, 1 - EDGE)
    return np.asarray(np.log(edged / (1 - edged)), dtype=np.float64)
