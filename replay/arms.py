"""The arms that Callwise is compared with: no retraining at all, and a plain one on schedule."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

import pandas as pd

from core.models.proof import Scores
from core.schema import Schema
from core.settings.loop import TrainerSettings
from replay.forecasts import Flags, Forecaster
from trainer.fitting import calibrate, recipe
from trainer.fitting.candidates import Candidate


class Arm(Protocol):
    """A way to keep a ranking: it learns outcomes as they become known, and scores one call after another."""

    name: str

    @property
    def retrainings(self) -> int:
        """The number of trainings since the first model."""
        ...

    def learn(self, known: pd.DataFrame, sold: Flags, now: pd.Timestamp) -> None:
        """Learn the outcomes `sold` [n] of the first n calls, which are known by `now`."""
        ...

    def score(self, rows: pd.DataFrame, start: int) -> Scores:
        """The scores of `rows`, the calls from place `start` on."""
        ...


@dataclass
class Frozen:
    """The first model for ever."""

    name: str
    forecaster: Forecaster
    retrainings: int = 0

    def learn(self, known: pd.DataFrame, sold: Flags, now: pd.Timestamp) -> None:
        """See `Arm`."""
        self.forecaster.learn(sold)

    def score(self, rows: pd.DataFrame, start: int) -> Scores:
        """See `Arm`."""
        return self.forecaster.score(rows, start)


@dataclass
class Schedule:
    """The first model's recipe, fitted again every `every` calls on the newest outcomes; no gate, no trial."""

    name: str
    forecaster: Forecaster
    candidate: Candidate
    schema: Schema
    settings: TrainerSettings
    every: int
    retrainings: int = 0
    _last: int = field(default=0)

    def learn(self, known: pd.DataFrame, sold: Flags, now: pd.Timestamp) -> None:
        """See `Arm`."""
        self._last = self._last or len(known)
        if len(known) - self._last < self.every:
            return
        self._last = len(known)
        windows = recipe.split_windows(recipe.newest_rows(known, self.settings.callwise_training_window), self.settings)
        model, _ = calibrate.fit(self.candidate, windows.shifted(), self.schema, self.settings.callwise_seed)
        self.retrainings += 1
        self.forecaster = Forecaster(str(self.retrainings + 1), model, self.forecaster.calls)

    def score(self, rows: pd.DataFrame, start: int) -> Scores:
        """See `Arm`."""
        return self.forecaster.score(rows, start)
