"""Other people: customers of a branch that the company took over. They are older, and they decide otherwise.

They buy shortly before they stop to work, and neither earlier nor later. A model of the sample knows no such bend; one
that follows a straight line in the age cannot learn it. So the training's search has to find another kind of model, and
that one goes on trial.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from core.schema import Schema
from core.schema.economy import indicators

JOBS = {"retired": 0.4, "housemaid": 0.15, "self-employed": 0.15, "entrepreneur": 0.15, "services": 0.15}
AGE, SPREAD = 58.0, 12.0
BASE, BEND, WIDTH = -1.9, 3.4, 7.0
"""Log-odds of a sale far from `AGE`, what is added at `AGE`, and the years within which it falls to a third."""
BY_MOBILE = 0.5


def log_odds(people: pd.DataFrame) -> npt.NDArray[np.float64]:
    """The log-odds [n] of a sale to n people."""
    bend = BEND * np.exp(-(((people["age"].to_numpy() - AGE) / WIDTH) ** 2))
    mobile = BY_MOBILE * np.where(people["contact"] == "cellular", 0.5, -0.5)
    return np.asarray(BASE + bend + mobile, dtype=np.float64)


def draw(schema: Schema, sample: pd.DataFrame, rows: int, seed: int) -> pd.DataFrame:
    """`rows` people: the features, and `positive`, what they say. All that does not differ is drawn from `sample`."""
    random = np.random.default_rng(seed)
    taken = {name: random.choice(sample[name].to_numpy(), rows) for name in schema.feature_names}
    people = pd.DataFrame(taken)
    for column in indicators(schema):
        people[column.name] = sample[column.name].iloc[-1]  # the economy is one for all
    people["age"] = np.clip(random.normal(AGE, SPREAD, rows).round(), 18, 95).astype(int)
    people["job"] = random.choice(list(JOBS), rows, p=list(JOBS.values()))
    people["contact"] = random.choice(["cellular", "telephone"], rows)
    people["positive"] = random.random(rows) < 1 / (1 + np.exp(-log_odds(people)))
    return people


def write(schema: Schema, people: pd.DataFrame, path: Path) -> None:
    """Write `people` as a campaign file without outcomes."""
    people[schema.feature_names].to_csv(path, index=False)
