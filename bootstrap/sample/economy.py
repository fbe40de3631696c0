"""The invented economy behind the sample campaign: a boom, a downturn, a slow recovery, 24 months of working days.

One latent activity between -1 and 1 drives five indicators, which keep the names, units and rhythm they have in the
UCI Bank Marketing file (Moro, Cortez, Rita 2014, doi:10.1016/j.dss.2014.03.001):

    cons.conf.idx    monthly    leads the turn            there -50.8 .. -26.9 between May 2008 and November 2010
    euribor3m        daily      cut fast, raised slowly   there 0.634 .. 5.045 percent
    cons.price.idx   monthly    lags by a quarter         there 92.201 .. 94.767
    nr.employed      quarterly  grows with activity       there 4963.6 .. 5228.1 thousand people
    emp.var.rate     quarterly  nr.employed on the year   there -3.4 .. 1.4 percent

The path is made up. Dates give weekdays and the lengths of months, and mean no real year. No statistical office
published any of these figures.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]

MONTHS = 24
FIRST_DAY, END_DAY = "2021-05-01", "2023-05-01"  # without the end
INDICATORS = ("emp.var.rate", "cons.price.idx", "cons.conf.idx", "euribor3m", "nr.employed")

# Activity at month 0 (the first May) and around it; the turn comes in the first winter.
_TURNS = (-24.0, -6.0, 0.0, 5.0, 8.0, 11.0, 15.0, 19.0, 24.0)
_ACTIVITY = (0.5, 0.8, 0.9, 0.7, -0.3, -1.0, -0.8, 0.0, 0.6)
# Percent a month on top of the trend, January first: sales in winter and summer, new collections in spring.
_PRICE_SEASON = (-0.35, -0.10, 0.45, 0.30, 0.10, -0.05, -0.35, -0.30, 0.15, 0.15, 0.0, 0.0)


def activity(month: Floats) -> Floats:
    """The latent state of the economy in -1 .. 1 at `month`, counted in months (fractions too) from the first day."""
    around = [np.interp(month + offset, _TURNS, _ACTIVITY) for offset in (-1.0, -0.5, 0.0, 0.5, 1.0)]
    return np.asarray(np.mean(around, axis=0), dtype=np.float64)


def working_days() -> pd.DataFrame:
    """Every Monday to Friday of the 24 months: `date`, `index` (month, 0 .. 23) and `at` (months, with fractions)."""
    dates = pd.bdate_range(FIRST_DAY, END_DAY, inclusive="left")
    first = pd.Timestamp(FIRST_DAY)
    index = (dates.year - first.year) * 12 + dates.month - first.month
    return pd.DataFrame({"date": dates, "index": index, "at": index + (dates.day - 1) / dates.days_in_month})


def _euribor(at: Floats, rng: np.random.Generator) -> Floats:
    """Percent, one value a working day: the rate follows a target set by activity, ten times as fast down as up."""
    target = 0.6 + 4.2 / (1.0 + np.exp(-4.0 * (activity(at) + 0.1)))
    rate, path = float(target[0]), np.empty(len(at))
    for day, shock in enumerate(rng.normal(0.0, 0.006, len(at))):
        gap = target[day] - rate
        rate += (0.04 if gap < 0 else 0.004) * gap + shock
        path[day] = rate
    return path


def _prices(rng: np.random.Generator) -> Floats:
    """Consumer price index, one value a month."""
    months = np.arange(MONTHS, dtype=np.float64)
    season = np.array([_PRICE_SEASON[(int(month) + 4) % 12] for month in months])
    growth = 0.06 + 0.14 * activity(months - 3.0) + season + rng.normal(0.0, 0.04, MONTHS)
    return np.asarray(93.2 * np.cumprod(1.0 + growth / 100.0), dtype=np.float64)


def _employment() -> tuple[Floats, Floats]:
    """Thousand people, and percent on the year, one value for each of the nine quarters.

    Quarters begin in March, June, September and December, as in the original file. The first one contains the first
    May, so month m is in quarter (m + 2) // 3.
    """
    quarters = np.arange(-4, 9, dtype=np.float64)
    growth = -0.3 + 0.9 * activity(3.0 * quarters - 1.0)
    people = 5095.0 * np.cumprod(1.0 + growth / 100.0)
    return people[4:], 100.0 * (people[4:] / people[:-4] - 1.0)


def simulate(rng: np.random.Generator) -> pd.DataFrame:
    """One row a working day: the columns of `working_days` and the five indicators, rounded as in the original."""
    days = working_days()
    month = days["index"].to_numpy()
    people, growth = _employment()
    confidence = -39.0 + 9.0 * activity(np.arange(MONTHS) + 1.5) + rng.normal(0.0, 1.2, MONTHS)
    days["emp.var.rate"] = np.round(growth[(month + 2) // 3], 1)
    days["cons.price.idx"] = np.round(_prices(rng)[month], 3)
    days["cons.conf.idx"] = np.round(confidence[month], 1)
    days["euribor3m"] = np.round(_euribor(days["at"].to_numpy(), rng), 3)
    days["nr.employed"] = np.round(people[(month + 2) // 3], 1)
    return days
