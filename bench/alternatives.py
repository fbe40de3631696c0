"""What other rules of promotion would have done on the same streams.

`ranking`: the mean of the evidence from score and from ranking promotes, not the evidence from score alone.
`brier`: the Brier score instead of the log score, with bets that suit it.
`one bound`: the log score by Choe and Ramdas (arXiv 2110.00115, Theorem 3 with the gamma-exponential mixture of their
section B.1), with one bound for all differences.
`fixed horizon`: a one-sided z-test of the mean score gain at 5%, repeated after every outcome although it allows one.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammainc, gammaln

from monitor.trials.eprocess import Differences, log_evidence
from monitor.trials.evidence import Pair
from monitor.trials.gains import LARGEST_SCORE_GAIN, RANKING_BETS, SCORE_BETS, ranking_gain, score_gain
from monitor.trials.verdict import TrialRules

Values = NDArray[np.float64]

BRIER_BETS: Values = np.geomspace(0.5, 12, 8)
INTRINSIC_TIME = 40.0  # the sum of squared gains at which a better canary should be found, for the mixture's parameter
Z = 1.645


def promotions(pairs: Sequence[Pair], rules: TrialRules) -> dict[str, bool]:
    """Whether each of the other rules ever promotes, from `rules.minimum` outcomes on."""
    sold = np.array([pair.positive for pair in pairs])
    champion = np.array([pair.champion for pair in pairs])
    canary = np.array([pair.canary for pair in pairs])
    score, ranking = score_gain(sold, champion, canary), ranking_gain(sold, champion, canary, rules.window)
    of_score, of_sales = log_evidence(score, SCORE_BETS), log_evidence(ranking.of_sales, RANKING_BETS)
    not_worse = (np.cumsum(score.gain) >= 0) & (ranking.auc >= 0)
    shown = {
        "ranking": np.logaddexp(of_score, of_sales) - np.log(2),
        "brier": log_evidence(brier_gain(sold, champion, canary), BRIER_BETS),
        "one bound": one_bound(score.gain, 2 * LARGEST_SCORE_GAIN, INTRINSIC_TIME, rules.promote),
    }
    promoted = {name: _ever(log_e >= -np.log(rules.promote), not_worse, rules) for name, log_e in shown.items()}
    return promoted | {"fixed horizon": _ever(_z(score.gain) >= Z, not_worse, rules)}


def brier_gain(sold: NDArray[np.bool_], champion: Values, canary: Values) -> Differences:
    """The Brier score of the champion less that of the canary (losses, so above 0 the canary is better): shape [n]."""
    if_sold, if_not = (1 - champion) ** 2 - (1 - canary) ** 2, champion**2 - canary**2
    return Differences(np.where(sold, if_sold, if_not), np.minimum(if_sold, if_not), np.maximum(if_sold, if_not))


def one_bound(gain: Values, bound: float, intrinsic_time: float, alpha: float) -> Values:
    """The log of the gamma-exponential mixture after each of the n differences, all within a range of `bound`.

    Each difference is centred on the mean of the earlier ones. The mixture's parameter is the approximation of Howard
    et al. (Annals of Statistics 49, 2021, Proposition 3) for `intrinsic_time`. Outside the closed form, the bound of
    Choe and Ramdas (their appendix) applies.
    """
    means = np.cumsum(gain) / np.arange(1, gain.size + 1)
    time = np.cumsum((gain - np.concatenate([[0.0], means[:-1]])) ** 2)
    odds = 2 * np.log(1 / alpha)
    rho = intrinsic_time / (odds + np.log1p(odds)) / bound**2
    constant = rho * np.log(rho) - gammaln(rho) - np.log(gammainc(rho, rho))
    shape, reach = time / bound**2 + rho, (bound * np.cumsum(gain) + time) / bound**2 + rho
    inside = reach > 1e-8
    reach = np.where(inside, reach, 1.0)
    closed = gammaln(shape) + np.log(gammainc(shape, reach)) - shape * np.log(reach) + reach - rho
    return np.asarray(constant + np.where(inside, closed, -rho - np.log(shape)), dtype=np.float64)


def _z(gain: Values) -> Values:
    n = np.arange(1, gain.size + 1)
    mean = np.cumsum(gain) / n
    variance = np.maximum(np.cumsum(gain**2) / n - mean**2, 1e-12)
    return np.asarray(mean / np.sqrt(variance / n), dtype=np.float64)


def _ever(shown: NDArray[np.bool_], not_worse: NDArray[np.bool_], rules: TrialRules) -> bool:
    return bool((shown & not_worse)[rules.minimum - 1 :].any())
