"""The jobs that follow a canary's trial, and the champion's refreshes."""

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
    from monitor.trials.upkeep import UpkeepJob

JOBS = {
    "trial": "let the aliases follow the decisions, and decide about the canary",
    "refresh": "mix a refresh with the champion in the next list, weigh the two, and decide between them",
}


def jobs(
    settings: Settings, db: Db, scoring: ScoringClient, columns: Schema, registry: Callable[[], ModelRegistry]
) -> list[Job]:
    """The jobs of `JOBS`."""

    @cache
    def trial() -> TrialJob:
        from monitor.trials import trial as trials  # noqa: PLC0415
        from monitor.trials.guardrails import GuardrailLimits  # noqa: PLC0415
        from monitor.trials.verdict import TrialRules  # noqa: PLC0415

        limits = GuardrailLimits(settings.callwise_trial_errors, settings.callwise_trial_slowness)
        succession = Succession(db, settings.callwise_model_name, registry(), by="monitor")
        rules = TrialRules.from_settings(settings)
        share, hours = settings.callwise_canary_share, settings.callwise_list_hours
        always = settings.callwise_every_version_on_trial
        return trials.TrialJob(db, columns, succession, scoring.state, rules, limits, share, hours, always)

    @cache
    def refreshes() -> UpkeepJob:
        from monitor.trials import upkeep  # noqa: PLC0415
        from monitor.trials.guardrails import GuardrailLimits  # noqa: PLC0415
        from monitor.trials.refresh import RefreshRules  # noqa: PLC0415

        succession = Succession(db, settings.callwise_model_name, registry(), by="monitor")
        limits = GuardrailLimits(settings.callwise_trial_errors, settings.callwise_trial_slowness)
        rules, hours = RefreshRules.from_settings(settings), settings.callwise_list_hours
        days = settings.callwise_trial_days
        return upkeep.UpkeepJob(db, succession, scoring.state, rules, hours, limits, days)

    seconds = settings.callwise_trial_seconds
    return [
        Job("trial", seconds, lambda: trial().advance()),
        Job("refresh", seconds, lambda: refreshes().advance()),
    ]
