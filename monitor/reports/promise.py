"""What a list of scores promises about its own outcomes, if the scores are the probabilities they claim to be.

People are called from the top of the list, so those with an outcome are a selection, and their AUC cannot be compared
with that of all. Selection by score leaves a calibrated score calibrated, so what these very scores promise for these
very calls is a fair bar. Outcomes are drawn from the scores (a parametric bootstrap) with a fixed seed, so that the
same window always gets the same verdict. The idea is that of confidence-based performance estimation (NannyML
documentation, "CBPE").

The order is judged among calls of about the same time, as an agent meets it on a day's list. Over months the level of
scores and the share of sales move, each at its own time; that a score of May is above one of March says nothing about
the order of either list.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import rankdata

from core.models.level import levelled
from core.sentences import Sentence

TOGETHER = 50
"""Calls in a row within which the order is judged."""
DRAWS, AT_ONCE, SEED = 20_000, 2_000, 20_100_514
FALSE_ALARMS = 0.001
"""Share of windows that break a promise that holds: half by AUC, a quarter in each other way. A champion is judged some
five times a week, so a world in which nothing changes rings in less than one week of a hundred."""


@dataclass(frozen=True)
class Promise:
    """The AUC (of `order_of`) and conversion that n scores promise, and the bounds outside of which they break it."""

    auc: float
    auc_low: float
    conversion: float
    conversion_low: float
    conversion_high: float

    def broken(self, auc: float, conversion: float) -> tuple[Sentence, ...]:
        """The ways in which the calls break the promise, in words; empty if they keep it."""
        problems = []
        if auc < self.auc_low:
            problems.append(
                Sentence(
                    "AUC {auc} is below {least}: the ranking has lost its order",
                    auc=f"{auc:.3f}",
                    least=f"{self.auc_low:.3f}",
                )
            )
        if conversion < self.conversion_low:
            problems.append(
                Sentence(
                    "conversion {share} is below {least}: scores promise too much",
                    share=f"{conversion:.3f}",
                    least=f"{self.conversion_low:.3f}",
                )
            )
        if conversion > self.conversion_high:
            problems.append(
                Sentence(
                    "conversion {share} is above {most}: scores promise too little",
                    share=f"{conversion:.3f}",
                    most=f"{self.conversion_high:.3f}",
                )
            )
        return tuple(problems)


def order_of(sold: ArrayLike, score: ArrayLike, together: int = TOGETHER) -> float:
    """The AUC of n calls in the order of time, counting pairs within each `together` calls in a row (0: all pairs).

    0.5 where no such pair has a sale and a refusal.
    """
    scores = np.asarray(score, dtype=np.float64)
    return float(_aucs(np.asarray(sold, dtype=np.bool_)[None, :], scores, together)[0])


def promise_of(score: ArrayLike, left: float = 0.0, together: int = 0) -> Promise:
    """What the n scores (probabilities of a sale) promise for n calls; `together`: see `order_of`.

    `left`: how far off their level may be, in log-odds, before the level itself moves (`core.models.level.left`). A
    conversion within that breaks no promise: the level follows it, and a training could do no more.
    """
    scores = np.asarray(score, dtype=np.float64)
    random, aucs, lowest, highest = np.random.default_rng(SEED), [], [], []
    least, most = levelled(scores, -left), levelled(scores, left)
    for _ in range(0, DRAWS, AT_ONCE):
        luck = random.random((AT_ONCE, scores.size))
        aucs.append(_aucs(luck < scores, scores, together))
        lowest.append((luck < least).mean(axis=1))
        highest.append((luck < most).mean(axis=1))
    auc = np.concatenate(aucs)
    return Promise(
        auc=float(auc.mean()),
        auc_low=float(np.quantile(auc, FALSE_ALARMS / 2)),
        conversion=float(scores.mean()),
        conversion_low=float(np.quantile(np.concatenate(lowest), FALSE_ALARMS / 4)),
        conversion_high=float(np.quantile(np.concatenate(highest), 1 - FALSE_ALARMS / 4)),
    )


def _aucs(drawn: NDArray[np.bool_], score: NDArray[np.float64], together: int = 0) -> NDArray[np.float64]:
    """AUC of each draw by rank sums (Mann-Whitney), ties counted half; draws of one class only say nothing."""
    above, pairs = np.zeros(len(drawn)), np.zeros(len(drawn))
    step = together or max(score.size, 1)
    for start in range(0, score.size, step):
        block, scores = drawn[:, start : start + step], score[start : start + step]
        sales = block.sum(axis=1)
        above += block @ rankdata(scores) - sales * (sales + 1) / 2
        pairs += sales * (scores.size - sales)
    known = pairs > 0
    return above[known] / pairs[known] if known.any() else np.array([0.5])
