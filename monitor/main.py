"""The composition root of the monitor: settings to adapters to jobs."""

from __future__ import annotations

import logging
import os
import signal
import threading
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING

from core import mongo, schema
from core import settings as groups
from core.evidently_project import PROJECT, EvidentlyUI
from core.scoring import ScoringClient
from core.succession import Succession
from monitor import series, upkeep
from monitor.code_version import code_version
from monitor.health import Health, HealthPage
from monitor.jobs import Job, Runs
from monitor.level import Levelling, learnt
from monitor.rank import rank
from monitor.schedule import Schedule
from monitor.settle import settle

if TYPE_CHECKING:
    from core.level import Calls
    from core.model_registry import ModelRegistry
    from monitor.canary import Review

log = logging.getLogger("callwise.monitor")

# The jobs, for people: what each does.
JOBS = {
    "rank": "score every open prospect with the models in service",
    "indicators": "fetch the economy's indicators, if they are live, and judge their age",
    "settle": "finish calls that a process left half recorded when it died, and end pauses",
    "level": "let the level of the scores follow the newest outcomes",
    "drift": "compare the newest predictions with the champion's training data",
    "performance": "judge the champion by the newest outcomes, and say what to expect while they are not in",
    "trial": "let the aliases follow the decisions, and decide about the canary",
    "parity": "score logged requests once more, as training would; nothing may differ",
    **upkeep.JOBS,
}


class Settings(
    upkeep.Settings,
    groups.MongoSettings,
    groups.RegistrySettings,
    groups.ScoringSettings,
    groups.EvidentlySettings,
    groups.SchemaSettings,
    groups.MonitorSettings,
    groups.TrialSettings,
):
    """What the monitor needs to know."""


def read(env: Mapping[str, str] | None = None) -> Settings:
    """The settings in the environment. Raises SettingsError."""
    return groups.load(Settings, env)


def jobs(settings: Settings, *, project: str = PROJECT) -> list[Job]:
    """All jobs over the real services; `project` is the Evidently project that reports land in.

    Raises SchemaError. What is slow to import (MLflow and Evidently take seconds) is imported by the first run that
    needs it, so that ranking and the health page do not wait for it.
    """
    db = mongo.connect(settings)
    columns = schema.read(settings.callwise_schema)
    scoring = ScoringClient(settings, columns)
    ui = EvidentlyUI(settings.evidently_url)

    @cache
    def registry() -> ModelRegistry:
        from mlflow.environment_variables import MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR  # noqa: PLC0415

        from core.model_registry import ModelRegistry  # noqa: PLC0415

        MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR.set(False)  # its bars would stand in the log
        return ModelRegistry(settings)

    def run_rank() -> str:
        done = rank(db, scoring, columns)
        return str(done) if done else "no champion in service yet, so nobody is ranked"

    live = settings.callwise_economy == "live"
    series_list = series.read(settings.callwise_economy_series, columns, live=live)

    def run_indicators() -> str:
        from monitor import indicators  # noqa: PLC0415
        from monitor.statistics_service import StatisticsService  # noqa: PLC0415

        def connect(name: str) -> StatisticsService:
            return StatisticsService(name, series_list.services[name].url)

        return indicators.refresh(db, columns, series_list, connect if live else None)

    def run_drift() -> str:
        from monitor import drift  # noqa: PLC0415
        from monitor.reports import Shelf  # noqa: PLC0415

        limits = drift.Limits(
            settings.callwise_drift_window, settings.callwise_drift_distance, settings.callwise_drift_share
        )
        return drift.review(Shelf(db, ui, project), registry(), columns, limits, code_version())

    def run_performance() -> str:
        from monitor import expected, performance  # noqa: PLC0415
        from monitor.reports import Shelf  # noqa: PLC0415

        shelf, size = Shelf(db, ui, project), settings.callwise_quality_window
        found = performance.review(shelf, registry(), size, code_version())
        return f"{found}. {expected.review(shelf, registry(), size, code_version())}"

    @cache
    def trial() -> Review:
        from monitor.canary import Review  # noqa: PLC0415
        from monitor.evidence import Rules  # noqa: PLC0415
        from monitor.guardrails import Limits  # noqa: PLC0415

        rules = Rules(
            promote=settings.callwise_trial_false_promotion,
            roll_back=settings.callwise_trial_false_rollback,
            minimum=settings.callwise_trial_minimum,
            limit=settings.callwise_trial_limit,
        )
        limits = Limits(settings.callwise_trial_errors, settings.callwise_trial_slowness)
        succession = Succession(db, settings.callwise_model_name, registry(), by="monitor")
        return Review(db, columns, succession, scoring.state, rules, limits)

    def run_parity() -> str:
        from monitor import parity  # noqa: PLC0415

        state = scoring.state()
        versions = [str(state[role]) for role in ("champion", "canary") if state[role]]
        rows, champion = settings.callwise_parity_rows, state["champion"]
        return parity.review(
            db, registry(), versions, rows, code_version(), champion=str(champion) if champion else None
        )

    def learnt_by(version: str) -> Calls:
        return learnt(registry().reference(registry().version(version)))

    levelling = Levelling(db, scoring, settings.callwise_model_name, settings.callwise_level_outcomes, learnt_by)
    review = settings.callwise_review_seconds
    return [
        Job("rank", settings.callwise_rank_seconds, run_rank),
        Job("indicators", settings.callwise_indicators_seconds, run_indicators),
        Job("settle", settings.callwise_settle_seconds, lambda: settle(db)),
        Job("level", settings.callwise_level_seconds, levelling.look),
        Job("drift", review, run_drift),
        Job("performance", review, run_performance),
        Job("trial", settings.callwise_trial_seconds, lambda: trial().look()),
        Job("parity", settings.callwise_parity_seconds, run_parity),
        *upkeep.jobs(settings, db),
    ]


def serve(settings: Settings) -> None:
    """Run all jobs and the health page until SIGTERM or SIGINT; then end the process with status 0.

    Raises SettingsError and SchemaError, before anything is started.
    """
    all_jobs, runs, ended = jobs(settings), Runs(), threading.Event()
    schedule = Schedule(all_jobs, runs)

    def look() -> Health:
        failing = runs.failing(settings.callwise_job_failures)
        details = {"scheduler": schedule.alive, "failing": failing, "jobs": runs.report()}
        return Health(schedule.alive and not failing, {**details, "code_version": code_version()})

    page = HealthPage(settings.callwise_monitor_host, settings.callwise_monitor_port, look)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    schedule.start()
    log.info("started: %s; health on port %d.", ", ".join(job.name for job in all_jobs), page.port)
    ended.wait()
    schedule.stop()
    page.close()
    log.info("ended.")
    logging.shutdown()
    # Python would wait for jobs under way. Every write of theirs may be repeated, so they are cut off instead.
    os._exit(0)
