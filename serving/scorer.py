"""One request: both models score, the route decides, the log keeps, and what the log holds is the answer."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from typing import Protocol

from core import v2
from core.clock import Clock
from core.errors import Unavailable
from core.model_registry import Scores
from core.predictions import Prediction
from core.succession import CANARY, CHAMPION
from serving.models import Lineup, Served
from serving.routing import Router
from serving.trial import Trial

log = logging.getLogger(__name__)


class NoChampion(Unavailable):
    """Nobody can answer yet."""

    def __init__(self) -> None:
        super().__init__(
            "There is no champion yet: no version of the model is in service.",
            kept="Nothing was scored.",
            next="Scoring starts by itself once the first training has passed. If one has, the model's metadata (GET "
            "/v2/models/{name}) says what is refused and why.",
        )


class Log(Protocol):
    """Where predictions are kept before they are answered."""

    def write(self, predictions: Sequence[Prediction]) -> list[Prediction]:
        """Make n records durable; returns what the log now holds under their keys. Raises Conflict, Unavailable."""
        ...


class Scorer:
    """Answers requests with the line-up of the moment."""

    def __init__(self, lineup: Callable[[], Lineup | None], router: Router, log: Log, clock: Clock) -> None:
        self._lineup, self._router, self._log, self._clock = lineup, router, log, clock
        self.trial = Trial()

    def score(self, request_id: str, rows: v2.Rows) -> list[Prediction]:
        """The n predictions, logged.

        A repeated request gets the answer that was logged the first time. Raises NoChampion, ModelError, Conflict when
        the id was used for other rows, and Unavailable when no record could be kept.
        """
        lineup = self._lineup()
        if lineup is None:
            raise NoChampion
        began = time.perf_counter()
        champion = lineup.champion.score(rows.features)
        canary = self._canary(lineup.canary, rows, time.perf_counter() - began)
        at = self._clock()
        predictions = []
        for number, (features, prospect) in enumerate(zip(*rows, strict=True)):
            answers = [(CHAMPION, lineup.champion.version, float(champion[number]))]
            if lineup.canary and canary is not None:
                answers.append((CANARY, lineup.canary.version, float(canary[number])))
                if self._router.to_canary(prospect):
                    answers.reverse()
            (route, version, score), *shadow = answers
            predictions.append(
                Prediction(
                    id=v2.prediction_id(request_id, number),
                    request=request_id,
                    prospect=prospect,
                    features=features,
                    score=score,
                    version=version,
                    route=route,
                    at=at,
                    shadow_score=shadow[0][2] if shadow else None,
                    shadow_version=shadow[0][1] if shadow else None,
                )
            )
        return self._log.write(predictions)

    def _canary(self, canary: Served | None, rows: v2.Rows, champion_seconds: float) -> Scores | None:
        """The canary's scores; None without one, or where it fails: a trial must not cost anybody an answer."""
        if canary is None:
            return None
        began, scores = time.perf_counter(), None
        try:
            scores = canary.score(rows.features)
        except Exception:  # whatever the canary does, the champion has answered
            log.exception("canary version %s failed; the champion answers", canary.version)
        self.trial.note(
            canary.version,
            failed=scores is None,
            champion_seconds=champion_seconds,
            canary_seconds=time.perf_counter() - began,
        )
        return scores
