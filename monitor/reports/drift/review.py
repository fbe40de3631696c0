"""The job that judges drift: reads who has arrived, scores them with the champion, and publishes the verdict once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from scipy.special import logit

from core.clock import Clock, now
from core.models.decisions import CHAMPION, decisions, state_of
from core.models.proof import Model, Scores, predict
from core.schema import Schema, economy
from core.schema.economy import KnownFigures
from monitor.jobs.cause_states import WELL, record_state
from monitor.reports.drift import arrivals
from monitor.reports.drift.arrivals import Cohorts
from monitor.reports.drift.comparison import compare, report_id
from monitor.reports.drift.limits import DriftLimits
from monitor.reports.drift.verdict import DriftVerdict
from monitor.reports.registry import Registry
from monitor.reports.shelf import ReportStore

if TYPE_CHECKING:
    import pandas as pd

    from core.models.registry import ModelVersion

EDGE = 1e-6
"""A score is at least so far from 0 and 1, so that its log-odds are finite."""


def log_odds(model: Model) -> Callable[[pd.DataFrame], Scores]:
    """The scores [n] of `model` as log-odds, its own level in them."""

    def score(people: pd.DataFrame) -> Scores:
        scores: Scores = logit(predict(model, people).clip(EDGE, 1 - EDGE))
        return scores

    return score


@dataclass
class DriftReview:
    """Judges drift for `model`. It remembers the champion and what it has seen, so that idling costs little."""

    shelf: ReportStore
    registry: Registry
    schema: Schema
    limits: DriftLimits
    model: str
    code_version: str
    clock: Clock = now
    _loaded: tuple[tuple[str, str], Model, pd.DataFrame] | None = field(default=None)
    _seen: tuple[str, str, list[Any]] = field(default=("", "", []))
    _sentence: str = ""

    def run(self) -> str:
        """Judge the newest window if it is full and new enough; returns the result in words.

        Raises Unavailable, NotFound when the champion has no training data beside it, ModelError.
        """
        champion = self.registry.version_by_alias(CHAMPION)
        if champion is None:
            return "no champion yet, so nobody to compare with"
        known = economy.figures_at(self.shelf.db, self.schema, self.clock())
        seen = champion.version, known.hash, arrivals.state(self.shelf.db)
        if seen != self._seen:
            self._sentence = self._judge(champion, known)
            self._seen = seen
        return self._sentence

    def _judge(self, champion: ModelVersion, known: KnownFigures) -> str:
        db, size = self.shelf.db, self.limits.window
        cohorts = arrivals.read(db, self.schema, size, self._accepted_at(), known)
        window = cohorts.window
        needed = min(size, arrivals.LEAST)
        if len(window) < needed:
            return f"no verdict: {len(window)} of {needed} people have arrived"
        if not self._is_news(champion.version, cohorts):
            return "less than a tenth of the newest people is new since the last report"
        model, training = self._model(champion)
        verdict, snapshot = compare(
            self.schema, cohorts, log_odds(model), training, self.limits, champion.version, self.code_version
        )
        return self._publish(verdict, report_id(champion.version, cohorts), snapshot)

    def _is_news(self, version: str, cohorts: Cohorts) -> bool:
        """Whether enough people, or another economy, came after the last verdict."""
        last = self.shelf.newest("drift", version)
        if last is not None and last["verdict"]["known"] != cohorts.known:
            return True
        return bool(self.shelf.count_new("drift", version, [(one.id, one.at) for one in cohorts.window]))

    def _publish(self, verdict: DriftVerdict, report: str, snapshot: str) -> str:
        self.shelf.store_verdict(report, "drift", verdict.document())
        record_state(self.shelf.db, "drift", "drifting" if verdict.is_drift else WELL, report, verdict.sentence)
        found = "drift found" if verdict.is_drift else "no drift"
        return f"{found}: {verdict.sentence}; {self.shelf.publish(report, snapshot)}"

    def _accepted_at(self) -> datetime:
        """When a model was last accepted; now, for a champion that no decision names yet."""
        accepted = state_of(decisions(self.shelf.db, self.model)).accepted
        return accepted.at if accepted else self.clock()

    def _model(self, champion: ModelVersion) -> tuple[Model, pd.DataFrame]:
        key = champion.version, champion.run_id
        if self._loaded is None or self._loaded[0] != key:
            loaded = self.registry.load(champion)
            self._loaded = key, loaded.model, loaded.reference
        return self._loaded[1], self._loaded[2]
