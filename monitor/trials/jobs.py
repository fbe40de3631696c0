"""The job that follows a canary's trial."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

from core.models.succession import Succession
from core.schema import Schema
from core.scoring.client import ScoringClient
from core.stores.mongo import Db
from monitor.jobs.job import Job
from monitor.jobs.settings import Settings

if TYPE_CHECKING:
    from core.models.registry import ModelRegistry
    from monitor.trials.trial import TrialJob

JOBS = {"trial": "let the aliases follow the decisions, and decide about the canary"}


def jobs(
    settings: Settings, db: Db, scoring: ScoringClient, columns: Schema, registry: Callable[[], ModelRegistry]
) -> list[Job]:
    """The job of `JOBS`."""

    @cache
    def trial() -> TrialJob:
        from monitor.trials import trial as trials  # noqa: PLC0415
        from monitor.trials.evidence import TrialRules  # noqa: PLC0415
        from monitor.trials.guardrails import GuardrailLimits  # noqa: PLC0415

        limits = GuardrailLimits(settings.callwise_trial_errors, settings.callwise_trial_slowness)
        succession = Succession(db, settings.callwise_model_name, registry(), by="monitor")
        return trials.TrialJob(db, columns, succession, scoring.state, TrialRules.from_settings(settings), limits)

    return [Job("trial", settings.callwise_trial_seconds, lambda: trial().advance())]
