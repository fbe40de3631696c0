"""A model's proof: inputs and the scores the model gave them. A loaded copy must reproduce them."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Protocol, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
from threadpoolctl import ThreadpoolController

from core.errors import ModelError
from core.models.level import DECIMALS
from core.schema.column import Value

TOLERANCE = 1e-9

Scores = npt.NDArray[np.float64]

Rows = Sequence[Mapping[str, Value]] | pd.DataFrame


class Model(Protocol):
    """What is registered: a fitted scikit-learn classifier over named columns."""

    feature_names_in_: npt.NDArray[np.object_]

    def predict_proba(self, X: pd.DataFrame) -> Scores:
        """Probabilities of both classes, shape [n, 2]."""
        ...


@dataclass(frozen=True)
class Proof:
    """Inputs (n mappings of feature to value) and the scores [n] that the validated model gave them."""

    inputs: Sequence[Mapping[str, Value]]
    scores: Sequence[float]

    @classmethod
    def for_model(cls, model: Model, inputs: Sequence[Mapping[str, Value]]) -> Self:
        """The proof of a model that has just been validated."""
        return cls(inputs, [float(score) for score in predict(model, inputs)])

    @classmethod
    def from_text(cls, path: Path) -> Self:
        """The proof in a file that holds `text()`."""
        content = json.loads(path.read_text(encoding="utf-8"))
        return cls(content["inputs"], content["scores"])

    def text(self) -> str:
        """The proof as JSON; Python's floats survive it exactly."""
        return json.dumps({"inputs": list(self.inputs), "scores": list(self.scores)})

    def check(self, model: Model, name: str) -> None:
        """Raise ModelError if `model` does not give these scores within 1e-9."""
        reproduced = predict(model, self.inputs)
        apart = np.abs(reproduced - np.asarray(self.scores))
        worst = int(apart.argmax())
        if not apart[worst] <= TOLERANCE:  # a NaN is refused too
            raise ModelError(
                f"{name} does not reproduce its proof: input {worst + 1} of {len(apart)} gives "
                f"{reproduced[worst]:.12g} where {self.scores[worst]:.12g} was validated.",
                kept="It was not put to use.",
                next="Compare the versions of scikit-learn and numpy with the model's lock; roll back if they differ.",
            )


def predict(model: Model, rows: Rows) -> Scores:
    """The probability of a sale for each of n rows, shape [n], to twelve decimals (`core.models.level.DECIMALS`).

    Values are as `Column.parse` leaves them: words for categories, else numbers or None. Raises KeyError for a missing
    feature.
    """
    names = list(model.feature_names_in_)
    if isinstance(rows, pd.DataFrame):
        frame = rows[names]
    else:
        frame = pd.DataFrame({name: cells([row[name] for row in rows]) for name in names})
    with threads().limit(limits=1):  # with few rows, threads cost more time than they save
        scores: Scores = np.round(model.predict_proba(frame)[:, 1], DECIMALS)
    return scores


def cells(values: Sequence[Value]) -> Sequence[Value]:
    """`values` for a frame: None, the blank of a number, as NaN, also where all of them are blank."""
    return [math.nan if value is None else value for value in values] if None in values else values


@cache
def threads() -> ThreadpoolController:
    """The thread pools of the loaded numerical libraries. Finding them is slow, so it happens once."""
    return ThreadpoolController()
