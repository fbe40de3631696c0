"""What came of the calls, in figures: rates that say how sure they are, gains, and the calls that the order saved.

`sold` is what came of n calls (true: a sale). Where an order is asked for it is given as n numbers, the higher the
earlier: scores, or the time of the call with its sign turned. Calls of equal number stand in no order among themselves,
so their expected place is taken. Pure functions on numpy alone.
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

CONFIDENCE = 0.95
"""Of every interval."""

Numbers = NDArray[np.float64]
Group = TypeVar("Group", bound=Hashable)


class Between(NamedTuple):
    """The two ends of an interval."""

    low: float
    high: float


@dataclass(frozen=True)
class Rate:
    """How many of `calls` were sales."""

    calls: int
    sales: int

    @property
    def share(self) -> float:
        """Sales a call, 0 to 1; nan of no calls."""
        return self.sales / self.calls if self.calls else math.nan

    @property
    def sure(self) -> Between:
        """Wilson's interval: where the share that would be found of ever more such calls lies, with `CONFIDENCE`.

        E. B. Wilson, Journal of the American Statistical Association 22 (1927) 209-212. Not the textbook's plus or
        minus of two standard errors, which is far too short for few calls and nothing at all for no sale (L. D. Brown,
        T. T. Cai, A. DasGupta, Statistical Science 16 (2001) 101-133). From 0 to 1 of no calls.
        """
        if not self.calls:
            return Between(0.0, 1.0)
        z = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
        spread = z**2 / self.calls
        middle = (self.share + spread / 2) / (1 + spread)
        half = z * math.sqrt(self.share * (1 - self.share) / self.calls + spread / (4 * self.calls)) / (1 + spread)
        # At no sale, and at nothing but sales, an end is 0 or 1 up to rounding.
        low = 0.0 if self.sales == 0 else middle - half
        return Between(low, 1.0 if self.sales == self.calls else middle + half)

    def __add__(self, other: Rate) -> Rate:
        return Rate(self.calls + other.calls, self.sales + other.sales)


def rate(sold: ArrayLike) -> Rate:
    """Of n calls."""
    truth = np.asarray(sold, dtype=bool)
    return Rate(int(truth.size), int(truth.sum()))


def by_group(parts: Iterable[tuple[Group, Rate]]) -> dict[Group, Rate]:
    """`parts` added up by their group, in the order in which the groups were first met."""
    found: dict[Group, Rate] = {}
    for group, part in parts:
        found[group] = found.get(group, Rate(0, 0)) + part
    return found


def edges(values: ArrayLike, parts: int = 4) -> list[float]:
    """Ends (each part's last value, inclusive) that cut n numbers into at most `parts` of about the same size.

    Ends are values that occur, and equal values are never parted, so there may be fewer; none of no numbers.
    """
    given = np.sort(np.asarray(values, dtype=np.float64))
    if not given.size:
        return []
    places = [math.ceil(given.size * part / parts) - 1 for part in range(1, parts + 1)]
    return [float(end) for end in np.unique(given[places])]


class Gains(NamedTuple):
    """After `called` (0 to 1) of the calls, `found` (0 to 1) of their sales were made. Both [m], from 0 to 1."""

    called: Numbers
    found: Numbers


def gains(sold: ArrayLike, order: ArrayLike, *, points: int = 100) -> Gains:
    """The cumulative gains of n calls in `order`, at m = `points` + 1 even steps or at every call if these are fewer.

    Raises InputError without a sale, or when the sizes differ.
    """
    truth, given = _paired(sold, order)
    rows, sales = _levels(truth, given)
    called = np.concatenate([[0.0], np.cumsum(rows)]) / truth.size
    found = np.concatenate([[0.0], np.cumsum(sales)]) / truth.sum()
    steps = np.linspace(0.0, 1.0, min(points, truth.size) + 1)
    return Gains(steps, np.interp(steps, called, found))


def at(curve: Gains, called: Sequence[float]) -> list[float]:
    """The share of the sales found after each share of the calls `called`."""
    return [float(found) for found in np.interp(called, curve.called, curve.found)]


def needed(sold: ArrayLike, order: ArrayLike, wanted: int) -> float:
    """How many of the n calls, made in `order`, the first `wanted` sales take. A whole number where none are equal.

    Among r calls of equal number, s of them sales, the j-th sale is expected at place j (r + 1) / (s + 1). Raises
    InputError without as many sales, or when the sizes differ.
    """
    truth, given = _paired(sold, order)
    _require(wanted, int(truth.sum()))
    rows, sales = _levels(truth, given)
    level = int(np.searchsorted(np.cumsum(sales), wanted))
    rows_before, sales_before = float(rows[:level].sum()), float(sales[:level].sum())
    return rows_before + (wanted - sales_before) * float(rows[level] + 1) / float(sales[level] + 1)


class Chance(NamedTuple):
    """What chance alone would do: on average, and `between` in `CONFIDENCE` of all cases."""

    mean: float
    between: Between


def in_random_order(of: Rate, wanted: int) -> Chance:
    """How many calls the first `wanted` sales take where the calls `of` are made in random order.

    The negative hypergeometric distribution, exact (N. L. Johnson, A. W. Kemp, S. Kotz, Univariate Discrete
    Distributions, 3rd ed., 2005, chapter 6): of N calls with S sales, the k-th sale comes at call n with probability
    C(n-1, k-1) C(N-n, S-k) / C(N, S), on average at k (N + 1) / (S + 1). Raises InputError without as many sales.
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
    return Chance(wanted * (of.calls + 1) / (of.sales + 1), Between(*map(float, ends)))


@dataclass(frozen=True)
class Saved:
    """The first `sales` sales took `needed` calls; in random order they would have taken `random`."""

    sales: int
    needed: float
    random: Chance

    @property
    def calls(self) -> float:
        """The calls saved: those that random order would have needed on average, less those that were needed."""
        return self.random.mean - self.needed


def saved(sold: ArrayLike, order: ArrayLike, share: float = 0.5) -> Saved:
    """The calls that `order` saved until `share` (0 to 1) of the sales were made.

    With k = ceil(share S) of the S sales of N calls, k (N + 1) / (S + 1) less the place of the k-th sale. Only calls
    that were made are compared: nobody knows what those not made would have come to. So whoever calls the better part
    of a list alone has saved more than this says. Raises InputError without a sale.
    """
    truth, given = _paired(sold, order)
    wanted = max(1, math.ceil(round(share * int(truth.sum()), 9)))
    return Saved(wanted, needed(truth, given, wanted), in_random_order(rate(truth), wanted))


def _levels(truth: NDArray[np.bool_], order: Numbers) -> tuple[Numbers, Numbers]:
    """Calls and sales at each of the m numbers there are, the highest first."""
    _, level = np.unique(-order, return_inverse=True)
    rows, sales = np.bincount(level), np.bincount(level, weights=truth)
    return rows.astype(np.float64), sales.astype(np.float64)


def _paired(sold: ArrayLike, order: ArrayLike | Sequence[float]) -> tuple[NDArray[np.bool_], Numbers]:
    truth, given = np.asarray(sold, dtype=bool).ravel(), np.asarray(order, dtype=np.float64).ravel()
    if truth.size != given.size:
        raise InputError(f"there are {truth.size} outcomes but an order of {given.size}")
    if not truth.any():
        raise InputError("among these calls is no sale")
    return truth, given


def _require(wanted: int, sales: int) -> None:
    if not 1 <= wanted <= sales:
        raise InputError(f"there are {sales} sales, so {wanted} cannot be reached")
