"""What would be if an indicator were another: which values are asked about, and what the answers come to.

Pure: no screen, no database, no service.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from app.results.statistics import CONFIDENCE
from core.schema.column import Column, Value

STEPS = 16
"""Values asked about beside the present one."""


@dataclass(frozen=True)
class Change:
    """At `value` of the indicator the list's expected sales change by `sales`, with `CONFIDENCE` by `low` to `high`.

    The interval is for who happened to be in the sample; that the model is right about the economy, it does not say.
    """

    value: float
    sales: float
    low: float
    high: float


def grid(column: Column, known: Sequence[float], present: float, learnt: tuple[float, float] | None) -> list[float]:
    """The values to ask about, in order: evenly over all that is known or learnt from, and the present one.

    Within the column's rule. Where only one value is known, a tenth of it either way.
    """
    seen = [*known, present, *(learnt or ())]
    low, high = min(seen), max(seen)
    if math.isclose(low, high):
        spread = abs(present) / 10 or 1.0
        low, high = low - spread, high + spread
    low = low if column.minimum is None else max(low, column.minimum)
    high = high if column.maximum is None else min(high, column.maximum)
    step = 10 ** (math.floor(math.log10(high - low)) - 2) if high > low else 1.0
    even = [round(round(float(value) / step) * step, 10) for value in np.linspace(low, high, STEPS)]
    return sorted({*(value for value in even if low <= value <= high), present})


def rows(people: Sequence[Mapping[str, Value]], column: str, values: Sequence[float]) -> list[Mapping[str, Value]]:
    """What the scoring service is asked: the people as they are, then all of them once with each value."""
    return [*people, *({**person, column: value} for value in values for person in people)]


def changes(scores: Sequence[float], people: int, values: Sequence[float], open_people: int) -> list[Change]:
    """What the scores of `rows` come to for a list of `open_people`, of whom `people` were drawn.

    The same people are compared with themselves, so the interval is that of a mean of differences; where all were
    asked it has no width.
    """
    table = np.asarray(scores, dtype=np.float64).reshape(1 + len(values), people)
    found = []
    for value, moved in zip(values, table[1:], strict=True):
        difference = moved - table[0]
        mean = float(difference.mean())
        left_out = max(0.0, 1 - people / open_people)
        error = float(difference.std(ddof=1)) * math.sqrt(left_out / people) if people > 1 else 0.0
        spread = NormalDist().inv_cdf((1 + CONFIDENCE) / 2) * error
        sales = (open_people * one for one in (mean, mean - spread, mean + spread))
        found.append(Change(value, *sales))
    return found


def expected(scores: Sequence[float], people: int, open_people: int) -> float:
    """The sales to be expected of the list as it is."""
    return open_people * float(np.mean(scores[:people]))
