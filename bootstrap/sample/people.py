"""Who is called in the sample campaign, how, and what they did in an earlier one. See `bootstrap.sample.simulator`.

The shares were counted in the UCI Bank Marketing file (Moro, Cortez, Rita 2014, doi:10.1016/j.dss.2014.03.001) and
rounded; the shares that move over time are made up.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Labels = NDArray[np.str_]

NEVER = 999  # pdays of people without an earlier contact

EDUCATION = (
    "basic.4y", "basic.6y", "basic.9y", "high.school", "illiterate", "professional.course", "university.degree",
    "unknown",
)  # fmt: skip
MARITAL = ("divorced", "married", "single", "unknown")

# job: share of calls in percent, at first and at last; age: youngest, mean, standard deviation;
# marital status and education in percent, in the order of MARITAL and EDUCATION; default unknown, percent.
JOBS: Mapping[str, tuple[Sequence[float], Sequence[float], Sequence[float], Sequence[float], float]] = {
    "admin.": ((25.5, 26.0), (20, 38.2, 8.9), (12.3, 50.4, 37.2, 0.1), (1, 1, 5, 32, 0, 3, 55, 3), 12),
    "blue-collar": ((25.5, 13.0), (20, 39.6, 8.8), (7.9, 72.2, 19.7, 0.2), (25, 15, 39, 9, 0.1, 5, 1, 5), 34),
    "entrepreneur": ((3.8, 2.6), (20, 41.7, 8.9), (12.3, 73.6, 13.9, 0.2), (9, 5, 14, 16, 0.1, 9, 42, 4), 21),
    "housemaid": ((2.7, 2.2), (21, 45.5, 10.8), (15.2, 73.3, 11.2, 0.3), (45, 7, 9, 16, 0.1, 6, 13, 4), 30),
    "management": ((7.1, 7.0), (21, 42.4, 9.3), (11.3, 71.4, 17.2, 0.1), (3, 3, 6, 10, 0, 3, 71, 4), 16),
    "retired": ((2.8, 8.5), (23, 62.0, 10.5), (20.2, 74.1, 5.4, 0.3), (35, 4, 8, 16, 0.2, 14, 17, 6), 23),
    "self-employed": ((3.5, 3.3), (21, 39.9, 9.4), (9.4, 63.6, 26.7, 0.3), (7, 2, 15, 8, 0.1, 12, 54, 2), 20),
    "services": ((10.2, 7.9), (20, 37.9, 9.0), (13.4, 57.8, 28.6, 0.2), (3, 6, 10, 68, 0, 5, 4, 4), 23),
    "student": ((1.0, 7.0), (17, 25.9, 5.0), (1.0, 4.7, 94.2, 0.1), (3, 1, 11, 41, 0, 5, 20, 19), 12),
    "technician": ((16.6, 16.0), (20, 38.5, 8.7), (11.5, 54.4, 33.9, 0.2), (1, 1, 6, 13, 0, 49, 27, 3), 15),
    "unemployed": ((2.3, 3.9), (21, 39.7, 9.3), (12.2, 62.5, 24.8, 0.5), (11, 3, 18, 26, 0, 14, 26, 2), 23),
    "unknown": ((0.8, 0.8), (24, 45.6, 11.2), (3.9, 70.9, 22.4, 2.7), (16, 7, 9, 11, 0, 4, 14, 40), 46),
}


def _pick(rng: np.random.Generator, labels: Sequence[str], weights: Floats) -> Labels:
    """One label a row, with the probabilities of that row: `weights` is rows x labels and need not add up to 1."""
    edges = np.cumsum(weights, axis=1)
    chosen = (edges < rng.random(len(weights))[:, None] * edges[:, -1:]).sum(axis=1)
    return np.asarray(np.array(labels)[chosen], dtype=np.str_)


def flag(rng: np.random.Generator, probability: Floats | float, rows: int) -> NDArray[np.bool_]:
    """One yes or no a row, with one probability for all or one for each."""
    return np.asarray(rng.random(rows) < probability)


def _over_time(at: Floats, months: Sequence[float], values: Sequence[float]) -> Floats:
    return np.asarray(np.interp(at, months, values), dtype=np.float64)


def add_people(calls: pd.DataFrame, rng: np.random.Generator) -> None:
    """Add age, job, marital status, education and credit of the people called."""
    rows, at, names = len(calls), calls["at"].to_numpy(), list(JOBS)
    later = _over_time(at, (6, 18), (0, 1))[:, None]
    first, last = np.array([JOBS[name][0] for name in names]).T
    calls["job"] = _pick(rng, names, (1 - later) * first + later * last)
    which = calls["job"].map({name: place for place, name in enumerate(names)}).to_numpy()
    youngest, mean, spread = np.array([JOBS[name][1] for name in names])[which].T
    years = rng.gamma(((mean - youngest) / spread) ** 2, spread**2 / (mean - youngest))
    calls["age"] = np.minimum(np.floor(youngest + years + 0.5), 98).astype(int)
    # Within a job, single people are younger (33.2 years on average, married 42.3, divorced 44.9).
    older = calls["age"].to_numpy() - mean
    tilt = np.exp(older[:, None] * np.array([0.03, 0.0, -0.09, 0.0]))
    calls["marital"] = _pick(rng, MARITAL, np.array([JOBS[name][2] for name in names])[which] * tilt)
    calls["education"] = _pick(rng, EDUCATION, np.array([JOBS[name][3] for name in names], dtype=float)[which])
    unknown = np.array([JOBS[name][4] for name in names])[which]
    default = np.column_stack([100 - unknown, unknown, np.full(rows, 0.01)])
    calls["default"] = _pick(rng, ("no", "unknown", "yes"), default)
    silent = flag(rng, 0.024, rows)
    calls["housing"] = np.where(silent, "unknown", np.where(flag(rng, 0.537, rows), "yes", "no"))
    loan = np.where(calls["housing"] == "yes", 0.171, 0.137)
    calls["loan"] = np.where(silent, "unknown", np.where(flag(rng, loan, rows), "yes", "no"))


def add_contact(calls: pd.DataFrame, rng: np.random.Generator) -> None:
    """Add how and how often people are called in this campaign, and the result of an earlier one."""
    rows, at = len(calls), calls["at"].to_numpy()
    calls["contact"] = np.where(
        flag(rng, _over_time(at, (0, 4, 9, 24), (0.65, 0.45, 0.15, 0.12)), rows), "telephone", "cellular"
    )
    # The team stops after a few calls for most people and persists with some; later in the campaign it stops earlier.
    stubborn = flag(rng, _over_time(at, (8, 14), (0.11, 0.03)), rows)
    tries = np.where(stubborn, rng.geometric(0.16, rows), rng.geometric(0.48, rows))
    calls["campaign"] = np.minimum(tries, 43)
    known = flag(rng, _over_time(at, (0, 5, 10, 16, 24), (0.01, 0.05, 0.14, 0.27, 0.40)), rows)
    previous = 1 + np.minimum(rng.geometric(0.82, rows) - 1, 6)
    calls["previous"] = np.where(known, previous, 0)
    success = flag(rng, np.where(previous > 1, 0.40, 0.22), rows)
    calls["poutcome"] = np.where(known, np.where(success, "success", "failure"), "nonexistent")
    days = np.where(success, rng.gamma(2.6, 2.2, rows), rng.gamma(5.4, 1.9, rows))
    calls["pdays"] = np.where(known, np.minimum(np.floor(days + 0.5), 27), NEVER).astype(int)
