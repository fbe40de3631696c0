"""The line-up of the scoring service at a moment, as an object that scores by itself: champion, level, refresh, weight.

Other processes score with it as the service does, without asking it. The service says which versions answer and at
which level, the registry gives them, and their scores are compared with the service's before anybody uses them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.errors import ModelError, Unavailable
from core.models import mixture
from core.models.compiled.compilation import Compiled, proven
from core.models.decisions import CHAMPION
from core.models.level import levelled
from core.models.proof import TOLERANCE, Model, Scores, predict
from core.models.registry import ModelRegistry
from core.schema import Schema
from core.schema.column import Value
from core.scoring import protocol
from core.scoring.client import ScoringClient
from core.scoring.protocol import Rows, Tensor

TRIES = 3
"""Attempts to see one line-up in the service's state and in its scores: it may change in between."""


@dataclass(frozen=True)
class Speaker:
    """A version with its level in force; it scores by its compiled form where it has one."""

    version: str
    level: float
    form: Compiled | Model

    def score(self, rows: Rows) -> Scores:
        """Its n scores, at its level. Raises ModelError where one is not a probability."""
        if isinstance(self.form, Compiled):
            scores = self.form.score_columns(rows.columns, len(rows))
        else:
            scores = predict(self.form, rows.features)
        if not ((scores >= 0) & (scores <= 1)).all():
            raise ModelError(f"Version {self.version} gave a score that is no probability.")
        return levelled(scores, self.level)


@dataclass(frozen=True)
class FrozenLineup:
    """Champion and refresh, with the refresh's weight, as they were when it was made."""

    schema: Schema
    champion: Speaker
    refresh: Speaker | None = None
    weight: float = 0.0

    def what_if(self, rows: Sequence[Mapping[str, Value]]) -> list[protocol.Score]:
        """The scores of n rows as the service gives them, not logged. Raises InputError by the service's rules."""
        sent = protocol.request(self.schema, rows, ["what-if"] * len(rows), "", what_if=True)["inputs"]
        parsed = protocol.parse(self.schema, [Tensor(**one) for one in sent])
        used = self.champion.score(parsed)
        if self.refresh is not None:
            used = mixture.mixed(used, self.refresh.score(parsed), self.weight)
        version = self.champion.version
        return [
            protocol.Score(protocol.prediction_id("", place), float(score), version, CHAMPION)
            for place, score in enumerate(used)
        ]


def lineup_in_service(client: ScoringClient, models: ModelRegistry, schema: Schema) -> FrozenLineup:
    """What the service scores with now.

    Raises Unavailable without a champion, and ModelError if the line-up's scores of its champion's proof are not the
    service's.
    """
    apart, state = np.inf, dict[str, Any]()
    for _ in range(TRIES):
        state = client.state()
        if not state["champion"]:
            raise Unavailable("No champion is in service, so nobody can be scored.", kept="Nothing was written.")
        champion, inputs = _speaker(models, state, "champion")
        refresh = _speaker(models, state, "refresh")[0] if state["refresh"] else None
        lineup = FrozenLineup(schema, champion, refresh, float(state["refresh_weight"]))
        apart = _apart(lineup, client, inputs)
        if apart <= TOLERANCE:
            return lineup
    raise ModelError(
        f"The scores of version {state['champion']} from the registry are not those in service: apart by {apart:g}.",
        kept="Nothing was written.",
        next="Without --dask the service itself scores; the doctor's lines about models say more.",
    )


def _speaker(
    models: ModelRegistry, state: Mapping[str, Any], route: str
) -> tuple[Speaker, Sequence[Mapping[str, Value]]]:
    """The version on `route`, and the inputs of its proof. Raises NotFound, ModelError, Unavailable."""
    number = str(state[route])
    loaded = models.load(models.version(number))
    form = proven(loaded.model, loaded.proof, f"version {number}") or loaded.model
    return Speaker(number, float(state[f"{route}_level"]), form), loaded.proof.inputs


def _apart(lineup: FrozenLineup, client: ScoringClient, rows: Sequence[Mapping[str, Value]]) -> float:
    """The largest difference between the line-up's scores of `rows` and the service's; infinite if versions differ."""
    own, service = lineup.what_if(rows), client.what_if(rows)
    if [one.version for one in own] != [one.version for one in service]:
        return np.inf
    return max(abs(one.score - other.score) for one, other in zip(own, service, strict=True))
