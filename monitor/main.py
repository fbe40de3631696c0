"""The composition root of the monitor: settings to adapters to jobs."""

from __future__ import annotations

import logging
import os
import signal
import threading
from collections.abc import Callable, Mapping
from functools import cache
from typing import TYPE_CHECKING

from core.schema import read_schema
from core.scoring.client import ScoringClient
from core.settings.loading import load
from core.stores import mongo
from core.stores.evidently import PROJECT
from monitor.economy import jobs as economy
from monitor.flows import jobs as flows
from monitor.flows.prefect_runs import PrefectRuns
from monitor.incidents import jobs as incidents
from monitor.jobs.code_version import code_version
from monitor.jobs.health import Health, HealthPage
from monitor.jobs.job import Job, Runs
from monitor.jobs.schedule import Schedule
from monitor.jobs.settings import Settings
from monitor.messages import jobs as messages
from monitor.ranking import jobs as ranking
from monitor.reports import jobs as reports
from monitor.trials import jobs as trials

if TYPE_CHECKING:
    from core.models.registry import ModelRegistry

log = logging.getLogger("callwise.monitor")

# What each job does, for people.
JOBS = {
    name: about
    for feature in (ranking, economy, reports, trials, incidents, flows, messages)
    for name, about in feature.JOBS.items()
}


def read_settings(env: Mapping[str, str] | None = None) -> Settings:
    """The settings in the environment. Raises SettingsError."""
    return load(Settings, env)


def jobs(settings: Settings, *, project: str = PROJECT) -> list[Job]:
    """All jobs over the real services; `project` is the Evidently project of the reports. Raises SchemaError.

    The first run that needs MLflow or Evidently imports it (seconds), so ranking and the health page do not wait.
    """
    db = mongo.connect(settings)
    columns = read_schema(settings.callwise_schema)
    scoring = ScoringClient(settings, columns)
    registry = _registry(settings)
    trainings = PrefectRuns(settings.prefect_api_url)
    # A job checks that no training and no trial is under way before it asks for a training. Two jobs at once would both
    # ask, and the second model would end the trial of the first.
    asking = threading.Lock()
    return [
        *ranking.jobs(settings, db, scoring, columns, registry),
        *economy.jobs(settings, db, columns),
        *reports.jobs(settings, db, scoring, columns, registry, project),
        *trials.jobs(settings, db, scoring, columns, registry),
        *incidents.jobs(settings, db, trainings, asking),
        *flows.jobs(settings, db, trainings, asking),
        *messages.jobs(settings, db),
    ]


def _registry(settings: Settings) -> Callable[[], ModelRegistry]:
    """Opens the model registry at the first call."""

    @cache
    def opened() -> ModelRegistry:
        from mlflow.environment_variables import MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR  # noqa: PLC0415

        from core.models.registry import ModelRegistry  # noqa: PLC0415

        MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR.set(False)  # progress bars would fill the log
        return ModelRegistry(settings)

    return opened


def serve(settings: Settings) -> None:
    """Run all jobs and the health page until SIGTERM or SIGINT; then end the process with status 0.

    Raises SettingsError and SchemaError, before anything is started.
    """
    all_jobs, runs, ended = jobs(settings), Runs(), threading.Event()
    schedule = Schedule(all_jobs, runs)

    def health() -> Health:
        alive, failing = schedule.alive, runs.failing(settings.callwise_job_failures)
        details = {"scheduler": alive, "failing": failing, "jobs": runs.report(), "code_version": code_version()}
        return Health(alive and not failing, details)

    page = HealthPage(settings.callwise_monitor_host, settings.callwise_monitor_port, health)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    schedule.start()
    log.info("started: %s; health on port %d.", ", ".join(job.name for job in all_jobs), page.port)
    ended.wait()
    schedule.stop()
    page.close()
    log.info("ended.")
    logging.shutdown()
    # Python would wait for the jobs under way. Their writes may be repeated, so the process ends without waiting.
    os._exit(0)
