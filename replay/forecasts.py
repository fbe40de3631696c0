"""What one arm of a replay forecast for every call before it was made, and by which model."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from core.models.level import LOOK_BACK, Calls, levelled, newest, next_shift
from core.models.proof import Model, Scores, predict

Flags = npt.NDArray[np.bool_]


@dataclass
class Forecaster:
    """A model in use: its version, its raw scores of all calls by their place, and the scores as `used`, at its level.

    `window` is how many of the newest outcomes the level follows; 0 leaves the scores as they are. `learnt` are the
    outcomes the model was fitted on; the level begins with them.
    """

    version: str
    model: Model
    calls: int
    window: int = 0
    learnt: Calls = (np.empty(0), np.empty(0))
    level: float = 0.0
    raw: Scores = field(init=False)
    used: Scores = field(init=False)

    def __post_init__(self) -> None:
        self.raw, self.used = np.full(self.calls, np.nan), np.full(self.calls, np.nan)
        self.learn(np.empty(0, dtype=np.bool_))

    def score(self, rows: pd.DataFrame, start: int) -> Scores:
        """The scores, as used, of `rows`: the calls from place `start` on."""
        raw = predict(self.model, rows)
        place = slice(start, start + len(rows))
        self.raw[place], self.used[place] = raw, levelled(raw, self.level)
        return self.used[place]

    def learn(self, sold: Flags) -> None:
        """Let the level follow the outcomes `sold` of the first calls."""
        if not self.window:
            return
        known = np.flatnonzero(~np.isnan(self.raw[: len(sold)]))
        own = self.raw[known], sold[known].astype(np.float64)
        self.level = next_shift(self.level, *newest(self.learnt, own, max(self.window, LOOK_BACK)), self.window)
