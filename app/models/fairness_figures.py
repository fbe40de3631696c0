"""How groups of people fare on the list and in the calls. Pure: no screen, no database."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist, mean

from app.ranked_list.sample import ScoredPerson
from app.results.calls_made import Call
from app.results.statistics import CONFIDENCE, Interval, Rate
from core.schema.column import Column, Value

SMALL = 100
"""With fewer people on the list a group's share says little: its interval is wider than a fifth."""
FOUR_FIFTHS = 0.8
"""US Equal Employment Opportunity Commission, Uniform Guidelines on Employee Selection Procedures, 29 CFR 1607.4 D:
a selection rate below four fifths of another group's is investigated. A convention of hiring, no law of phone calls."""


@dataclass(frozen=True)
class Group:
    """A group: `better` is its share in the better half of the list (a Rate: `calls` are people, `sales` those in it).

    `called` is the sales among its people who were called, `expected` their mean score before the call, if any.
    """

    name: str
    better: Rate
    called: Rate
    expected: float | None

    @property
    def small(self) -> bool:
        """Whether the group has too few people on the list to say much."""
        return self.better.calls < SMALL

    @property
    def calibration(self) -> float | None:
        """Mean score less rate of sales: above 0 the model expected more sales than the group made."""
        return None if self.expected is None or not self.called.calls else self.expected - self.called.share


def groups(column: Column, listed: Sequence[ScoredPerson], calls: Sequence[Call], place: int) -> list[Group]:
    """The groups of `column`, in the schema's order; its value is at `place` of each call's features.

    The better half has the scores from the middle one of all `listed` people up.
    """
    scores = sorted((person.score for person in listed), reverse=True)
    middle = scores[(len(scores) - 1) // 2] if scores else 0.0
    better: dict[str, list[bool]] = {}
    for person in listed:
        better.setdefault(_group(column, person.features.get(column.name)), []).append(person.score >= middle)
    called: dict[str, list[Call]] = {}
    for call in calls:
        called.setdefault(_group(column, call.before.features[place]), []).append(call)
    present = {*better, *called}
    names = [*(name for name in column.groups if name in present), *sorted(present - set(column.groups))]
    return [_made(name, better.get(name, []), called.get(name, [])) for name in names]


NOT_KNOWN = "not known"


def _group(column: Column, value: Value | None) -> str:
    return NOT_KNOWN if value is None else column.group(value)


def _made(name: str, better: Sequence[bool], calls: Sequence[Call]) -> Group:
    scores = [call.before.score for call in calls if call.before.score is not None]
    rate = Rate(len(calls), sum(call.sold for call in calls))
    return Group(name, Rate(len(better), sum(better)), rate, mean(scores) if scores else None)


@dataclass(frozen=True)
class Ratio:
    """A group's share in the better half over the largest group's, and its interval; None where the share is 0."""

    value: float
    interval: Interval | None


def ratios(found: Sequence[Group]) -> dict[str, Ratio]:
    """The ratio of each group on the list to the largest; empty where the largest has nobody in the better half.

    The interval is Katz's, on the logarithm (D. Katz, J. Baptista, S. P. Azen, M. C. Pike, Biometrics 34 (1978)
    469-474); it assumes that the two groups are independent samples.
    """
    on_list = [group for group in found if group.better.calls]
    largest = max(on_list, key=lambda group: group.better.calls, default=None)
    if largest is None or not largest.better.sales:
        return {}
    return {group.name: _ratio(group.better, largest.better, same=group is largest) for group in on_list}


def _ratio(one: Rate, other: Rate, *, same: bool) -> Ratio:
    value = one.share / other.share
    if same:
        return Ratio(value, Interval(value, value))
    if not one.sales:
        return Ratio(value, None)
    error = math.sqrt((1 - one.share) / one.sales + (1 - other.share) / other.sales)
    spread = math.exp(NormalDist().inv_cdf((1 + CONFIDENCE) / 2) * error)
    return Ratio(value, Interval(value / spread, value * spread))
