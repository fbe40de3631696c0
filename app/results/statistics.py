"""Statistics of calls: rates with their intervals, cumulative gains, and the calls that an order saved.

`sold` is the results of n calls (true: a sale). An order is n numbers, the higher the earlier: scores, or the negative
time of the call. Calls with equal numbers have no order among themselves, so their expected place is taken. Pure
functions on numpy alone.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.errors import InputError

CONFIDENCE = 0.95  # of every interval
Numbers = NDArray[np.float64]
Group = TypeVar("Group", bound=Hashable)


class Interval(NamedTuple):
    """The two ends of an interval."""

    low: float
    high: float


@dataclass(frozen=True)
class Rate:
    """The number of `calls`, and how many of these were `sales`."""

    calls: int
    sales: int

    @property
    def share(self) -> float:
        """Sales per call, 0 to 1; nan without calls."""
        return self.sales / self.calls if self.calls else math.nan

    @property
    def interval(self) -> Interval:
        """Wilson's interval for the share of sales among unlimited calls like these, with `CONFIDENCE`.

        E. B. Wilson, Journal of the American Statistical Association 22 (1927) 209-212. The textbook's plus or minus
        two standard errors is far too short for few calls, and has no width without a sale (L. D. Brown, T. T. Cai, A.
        DasGupta, Statistical Science 16 (2001) 101-133). From 0 to 1 without calls.
        """
        if not self.calls:
            return Interval(0.0, 1.0)
        z = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
        spread = z**2 / self.calls
        middle = (self.share + spread / 2) / (1 + spread)
        half = z * math.sqrt(self.share * (1 - self.share) / self.calls + spread / (4 * self.calls)) / (1 + spread)
        # Without a sale, and with sales only, one end is 0 or 1 except for rounding.
        low = 0.0 if self.sales == 0 else middle - half
        return Interval(low, 1.0 if self.sales == self.calls else middle + half)

    def __add__(self, other: Rate) -> Rate:
        return Rate(self.calls + other.calls, self.sales + other.sales)


def rate(sold: ArrayLike) -> Rate:
    """The rate of n calls."""
    truth = np.asarray(sold, dtype=bool)
    return Rate(int(truth.size), int(truth.sum()))


def by_group(parts: Iterable[tuple[Group, Rate]]) -> dict[Group, Rate]:
    """The sum of `parts` for each group, in the order in which the groups first occur."""
    sums: dict[Group, Rate] = {}
    for group, part in parts:
        sums[group] = sums.get(group, Rate(0, 0)) + part
    return sums


def edges(values: ArrayLike, parts: int = 4) -> list[float]:
    """The last value, inclusive, of each of at most `parts` parts of about the same size of n numbers.

    Each end is one of the values, and equal values stay in one part, so there may be fewer; empty without numbers.
    """
    ordered = np.sort(np.asarray(values, dtype=np.float64))
    if not ordered.size:
        return []
    places = [math.ceil(ordered.size * part / parts) - 1 for part in range(1, parts + 1)]
    return [float(end) for end in np.unique(ordered[places])]


class Gains(NamedTuple):
    """After the share `called` of the calls, the share `found` of their sales was made. Both [m], from 0 to 1."""

    called: Numbers
    found: Numbers


def gains(sold: ArrayLike, order: ArrayLike, *, points: int = 100) -> Gains:
    """The cumulative gains of n calls in `order`, at m = `points` + 1 even steps, or at every call if these are fewer.

    Raises InputError without a sale, or when the sizes differ.
    """
    truth, numbers = _paired(sold, order)
    rows, sales = _levels(truth, numbers)
    called = np.concatenate([[0.0], np.cumsum(rows)]) / truth.size
    found = np.concatenate([[0.0], np.cumsum(sales)]) / truth.sum()
    steps = np.linspace(0.0, 1.0, min(points, truth.size) + 1)
    return Gains(steps, np.interp(steps, called, found))


def sales_found_at(curve: Gains, called: Sequence[float]) -> list[float]:
    """The share of the sales found after each share of the calls `called`."""
    return [float(found) for found in np.interp(called, curve.called, curve.found)]


def calls_needed(sold: ArrayLike, order: ArrayLike, wanted: int) -> float:
    """The calls that the first `wanted` sales take in `order`; a whole number where no two calls have equal numbers.

    Among r calls with equal numbers, s of them sales, the j-th sale is expected at place j (r + 1) / (s + 1). Raises
    InputError with fewer sales, or when the sizes differ.
    """
    truth, numbers = _paired(sold, order)
    _require(wanted, int(truth.sum()))
    rows, sales = _levels(truth, numbers)
    level = int(np.searchsorted(np.cumsum(sales), wanted))
    rows_before, sales_before = float(rows[:level].sum()), float(sales[:level].sum())
    return rows_before + (wanted - sales_before) * float(rows[level] + 1) / float(sales[level] + 1)


class RandomOrder(NamedTuple):
    """The calls that random order takes: their mean, and the interval of `CONFIDENCE` of all cases."""

    mean: float
    interval: Interval


def in_random_order(of: Rate, wanted: int) -> RandomOrder:
    """The calls that the first `wanted` sales take where the calls `of` are made in random order.

    The negative hypergeometric distribution, exact (N. L. Johnson, A. W. Kemp, S. Kotz, Univariate Discrete
    Distributions, 3rd ed., 2005, chapter 6): of N calls with S sales, the k-th sale comes at call n with probability
    C(n-1, k-1) C(N-n, S-k) / C(N, S), on average at k (N + 1) / (S + 1). Raises InputError with fewer sales.
    """
    _require(wanted, of.sales)
    logs = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, of.calls + 1)))])  # of factorials

    def ways(among: NDArray[np.int64], chosen: int) -> Numbers:
        return np.asarray(logs[among] - logs[chosen] - logs[among - chosen], dtype=np.float64)

    place = np.arange(wanted, of.calls - of.sales + wanted + 1)
    total = ways(np.asarray([of.calls]), of.sales)
    reached = np.cumsum(np.exp(ways(place - 1, wanted - 1) + ways(of.calls - place, of.sales - wanted) - total))
    tails = (1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2
    ends = [int(place[min(int(np.searchsorted(reached, tail)), place.size - 1)]) for tail in tails]
    return RandomOrder(wanted * (of.calls + 1) / (of.sales + 1), Interval(*map(float, ends)))


@dataclass(frozen=True)
class Saved:
    """The first `sales` sales took `needed` calls; in random order they would have taken `random`."""

    sales: int
    needed: float
    random: RandomOrder

    @property
    def calls(self) -> float:
        """The calls saved: the mean of random order, less the calls that were needed."""
        return self.random.mean - self.needed


def saved(sold: ArrayLike, order: ArrayLike, share: float = 0.5) -> Saved:
    """The calls that `order` saved until `share` (0 to 1) of the sales were made.

    With k = ceil(share S) of the S sales of N calls, k (N + 1) / (S + 1) less the place of the k-th sale. Only calls
    that were made are compared, because nobody knows the results of other calls. A team that calls only the better
    part of a list therefore saves more than this. Raises InputError without a sale.
    """
    truth, numbers = _paired(sold, order)
    wanted = max(1, math.ceil(round(share * int(truth.sum()), 9)))
    return Saved(wanted, calls_needed(truth, numbers, wanted), in_random_order(rate(truth), wanted))


def _levels(truth: NDArray[np.bool_], order: Numbers) -> tuple[Numbers, Numbers]:
    """Calls and sales at each of the m different numbers, the highest first."""
    _, level = np.unique(-order, return_inverse=True)
    rows, sales = np.bincount(level), np.bincount(level, weights=truth)
    return rows.astype(np.float64), sales.astype(np.float64)


def _paired(sold: ArrayLike, order: ArrayLike | Sequence[float]) -> tuple[NDArray[np.bool_], Numbers]:
    truth, numbers = np.asarray(sold, dtype=bool).ravel(), np.asarray(order, dtype=np.float64).ravel()
    if truth.size != numbers.size:
        raise InputError(f"there are {truth.size} outcomes but an order of {numbers.size}")
    if not truth.any():
        raise InputError("these calls have no sale")
    return truth, numbers


def _require(wanted: int, sales: int) -> None:
    if not 1 <= wanted <= sales:
        raise InputError(f"there are {sales} sales, so {wanted} cannot be reached")
