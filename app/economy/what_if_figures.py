"""What another value of an indicator would change: the values to score, and the change in sales that the scores mean.

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

STEPS = 16  # values that are scored beside the present one


@dataclass(frozen=True)
class Change:
    """At `value` of the indicator the list's expected sales change by `sales`, with `CONFIDENCE` by `low` to `high`.

    The interval covers only the chance in drawing the sample, not the model's errors about the economy.
    """

    value: float
    sales: float
    low: float
    high: float


def grid(column: Column, known: Sequence[float], present: float, learnt: tuple[float, float] | None) -> list[float]:
    """The values to score, in order: even steps over the known and learnt values, and the present one.

    All are within the column's rule. Where only one value is known, the steps go a tenth of it either way.
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
    """The rows to score: the people unchanged, then all of them once with each value."""
    return [*people, *({**person, column: value} for value in values for person in people)]


def changes(scores: Sequence[float], people: int, values: Sequence[float], open_people: int) -> list[Change]:
    """The change at each value, from the scores of `rows`, for a list of `open_people` from which `people` were drawn.

    Each person is compared with themselves, so the interval is that of a mean of differences. Where all people were
    scored, it has no width.
    """
    table = np.asarray(scores, dtype=np.float64).reshape(1 + len(values), people)
    changes = []
    for value, moved in zip(values, table[1:], strict=True):
        difference = moved - table[0]
        mean = float(difference.mean())
        left_out = max(0.0, 1 - people / open_people)
        error = float(difference.std(ddof=1)) * math.sqrt(left_out / people) if people > 1 else 0.0
        spread = NormalDist().inv_cdf((1 + CONFIDENCE) / 2) * error
        changes.append(Change(value, *(open_people * end for end in (mean, mean - spread, mean + spread))))
    return changes


def expected_sales(scores: Sequence[float], people: int, open_people: int) -> float:
    """The sales to expect of the list with the present value."""
    return open_people * float(np.mean(scores[:people]))
