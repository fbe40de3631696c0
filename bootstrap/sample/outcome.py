"""Who buys in the sample campaign, which changes as rates fall, and how long the call took: see `simulator`.

The effects are made up so that conversion by group and over time resembles the UCI Bank Marketing file (Moro, Cortez,
Rita 2014, doi:10.1016/j.dss.2014.03.001). The two medians of the duration come from that file.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bootstrap.sample.people import flag

Floats = NDArray[np.float64]

# Log-odds of a sale, to be added up: at high rates, and at the lowest rates.
EFFECTS: Mapping[str, Mapping[str, tuple[float, float]]] = {
    "job": {
        "admin.": (0.2, 0.1), "blue-collar": (-0.9, 0.0), "entrepreneur": (0.2, -0.6), "housemaid": (-0.2, 0.1),
        "management": (0.7, -0.4), "retired": (0.7, 0.3), "self-employed": (0.2, -0.4), "services": (-0.5, 0.1),
        "student": (0.1, 1.4), "unemployed": (0.0, 0.6),
    },
    "education": {"university.degree": (0.7, -0.2), "basic.9y": (-0.3, 0.0), "professional.course": (0.1, 0.2)},
    "marital": {"single": (0.0, 0.3)},
    "default": {"unknown": (-0.7, -0.3)},
    "housing": {"yes": (0.2, -0.8)},
    "loan": {"yes": (-0.1, -0.9)},
    "contact": {"cellular": (0.9, 0.4)},
    "poutcome": {"failure": (-0.2, 0.1), "success": (2.5, 2.5)},
    "month": {
        "mar": (0.4, 0.4), "apr": (0.1, 0.1), "may": (-0.4, -0.4), "sep": (0.3, 0.3), "oct": (0.4, 0.4),
        "nov": (-0.1, -0.1), "dec": (0.3, 0.3),
    },
    "day_of_week": {"mon": (-0.12, -0.12), "thu": (0.1, 0.1), "fri": (-0.05, -0.05)},
}  # fmt: skip
BASE = (-3.4, -1.55)
PER_YEAR_OF_AGE = (0.035, -0.035)  # from 40 years
PER_FURTHER_CALL = (-0.12, -0.06)
PER_POINT_OF_CONFIDENCE = -0.02  # from -40: people who fear for their jobs save
HIGH_RATE, LOW_RATE = 4.5, 0.8  # percent; the rates of the two columns above


def low_rates(euribor3m: Floats) -> Floats:
    """The place of the day between high rates (0) and low rates (1); `euribor3m` in percent."""
    return np.clip((HIGH_RATE - euribor3m) / (HIGH_RATE - LOW_RATE), 0.0, 1.0)


def log_odds(calls: pd.DataFrame) -> Floats:
    """The log-odds of a sale for each call: the sum of `EFFECTS` and the constants beside it at the rate of its day."""
    low = low_rates(calls["euribor3m"].to_numpy())

    def between(ends: tuple[float, float]) -> Floats:
        return ends[0] + (ends[1] - ends[0]) * low

    total = between(BASE) + calls["mood"].to_numpy()
    total += between(PER_YEAR_OF_AGE) * (np.clip(calls["age"].to_numpy(), 20, 70) - 40)
    total += between(PER_FURTHER_CALL) * np.minimum(calls["campaign"].to_numpy() - 1, 8)
    total += PER_POINT_OF_CONFIDENCE * (calls["cons.conf.idx"].to_numpy() + 40)
    for column, effects in EFFECTS.items():
        for label, ends in effects.items():
            total += np.where(calls[column] == label, between(ends), 0.0)
    return np.asarray(total, dtype=np.float64)


def add_outcome(calls: pd.DataFrame, rng: np.random.Generator) -> None:
    """Add whether the deposit was sold, and the seconds of the call, which depend on the sale."""
    sold = flag(rng, 1.0 / (1.0 + np.exp(-log_odds(calls))), len(calls))
    calls["y"] = np.where(sold, "yes", "no")
    seconds = np.where(sold, 449.0, 163.5) * np.exp(rng.normal(0.0, 0.8, len(calls)))
    calls["duration"] = np.clip(np.floor(seconds), np.where(sold, 37, 0), 4918).astype(int)
