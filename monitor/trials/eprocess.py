"""Evidence that may be read after every outcome: an e-process for a mean, and its confidence sequence.

`gain` holds n bounded differences, each known to lie in [low, high] before it is seen (a pair of forecasts has one
value for a sale and one for a refusal). The null is the weak one of Choe and Ramdas, "Comparing Sequential Forecasters"
(arXiv 2110.00115, section 4.4): at no time is the *average* of their conditional means above 0; single ones may be.

Their Theorem 3 takes exp(l * sum(gain) - psi(l) * sum((gain - g)^2)), a bet of size l below 1/c, where c bounds every
possible difference. Its proof uses an inequality of Fan, Grama and Liu (EJP 20, 2015), exp(l*x - psi(l)*x^2) <= 1 +
l*x, of which only the right side is needed. This module uses the right side, with each difference's own bound:

    E(l) = product over i of  exp(l*g_i) * (1 + l*(gain_i - g_i)),    g_i <= 0 chosen so that each factor is positive.

The conditional mean of a factor is exp(l*g_i) * (1 + l*(mu_i - g_i)) <= exp(l*mu_i), because 1 + x <= exp(x). Hence
E(l) * exp(-l * sum(mu_i)) is a nonnegative supermartingale that starts at 1. While the average of the mu_i is not above
0, E(l) is below it, so by Ville's inequality the chance that E(l) *ever* reaches 1/alpha is at most alpha. As l is the
same for all i, nothing more is assumed, and a mixture over l is again an e-process (their Theorem 3). It is never below
theirs with the same l and g. Their default mixture (gamma-exponential) has a closed form for one common bound only,
which is 13.8 for log scores here; `bench.decisions` prints what either finds.

The confidence sequence solves the same for the mean (their Theorem 2): it excludes a mean m once the mixture of E(l) *
exp(-l*n*m) has reached 2/alpha, on either side. It holds at all times together.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import logsumexp

Values = NDArray[np.float64]

LOSE_AT_MOST = 0.9  # of the stake, by one outcome: a factor of 0 would end the evidence for ever


@dataclass(frozen=True)
class Differences:
    """n differences and the predictable bounds [low, high] of each, all of shape [n]."""

    gain: Values
    low: Values
    high: Values

    @property
    def mirrored(self) -> Differences:
        """With the sides changed: evidence against the canary is evidence for the champion."""
        return Differences(-self.gain, -self.high, -self.low)

    def first(self, n: int) -> Differences:
        """The first n differences."""
        return Differences(self.gain[:n], self.low[:n], self.high[:n])


def log_bets(differences: Differences, sizes: Values) -> Values:
    """log E(l) after each of the n differences for each of the k bet sizes: shape [n, k]."""
    shift = np.minimum(0.0, LOSE_AT_MOST / sizes + differences.low[:, None])
    factors = sizes * shift + np.log1p(sizes * (differences.gain[:, None] - shift))
    return np.asarray(np.cumsum(factors, axis=0), dtype=np.float64)


def log_evidence(differences: Differences, sizes: Values) -> Values:
    """The log of the e-process (the equal mixture over the bet sizes) after each of the n differences: shape [n]."""
    return np.asarray(logsumexp(log_bets(differences, sizes), axis=1) - np.log(sizes.size), dtype=np.float64)


def evidence(differences: Differences, sizes: Values) -> float:
    """The e-value after all n differences: 1 before the first."""
    return float(np.exp(min(log_evidence(differences, sizes)[-1], 700.0))) if differences.gain.size else 1.0


def confidence(
    differences: Differences, sizes: Values, alpha: float, weight: float, bound: float
) -> tuple[float, float]:
    """The confidence sequence of the mean after all n differences, of level 1 - alpha, cut at ±`bound`.

    The mean is that of the conditional means over `weight`, which is n where each difference is one observation.
    """

    def lower(side: Differences) -> float:
        if not side.gain.size or weight <= 0:
            return -bound
        bets = log_bets(side, sizes)[-1]

        def ruled_out(mean: float) -> float:
            return float(logsumexp(bets - sizes * weight * mean) - np.log(sizes.size) - np.log(2 / alpha))

        if ruled_out(-bound) <= 0:
            return -bound
        return bound if ruled_out(bound) >= 0 else float(brentq(ruled_out, -bound, bound))

    return lower(differences), -lower(differences.mirrored)
