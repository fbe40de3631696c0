"""What the canary gains on the champion, call by call: in score, and in ranking.

Both forecasts of a call are made before it, so the gain of either outcome is known before the outcome is, as `eprocess`
needs. Arrays have shape [n], in the order in which outcomes became known.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from monitor.trials.eprocess import Differences, Values

EDGE = 0.001  # forecasts are cut to [EDGE, 1 - EDGE]: a certain and wrong one would lose without end
LARGEST_SCORE_GAIN = float(np.log((1 - EDGE) / EDGE))

# Bet sizes. Scores: a canary that is right wherever the two differ gains on average half of its variance (both follow
# from the Kullback-Leibler divergence, to second order), at any base rate and difference, so the best bet is 0.5, and
# smaller the more the canary errs. Ranking: around the best bets of simulated models that differ by 0.02 to 0.06 in
# AUC, at base rates of 5% to 45%.
SCORE_BETS: Values = np.geomspace(0.1, 1.0, 6)
RANKING_BETS: Values = np.geomspace(0.3, 5.0, 6)

Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class RankingGain:
    """`of_sales`: the gain of each sale, 0 for a refusal. `auc` [n]: the difference of the AUCs after each outcome."""

    of_sales: Differences
    auc: Values


def score_gain(sold: Flags, champion: Values, canary: Values) -> Differences:
    """The log score of the canary's forecast less that of the champion's, in nats; above 0 the canary is better.

    Not Brier's score: its differences vary with the base rate, so bets that fit one rate do not fit another, and where
    sales are rare it hardly counts a sale that only one model predicted. In simulation the log score finds the better
    model at least as often at every base rate from 5% to 45%, with one set of bets (`bench.decisions` prints both).
    """
    old, new = (np.clip(score, EDGE, 1 - EDGE) for score in (champion, canary))
    return _of_outcomes(sold, np.log(new / old), np.log((1 - new) / (1 - old)))


def ranking_gain(sold: Flags, champion: Values, canary: Values, window: int) -> RankingGain:
    """How much better the canary orders each call among the `window` calls known before it.

    A sale's gain is the share of the refusals before it that the canary ranks below it, less the champion's share; a
    tie is half. Each model's scores are compared only with its own. `auc` takes the pairs from both sides (a refusal
    belongs below the sales before it, too), because a list is called from its top: later people have lower scores, so
    by sales alone the model that ordered the list always looks wrong. Only the sales fit an e-process: a refusal meets
    the same few sales again and again, and their luck is no gain.
    """
    size = max(1, min(window, sold.size))
    outcomes = _before(sold.astype(np.float64), size)
    sales, refusals = outcomes == 1, outcomes == 0
    met_sales, met_refusals = _count(sales), _count(refusals)
    above, below = (
        np.zeros(sold.size),
        np.zeros(sold.size),
    )  # the canary's right pairs less the champion's
    for score, half in ((canary, 0.5), (champion, -0.5)):
        others = _before(score, size)
        higher, lower = score[:, None] > others, score[:, None] < others
        above += half * (_count(higher & refusals) - _count(lower & refusals))
        below += half * (_count(lower & sales) - _count(higher & sales))
    pairs = np.cumsum(np.where(sold, met_refusals, met_sales))
    return RankingGain(
        of_sales=_of_outcomes(sold, above / np.maximum(met_refusals, 1), np.zeros(sold.size)),
        auc=np.cumsum(np.where(sold, above, below)) / np.maximum(pairs, 1),
    )


def _before(values: Values, size: int) -> Values:
    """The `size` values before each of the n, nan where there were fewer: shape [n, size]."""
    return sliding_window_view(np.concatenate([np.full(size, np.nan), values[:-1]]), size)


def _count(flags: Flags) -> Values:
    return np.asarray(np.count_nonzero(flags, axis=1), dtype=np.float64)


def _of_outcomes(sold: Flags, if_sold: Values, if_not: Values) -> Differences:
    return Differences(np.where(sold, if_sold, if_not), np.minimum(if_sold, if_not), np.maximum(if_sold, if_not))
