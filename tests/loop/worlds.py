"""Two worlds with a known truth: who comes to be called, and who says yes. Seeded.

In the second, other people come (every column moves), and what sold before does not any more: each effect has changed
its sign. A model of the first is worse than none there; one that has seen the second ranks it as well as the first was.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from core.schema import Schema
from core.schema.column import ColumnType
from core.schema.economy import indicators

# Middle and spread of each number, in the first world.
NUMBERS = {
    "age": (40.0, 9.0), "campaign": (4.0, 1.0), "pdays": (12.0, 3.0), "previous": (3.0, 1.0),
    "emp.var.rate": (1.0, 0.4), "cons.price.idx": (93.5, 0.5), "cons.conf.idx": (-38.0, 3.0), "euribor3m": (4.6, 0.3),
    "nr.employed": (5190.0, 25.0),
}  # fmt: skip
APART = 2.0  # spreads between the middles of the two worlds


@dataclass(frozen=True)
class World:
    """`shifted`: whether it is the second; `month`: the month in which all of its calls are made."""

    shifted: bool
    month: str

    def people(self, schema: Schema, rows: int, seed: int) -> pd.DataFrame:
        """`rows` people: the features, and `positive`, what they say when they are called."""
        random = np.random.default_rng(seed)
        frame = pd.DataFrame(index=range(rows))
        for column in schema.features:
            if column.is_category:
                weights = np.arange(len(column.categories), 0, -1) ** 0.7
                weights = weights[::-1] if self.shifted else weights
                frame[column.name] = random.choice(column.categories, rows, p=weights / weights.sum())
                continue
            middle, spread = NUMBERS[column.name]
            drawn = pd.Series(random.normal(middle + APART * spread * self.shifted, spread, rows))
            drawn = drawn.clip(column.minimum, column.maximum)
            frame[column.name] = drawn.round().astype("int64") if column.type is ColumnType.INTEGER else drawn.round(3)
        frame["month"] = self.month
        frame["positive"] = random.random(rows) < 1 / (1 + np.exp(-self.log_odds(frame)))
        return frame

    def log_odds(self, frame: pd.DataFrame) -> npt.NDArray[np.float64]:
        """Of a sale, for everybody in `frame`."""
        middle, spread = NUMBERS["age"]
        liking = (
            1.4 * np.where(frame["contact"] == "cellular", 0.5, -0.5)
            + 1.2 * np.where(frame["housing"] == "yes", 0.5, -0.5)
            + 0.9 * (frame["age"] - middle - APART * spread * self.shifted) / spread
        )
        return np.asarray(-0.8 + (-liking if self.shifted else liking), dtype=np.float64)


FIRST, SECOND = World(shifted=False, month="may"), World(shifted=True, month="nov")


def write(schema: Schema, people: pd.DataFrame, path: Path, *, leave_out_indicators: bool = False) -> None:
    """Write `people` as a campaign file, with what they would say."""
    said = np.where(people["positive"], schema.outcome.positive[0], schema.outcome.negative[0])
    absent = [column.name for column in indicators(schema)] if leave_out_indicators else []
    people.drop(columns=["positive", *absent]).assign(**{schema.outcome.column: said}).to_csv(path, index=False)
