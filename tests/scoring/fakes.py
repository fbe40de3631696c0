"""Stand-ins for what the scoring service meets: a registry, models, and a home for predictions that can be down."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from core.errors import ModelError, Unavailable
from core.models.levels_in_force import Level
from core.models.proof import Proof
from core.models.registry import Loaded, ModelVersion
from core.scoring.packed import rows_of
from core.scoring.prediction import Prediction
from core.stores.mongo import Document
from serving.prediction_log.store import refuse_other_rows

AT = datetime(2026, 5, 4, 3, 2, 1, 987000, tzinfo=UTC)


def prediction(request: str = "r", row: int = 0, **changed: Any) -> Prediction:
    """A record as the log holds it, with some fields `changed`."""
    made = Prediction(
        id=f"{request}:{row}",
        request=request,
        prospect=f"p:{row}",
        features={"age": 30 + row, "emp.var.rate": 0.1 + 0.2, "job": "técnico", "whole": 4.0},
        score=1 / 3,
        version="3",
        route="champion",
        at=AT,
    )
    return replace(made, **changed)


class MemoryHome:
    """MongoDB's part in a dictionary. While `down`, it refuses; `after` is called once it has written."""

    def __init__(self) -> None:
        self.held: dict[str, Document] = {}
        self.down = False
        self.asked = 0
        self.after: Callable[[], None] = lambda: None

    @property
    def rows(self) -> dict[str, Document]:
        """What is held, row by row."""
        return {row["_id"]: row for row in rows_of(self.held.values())}

    def put(self, documents: Sequence[Document]) -> list[Document]:
        """See `serving.prediction_log.store.Store`."""
        self._ask()
        for document in documents:
            refuse_other_rows(self.held.get(document["_id"], document), document)
        return self._insert(documents)

    def merge(self, documents: Sequence[Document], seconds: float) -> list[Document]:
        """See `serving.prediction_log.log.Home`."""
        self._ask()
        return self._insert(documents)

    def _ask(self) -> None:
        self.asked += 1
        if self.down:
            raise Unavailable("The home is down.")

    def _insert(self, documents: Sequence[Document]) -> list[Document]:
        held = [self.held.setdefault(document["_id"], document) for document in documents]
        self.after()
        return held


class FakeLevels:
    """Levels in force, by version; while `error` is set, reading them raises it."""

    def __init__(self) -> None:
        self.shifts: dict[str, float] = {}
        self.error: Exception | None = None
        self.reads = 0

    def read(self) -> Mapping[str, Level]:
        """See `core.models.levels_in_force.in_force`."""
        self.reads += 1
        if self.error:
            raise self.error
        return {version: Level(shift, 200, 40, 20.0, AT) for version, shift in self.shifts.items()}


class FakeModel:
    """Gives every row the same score."""

    def __init__(self, score: float, features: Sequence[str]) -> None:
        self.feature_names_in_: npt.NDArray[np.object_] = np.asarray(features, dtype=object)
        self.score = score

    def predict_proba(self, X: pd.DataFrame) -> npt.NDArray[np.float64]:
        """Shape [n, 2]."""
        return np.tile([1 - self.score, self.score], (len(X), 1))


class FakeRegistry:
    """Versions by number, aliases, and the ways in which a registry can fail."""

    def __init__(self, models: Mapping[str, FakeModel]) -> None:
        self.models = dict(models)
        self.aliases: dict[str, str] = {}
        self.down = False
        self.unproven: set[str] = set()
        self.unreadable: set[str] = set()
        self.out_of_reach: set[str] = set()
        self.run = "run"
        self.reference = pd.DataFrame()
        self.loads: list[str] = []

    def version_by_alias(self, alias: str) -> ModelVersion | None:
        """See `serving.models.Registry`."""
        if self.down:
            raise Unavailable("MLflow is down.")
        number = self.aliases.get(alias)
        return ModelVersion("prospect-scorer", number, f"{self.run}-{number}", {}) if number else None

    def load(self, version: ModelVersion) -> Loaded:
        """See `serving.models.Registry`."""
        number = version.version
        self.loads.append(number)
        if number in self.out_of_reach:
            raise Unavailable("The artifacts are out of reach.")
        if number in self.unproven:
            raise ModelError(f"Version {number} does not reproduce its proof.")
        if number in self.unreadable:
            raise OSError("the file is torn")
        return Loaded(self.models[number], Proof([], []), self.reference)
