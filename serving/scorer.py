"""One request: the models score, the route decides, the log stores, and the stored record is the answer.

Each model's scores are first moved to its level (`core.models.level`). The champion's are then mixed with those of a
refresh, if one is in force (`serving.mixing`). A what-if goes the champion's way, unlogged.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple, Protocol

from core.clock import Clock
from core.errors import Unavailable
from core.models.canary_in_force import CanaryShare
from core.models.decisions import CANARY, CHAMPION
from core.models.level import levelled
from core.models.mixture_in_force import Mixture
from core.models.proof import Scores
from core.schema.column import Value
from core.scoring import protocol
from core.scoring.prediction import Mixed, Prediction
from core.scoring.reasons import Reason, to_documents
from serving.mixing import mixed_scores
from serving.models import Lineup, ServedVersion
from serving.routing import Router
from serving.trial import TrialCounts

log = logging.getLogger(__name__)


class NoChampion(Unavailable):
    """There is no champion yet."""

    def __init__(self) -> None:
        super().__init__(
            "There is no champion yet: no version of the model is in service.",
            kept="Nothing was scored.",
            next="Scoring starts automatically once the first training has passed. If one has, the model's metadata "
            "(GET /v2/models/{name}) says what is refused and why.",
        )


class Log(Protocol):
    """Where predictions are stored before they are answered."""

    def write(self, predictions: Sequence[Prediction]) -> list[Prediction]:
        """Make n records durable; returns the log's records under their keys. Raises Conflict, Unavailable."""
        ...


class Answer(NamedTuple):
    """One route's answer for one row: `score` is at `level`. `mixed`: who spoke in it, where more than one did."""

    route: str
    version: str
    score: float
    level: float
    mixed: Mixed | None = None


class Scorer:
    """Answers requests with the current line-up, at the current levels (shifts, by version)."""

    def __init__(
        self,
        lineup: Callable[[], Lineup | None],
        levels: Callable[[], Mapping[str, float]],
        router: Router,
        log: Log,
        clock: Clock,
        *,
        mixture: Callable[[], Mixture] = Mixture,
        share: Callable[[], CanaryShare | None] = lambda: None,
    ) -> None:
        """`share` gives the canary's share in force; without one for this canary, the share is the router's."""
        self._lineup, self._levels, self._router, self.log, self._clock = lineup, levels, router, log, clock
        self._mixture, self._share = mixture, share
        self.trial, self.mixing = TrialCounts(), TrialCounts()
        self._failed_reasons: dict[str, str] = {}

    @property
    def unexplained(self) -> dict[str, str]:
        """The versions in service whose scores come without reasons, and why."""
        lineup = self._lineup()
        models = lineup.served if lineup else []
        whys = {model.version: model.unexplained or self._failed_reasons.get(model.version, "") for model in models}
        return {version: why for version, why in whys.items() if why}

    def score(self, request_id: str, rows: protocol.Rows, *, with_reasons: bool = False) -> list[Prediction]:
        """The n predictions, logged, with the reasons for the used scores on request.

        A repeated request gets the answer that was logged first. Raises NoChampion, ModelError, Conflict when the id
        was used for other rows, and Unavailable when no record could be stored.
        """
        return self.log.write(self.predict(request_id, rows, with_reasons=with_reasons))

    def predict(self, request_id: str, rows: protocol.Rows, *, with_reasons: bool = False) -> list[Prediction]:
        """The same, not logged yet: nobody may be answered with these. Raises NoChampion, ModelError."""
        lineup, levels = self._lineup(), self._levels()
        if lineup is None:
            raise NoChampion
        of_champion, seconds = self._champion(lineup, rows, levels, self.mixing)
        by_model = [of_champion]
        canary = self._canary(lineup.canary, rows, seconds)
        router = self.routing(lineup.canary.version if lineup.canary else "")
        if lineup.canary and canary is not None:
            by_model.append(_answers(CANARY, lineup.canary, canary, levels))
        predictions, at = [], self._clock()
        for number, (features, prospect, *answers) in enumerate(zip(*rows, *by_model, strict=True)):
            if answers[1:] and router.to_canary(prospect):
                answers.reverse()
            predictions.append(_prediction(request_id, number, prospect, features, at, *answers))
        if with_reasons:
            predictions = self._explained(predictions, lineup)
        return predictions

    def what_if(self, request_id: str, rows: protocol.Rows, *, with_reasons: bool = False) -> list[Prediction]:
        """The champion's answers for n rows. Nothing is logged, routed or counted. Raises NoChampion, ModelError."""
        lineup, levels = self._lineup(), self._levels()
        if lineup is None:
            raise NoChampion
        answers, _seconds = self._champion(lineup, rows, levels, TrialCounts())
        at = self._clock()
        predictions = [
            _prediction(request_id, number, prospect, features, at, answer)
            for number, (features, prospect, answer) in enumerate(zip(*rows, answers, strict=True))
        ]
        return self._explained(predictions, lineup) if with_reasons else predictions

    def _champion(
        self, lineup: Lineup, rows: protocol.Rows, levels: Mapping[str, float], counts: TrialCounts
    ) -> tuple[list[Answer], float]:
        """The answers on the champion's route, mixed with a refresh's; and the seconds that the champion took."""
        began = time.perf_counter()
        scores = lineup.champion.score(rows.features)
        seconds = time.perf_counter() - began
        found = mixed_scores(lineup, self._mixture(), rows.features, scores, levels, counts, seconds)
        version = lineup.champion.version
        speakers: Sequence[Mixed | None] = found.speakers or [None] * len(found.used)
        level = levels.get(version, 0.0)
        answers = [
            Answer(CHAMPION, version, float(score), level, mixed)
            for score, mixed in zip(found.used, speakers, strict=True)
        ]
        return answers, seconds

    def _canary(self, canary: ServedVersion | None, rows: protocol.Rows, champion_seconds: float) -> Scores | None:
        """The canary's scores; None without one, or where it fails, because a trial must not cost an answer."""
        if canary is None:
            return None
        began, scores = time.perf_counter(), None
        try:
            scores = canary.score(rows.features)
        except Exception:  # whatever the canary does, the champion has answered
            log.exception("canary version %s failed; the champion answers", canary.version)
        self.trial.record(
            canary.version,
            failed=scores is None,
            champion_seconds=champion_seconds,
            canary_seconds=time.perf_counter() - began,
        )
        return scores

    def routing(self, canary: str) -> Router:
        """Who is scored by the version `canary`, while it is on trial."""
        share = self._share()
        return self._router if share is None or share.version != canary else self._router.with_share(share.share)

    def _explained(self, predictions: list[Prediction], lineup: Lineup) -> list[Prediction]:
        """The predictions, each with the reasons of the model whose score is used; of a mixture's larger part."""
        explained = list(predictions)
        speaking = [_speaker(prediction) for prediction in predictions]
        for served in lineup.served:
            places = [place for place, version in enumerate(speaking) if version == served.version]
            by_row = self._reasons(served, [dict(predictions[place].features) for place in places])
            for place, reasons in zip(places, by_row, strict=True):
                explained[place] = replace(predictions[place], reasons=to_documents(reasons))
        return explained

    def _reasons(
        self, served: ServedVersion | None, rows: list[dict[str, Value]]
    ) -> Sequence[tuple[Reason, ...] | None]:
        """The reasons for n scores of `served`; None for each where it gives none.

        An agent can call without reasons, but not without a score. So an error here is only noted: the service's state
        shows it until reasons come again, and `scripts/doctor` warns.
        """
        if served is None or served.explainer is None or not rows:
            return [None] * len(rows)
        try:
            reasons = served.explainer.reasons(rows)
        except Exception as error:
            log.exception("version %s gave no reasons for its scores", served.version)
            self._failed_reasons[served.version] = f"{type(error).__name__}: {error}"
            return [None] * len(rows)
        self._failed_reasons.pop(served.version, None)
        return reasons


def _speaker(prediction: Prediction) -> str:
    """The version that has the most say in the used score."""
    mixed = prediction.mixed if prediction.route == CHAMPION else None
    return str(mixed["version"]) if mixed and mixed["weight"] > 0.5 else prediction.version


def _prediction(
    request_id: str,
    number: int,
    prospect: str,
    features: Mapping[str, Value],
    at: datetime,
    used: Answer,
    shadow: Answer | None = None,
) -> Prediction:
    """The record of row `number`: the answer that is used, and the other model's, if there is one."""
    return Prediction(
        id=protocol.prediction_id(request_id, number),
        request=request_id,
        prospect=prospect,
        features=features,
        score=used.score,
        version=used.version,
        route=used.route,
        at=at,
        shadow_score=shadow.score if shadow else None,
        shadow_version=shadow.version if shadow else None,
        level=used.level,
        shadow_level=shadow.level if shadow else None,
        mixed=used.mixed or (shadow.mixed if shadow else None),
    )


def _answers(route: str, served: ServedVersion, scores: Scores, levels: Mapping[str, float]) -> list[Answer]:
    """The answers of `served` for n rows: its scores at its level, which is 0 until one is in force."""
    level = levels.get(served.version, 0.0)
    return [Answer(route, served.version, float(score), level) for score in levelled(scores, level)]
