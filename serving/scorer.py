"""One request: the models score, the route decides, the log stores, and the stored record is the answer.

Each model's scores are first moved to its level (`core.models.level`). The champion's are then mixed with those of a
refresh, if one is in force (`serving.mixing`). A what-if goes the champion's way, unlogged.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from core.clock import Clock
from core.errors import Unavailable
from core.models.canary_in_force import CanaryShare
from core.models.decisions import CANARY, CHAMPION
from core.models.level import levelled
from core.models.mixture_in_force import Mixture
from core.schema.column import Value
from core.scoring.batch import Batch
from core.scoring.prediction import Prediction
from core.scoring.protocol import Rows
from core.scoring.reasons import Reason, to_documents
from serving.mixing import mixed_scores
from serving.models import Lineup, ServedVersion
from serving.routing import Router
from serving.trial import TrialCounts

log = logging.getLogger(__name__)

HALF = 0.5


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

    def write(self, predictions: Sequence[Prediction]) -> Sequence[Prediction]:
        """Make n records durable; returns the log's records under their keys. Raises Conflict, Unavailable."""
        ...


class Answers(NamedTuple):
    """One route's answers for n rows: `scores` are at `level`. `mixed`: who spoke in them, where more than one did."""

    route: str
    version: str
    scores: list[float]
    level: float
    mixed: Mapping[str, Sequence[Any]] | None = None


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

    def score(self, request_id: str, rows: Rows, *, with_reasons: bool = False) -> Sequence[Prediction]:
        """The n predictions, logged, with the reasons for the used scores on request.

        A repeated request gets the answer that was logged first. Raises NoChampion, ModelError, Conflict when the id
        was used for other rows, and Unavailable when no record could be stored.
        """
        return self.log.write(self.predict(request_id, rows, with_reasons=with_reasons))

    def predict(self, request_id: str, rows: Rows, *, with_reasons: bool = False) -> Batch:
        """The same, not logged yet: nobody may be answered with these. Raises NoChampion, ModelError."""
        lineup, levels = self._lineup(), self._levels()
        if lineup is None:
            raise NoChampion
        champion, seconds = self._champion(lineup, rows, levels, self.mixing)
        canary = self._canary(lineup.canary, rows, levels, seconds)
        columns = _columns(rows, champion, canary, self.routing(canary.version if canary else ""))
        batch = Batch(request_id, self._clock(), rows.columns, columns, champion.mixed)
        return self._explained(batch, rows, lineup) if with_reasons else batch

    def what_if(self, request_id: str, rows: Rows, *, with_reasons: bool = False) -> Batch:
        """The champion's answers for n rows. Nothing is logged, routed or counted. Raises NoChampion, ModelError."""
        lineup, levels = self._lineup(), self._levels()
        if lineup is None:
            raise NoChampion
        champion, _seconds = self._champion(lineup, rows, levels, TrialCounts())
        columns = _columns(rows, champion, None, self._router)
        batch = Batch(request_id, self._clock(), rows.columns, columns, champion.mixed)
        return self._explained(batch, rows, lineup) if with_reasons else batch

    def _champion(
        self, lineup: Lineup, rows: Rows, levels: Mapping[str, float], counts: TrialCounts
    ) -> tuple[Answers, float]:
        """The answers on the champion's route, mixed with a refresh's; and the seconds that the champion took."""
        began = time.perf_counter()
        scores = lineup.champion.score(rows)
        seconds = time.perf_counter() - began
        found = mixed_scores(lineup, self._mixture(), rows, scores, levels, counts, seconds)
        version = lineup.champion.version
        return Answers(CHAMPION, version, found.used.tolist(), levels.get(version, 0.0), found.speakers), seconds

    def _canary(
        self, canary: ServedVersion | None, rows: Rows, levels: Mapping[str, float], champion_seconds: float
    ) -> Answers | None:
        """The canary's answers; None without one, or where it fails, because a trial must not cost an answer."""
        if canary is None:
            return None
        began, scores = time.perf_counter(), None
        try:
            scores = canary.score(rows)
        except Exception:  # whatever the canary does, the champion has answered
            log.exception("canary version %s failed; the champion answers", canary.version)
        self.trial.record(
            canary.version,
            failed=scores is None,
            champion_seconds=champion_seconds,
            canary_seconds=time.perf_counter() - began,
        )
        if scores is None:
            return None
        level = levels.get(canary.version, 0.0)  # 0 until one is in force
        return Answers(CANARY, canary.version, levelled(scores, level).tolist(), level)

    def routing(self, canary: str) -> Router:
        """Who is scored by the version `canary`, while it is on trial."""
        share = self._share()
        return self._router if share is None or share.version != canary else self._router.with_share(share.share)

    def _explained(self, batch: Batch, rows: Rows, lineup: Lineup) -> Batch:
        """The predictions, each with the reasons of the model whose score is used; of a mixture's larger part."""
        explained: list[Sequence[Mapping[str, str | float]] | None] = [None] * len(batch)
        speaking = _speakers(batch)
        for served in lineup.served:
            places = [place for place, version in enumerate(speaking) if version == served.version]
            by_row = self._reasons(served, [rows.features[place] for place in places])
            for place, reasons in zip(places, by_row, strict=True):
                explained[place] = to_documents(reasons)
        return batch.with_column("reasons", explained)

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


def _speakers(batch: Batch) -> list[str]:
    """The version that has the most say in each row's score."""
    mixed = batch.mixed
    if mixed is None or not mixed["weight"][0] > HALF:
        return list(batch.columns["version"])
    answered = zip(batch.columns["route"], batch.columns["version"], strict=True)
    return [mixed["version"][0] if route == CHAMPION else version for route, version in answered]


def _columns(rows: Rows, champion: Answers, canary: Answers | None, router: Router) -> dict[str, Sequence[Any]]:
    """The columns of a batch: of each row the answer that is used, and the other model's, if there is one."""
    many = len(rows)
    to_canary = [canary is not None and router.to_canary(prospect) for prospect in rows.prospects]

    def by_route(of_champion: Sequence[Any], of_canary: Sequence[Any]) -> tuple[Sequence[Any], Sequence[Any]]:
        """The values of the route used and of the other."""
        if True not in to_canary:
            return of_champion, of_canary
        pairs = zip(to_canary, of_champion, of_canary, strict=True)
        used, other = zip(
            *((theirs, ours) if routed else (ours, theirs) for routed, ours, theirs in pairs), strict=True
        )
        return used, other

    score, shadow_score = by_route(champion.scores, canary.scores if canary else [None] * many)
    version, shadow_version = by_route([champion.version] * many, [canary.version if canary else None] * many)
    level, shadow_level = by_route([champion.level] * many, [canary.level if canary else None] * many)
    return {
        "prospect": rows.prospects,
        "score": score,
        "version": version,
        "route": by_route([CHAMPION] * many, [CANARY] * many)[0],
        "shadow_score": shadow_score,
        "shadow_version": shadow_version,
        "level": level,
        "shadow_level": shadow_level,
        "reasons": [None] * many,
    }
