"""The jobs that make reports on the models in service."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

from core.models.decisions import decisions, state_of
from core.schema import Schema
from core.scoring.client import ScoringClient
from core.stores.evidently import EvidentlyUI
from core.stores.mongo import Db
from monitor.jobs.code_version import code_version
from monitor.jobs.job import Job
from monitor.jobs.settings import Settings
from monitor.reports.drift.limits import DriftLimits
from monitor.reports.drift.review import DriftReview
from monitor.reports.expected import review_expected
from monitor.reports.parity import review_parity
from monitor.reports.quality import review_quality
from monitor.reports.shelf import ReportStore

if TYPE_CHECKING:
    from core.models.registry import ModelRegistry

JOBS = {
    "drift": "compare the people who came last with those who came before them",
    "performance": "judge the champion by the newest outcomes, and estimate its quality without them",
    "parity": "score logged requests once more, as training would; no score may differ",
}


def jobs(
    settings: Settings,
    db: Db,
    scoring: ScoringClient,
    columns: Schema,
    registry: Callable[[], ModelRegistry],
    project: str,
) -> list[Job]:
    """The jobs of `JOBS`; their reports land in the Evidently project `project`."""
    shelf, size = ReportStore(db, EvidentlyUI(settings.evidently_url), project), settings.callwise_quality_window

    @cache
    def drift() -> DriftReview:
        limits, model = DriftLimits.from_settings(settings), settings.callwise_model_name
        return DriftReview(shelf, registry(), columns, limits, model, code_version())

    def run_performance() -> str:
        level = settings.callwise_level_outcomes
        lineage = state_of(decisions(db, settings.callwise_model_name)).lineage
        judged = review_quality(shelf, registry(), size, code_version(), lineage=lineage, level_outcomes=level)
        return f"{judged}. {review_expected(shelf, registry(), size, code_version())}"

    def run_parity() -> str:
        state = scoring.state()
        versions = [str(state[role]) for role in ("champion", "canary", "refresh") if state.get(role)]
        champion, rows = str(state["champion"]) if state["champion"] else None, settings.callwise_parity_rows
        return review_parity(db, registry(), versions, rows, code_version(), champion=champion)

    return [
        Job("drift", settings.callwise_review_seconds, lambda: drift().run()),
        Job("performance", settings.callwise_review_seconds, run_performance),
        Job("parity", settings.callwise_parity_seconds, run_parity),
    ]
