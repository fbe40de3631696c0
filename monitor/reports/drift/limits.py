"""From which distance on a column, or the score, has drifted.

Two samples of the same people differ, too: the more, the fewer they are, and the more words a column has. So a limit is
never below the distance that chance alone reaches once in 5,000 comparisons (`RARE`). With a window of 1,000 people
and 2,000 before them this changes nothing for a column of ten words; it keeps a column of a hundred towns, and the
small windows of a small team, from ringing for nothing.

- Jensen-Shannon distance of k words, of n and m people: its square is about chi squared with k - 1 degrees of freedom,
  times (1/n + 1/m) / 8 (second-order expansion of the divergence of Lin, "Divergence measures based on the Shannon
  entropy", 1991).
- Wasserstein distance in standard deviations: it is at least the difference of the means, which is normal with variance
  1/n + 1/m, and little more where the shapes agree.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd
from scipy.stats import chi2, norm

from core.settings.loop import MonitorSettings

RARE = 1 / 5_000
"""How often chance alone may reach a limit, in one comparison of one column."""


@dataclass(frozen=True)
class DriftLimits:
    """`window`: the most people that are compared with those before them.

    `category` is a Jensen-Shannon distance (0 to 0.83); `number` and `score` are Wasserstein distances in standard
    deviations.
    """

    window: int
    category: float
    number: float
    score: float

    @classmethod
    def from_settings(cls, settings: MonitorSettings) -> Self:
        """The limits that the settings give."""
        return cls(
            settings.callwise_drift_window,
            settings.callwise_drift_category,
            settings.callwise_drift_number,
            settings.callwise_drift_score,
        )


def of_words(limit: float, before: pd.Series, now: pd.Series) -> float:
    """The limit of a column of words, given n and m rows of it."""
    words = len(set(before.dropna()) | set(now.dropna()))
    chance = np.sqrt(chi2.isf(RARE, max(words - 1, 1)) / 8 * _rows(before, now))
    return max(limit, float(chance))


def of_numbers(limit: float, before: pd.Series, now: pd.Series) -> float:
    """The limit of a number, given n and m rows of it."""
    return max(limit, float(norm.isf(RARE / 2) * np.sqrt(_rows(before, now))))


def _rows(before: pd.Series, now: pd.Series) -> float:
    return 1 / max(int(before.notna().sum()), 1) + 1 / max(int(now.notna().sum()), 1)
