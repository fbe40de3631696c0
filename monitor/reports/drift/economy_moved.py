"""Whether the economy is out of what the champion has learnt: judged separately, because it moves everybody at once.

People who arrive do not change an indicator, and an indicator is no property of theirs. A model extrapolates where an
indicator is below or above all of its training rows; how far, is stated in standard deviations of those rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.schema.column import Column

FAR = 1.0
"""Standard deviations beyond the training rows from which an indicator has moved."""
LEAST_SHARE = 0.01
"""The least deviation, as a share of the largest value: an indicator that stood still in training may stir."""


@dataclass(frozen=True)
class IndicatorMove:
    """An indicator: its value `now`, the `least` and `most` of training, and the `distance` beyond these."""

    column: str
    now: float
    least: float
    most: float
    distance: float
    moved: bool


def moves(indicators: Sequence[Column], training: pd.DataFrame, newest: pd.DataFrame) -> tuple[IndicatorMove, ...]:
    """Each of `indicators` that is known, in the middle of the people in `newest`, beside the rows of `training`."""
    found = []
    for column in indicators:
        values = newest[column.name] if column.name in newest else pd.Series(dtype=np.float64)
        now = float(pd.to_numeric(values, errors="coerce").median())
        learnt = training[column.name].dropna().astype(float)
        if np.isnan(now) or learnt.empty:
            continue
        least, most = float(learnt.min()), float(learnt.max())
        deviation = max(float(learnt.std(ddof=0)), LEAST_SHARE * max(abs(least), abs(most)))
        beyond = max(least - now, now - most, 0.0)
        distance = beyond / deviation if beyond else 0.0
        found.append(IndicatorMove(column.name, now, least, most, distance, distance >= FAR))
    return tuple(found)
