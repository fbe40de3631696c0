"""The composition root of the monitor: settings to adapters to jobs."""

from __future__ import annotations

import logging
import os
import signal
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

from core.errors import Unavailable
from core.kinds import registry
from core.kinds.kind import Kind, settings_of
from core.models.decisions import decisions, state_of
from core.oversight.space import Work
from core.schema import read_schema
from core.scoring.client import ScoringClient
from core.settings.loading import load
from core.stores import mongo, stored_version
from core.stores.evidently import PROJECT
from core.stores.mongo import Db
from monitor.economy import jobs as economy
from monitor.feed import jobs as feed
from monitor.flows import jobs as flows
from monitor.flows import retrain
from monitor.flows.prefect_runs import PrefectRuns
from monitor.incidents import jobs as incidents
from monitor.jobs.code_version import code_version
from monitor.jobs.health import Health, health_page
from monitor.jobs.job import Job, Runs
from monitor.jobs.schedule import Schedule
from monitor.jobs.settings import Settings
from monitor.machine import jobs as machine
from monitor.machine.metrics import Figures, text
from monitor.machine.watch import KINDS, Plan, Watch, no_plan
from monitor.messages import jobs as messages
from monitor.ranking import jobs as ranking
from monitor.ranking.beginning import Preparation
from monitor.reports import jobs as reports
from monitor.trials import jobs as trials

if TYPE_CHECKING:
    from core.models.registry import ModelRegistry

log = logging.getLogger("callwise.monitor")

KIND_SECONDS = 2.0
"""Seconds between looks for new or changed kinds."""

# What each job does, for people.
JOBS = {
    name: about
    for feature in (ranking, feed, economy, reports, trials, incidents, flows, messages, machine)
    for name, about in feature.JOBS.items()
}


def read_settings(env: Mapping[str, str] | None = None) -> Settings:
    """The settings in the environment. Raises SettingsError."""
    return load(Settings, env)


def jobs(settings: Settings, *, kind: str | None = None, project: str = PROJECT) -> list[Job]:
    """All jobs of one kind over the real services, by default of the shipped one and of the appliance as a whole.

    `project` is the Evidently project of the shipped kind's reports. Raises NotFound, SchemaError; Unavailable if a
    kind is named and MongoDB does not answer.
    """
    watched = Watched(settings, project)
    return watched.jobs(registry.find(watched.home, watched.shipped.schema, kind))


class Watched:
    """The appliance that is watched, and the jobs of each of its kinds.

    The first run that needs MLflow or Evidently imports it (seconds), so ranking and the health page do not wait.
    """

    def __init__(
        self,
        settings: Settings,
        project: str = PROJECT,
        runs: Runs | None = None,
        plan: Callable[[], Plan] = no_plan,
    ) -> None:
        """Raises SettingsError, SchemaError."""
        self.settings, self._project = settings, project
        self._runs, self._plan = runs or Runs(), plan
        self.space = machine.space_of(settings)
        self.watch: Watch | None = None
        self.home = mongo.connect(settings)
        schema = read_schema(settings.callwise_schema)
        self.shipped = Kind(schema.name, schema, shipped=True)
        # A job checks that no training and no trial is under way before it asks for a training. Two jobs at once would
        # both ask, and the second model would end the trial of the first.
        self._asking: dict[str, threading.Lock] = {}
        self._asked_again: set[tuple[str, str]] = set()

    def kinds(self) -> list[Kind]:
        """The kinds now. Raises SchemaError, Unavailable."""
        return registry.kinds(self.home, self.shipped.schema)

    def jobs(self, kind: Kind) -> list[Job]:
        """All jobs of `kind`, with its name behind theirs; those of the appliance as a whole are the shipped kind's."""
        settings, db, columns = settings_of(self.settings, kind), kind.database(self.home), kind.schema
        scoring, models = ScoringClient(settings, columns), _registry(settings)
        trainings, asking = self._trainings(kind), self._lock(kind)
        project = self._project if kind.shipped else kind.project
        again = self._train_again if kind.shipped else None
        preparation = Preparation()
        made = [
            *ranking.jobs(settings, db, scoring, columns, models, preparation),
            *feed.jobs(settings, self.home, kind),
            *economy.jobs(settings, db, columns, strict=kind.shipped),
            *reports.jobs(settings, db, scoring, columns, models, project),
            *trials.jobs(settings, db, scoring, columns, models),
            *incidents.jobs(settings, db, trainings, asking, lambda: self.space.may(Work.TRAININGS)),
            *flows.jobs(settings, db, trainings, asking, again),
            *messages.jobs(settings, db, "" if kind.shipped else kind.title),
        ]
        if kind.shipped:
            self.watch = machine.watch(settings, db, scoring, self.space, self._runs, self._databases, self._plan)
            made += machine.jobs(settings, self.watch)
        guarded = [self.space.guard(job) for job in preparation.watch(made)]
        return [replace(job, name=kind.label(job.name)) for job in guarded]

    def _databases(self) -> dict[str, Db]:
        return {kind.name: kind.database(self.home) for kind in self.kinds()}

    def _trainings(self, kind: Kind) -> PrefectRuns:
        return PrefectRuns(self.settings, kind=kind.key)

    def _lock(self, kind: Kind) -> threading.Lock:
        return self._asking.setdefault(kind.name, threading.Lock())

    def _train_again(self, reason: str, by: str) -> str:
        """Ask for a training of every kind that has a champion, once for each `reason`. Raises Conflict, Unavailable.

        A person may have been in several kinds; a training whose data are unchanged ends at once.
        """
        said = []
        for kind in self.kinds():
            model, db = settings_of(self.settings, kind).callwise_model_name, kind.database(self.home)
            if (reason, kind.name) in self._asked_again:
                continue
            if not kind.shipped and state_of(decisions(db, model)).champion is None:
                continue
            with self._lock(kind):
                said.append(retrain.ask_for_training(db, self._trainings(kind), model, reason, by=by, afresh=True))
            self._asked_again.add((reason, kind.name))
        return " ".join(said)


def _registry(settings: Settings) -> Callable[[], ModelRegistry]:
    """Opens the model registry at the first call."""

    @cache
    def opened() -> ModelRegistry:
        from mlflow.environment_variables import MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR  # noqa: PLC0415

        from core.models.registry import ModelRegistry  # noqa: PLC0415

        MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR.set(False)  # progress bars would fill the log
        return ModelRegistry(settings)

    return opened


class Followed:
    """Follows the kinds: jobs of a new one begin, of a changed one go on with its columns, of a retired one end."""

    def __init__(self, watched: Watched, schedule: Schedule) -> None:
        self._watched, self._schedule = watched, schedule
        self._known: dict[str, str] = {}

    def run(self) -> str:
        """Look once; returns the kinds in words. Raises SchemaError, Unavailable; then all jobs go on as they were."""
        kinds = self._watched.kinds()
        for kind in kinds:
            version = kind.schema.hash
            if not kind.shipped and self._known.get(kind.name) != version:
                self._schedule.put(kind.name, self._watched.jobs(kind))
                self._known[kind.name] = version
        for name in self._known.keys() - {kind.name for kind in kinds}:
            self._schedule.put(name, [])
            del self._known[name]
        return f"campaign kinds: {', '.join(kind.name for kind in kinds)}"


def serve(settings: Settings) -> None:
    """Run all jobs and the health page until SIGTERM or SIGINT; then end the process with status 0.

    Raises SettingsError, SchemaError, and Conflict if the data is of a newer release, before anything is started.
    """
    runs, ended = Runs(), threading.Event()
    schedule = Schedule(runs)
    watched = Watched(settings, runs=runs, plan=schedule.plan)
    with suppress(Unavailable):  # while MongoDB is away, the jobs say so
        stored_version.refuse_newer(watched.home)
    followed = Followed(watched, schedule)
    schedule.put("", watched.jobs(watched.shipped))
    schedule.put(KINDS, [Job(KINDS, KIND_SECONDS, followed.run)])

    def health() -> Health:
        alive, failing = schedule.alive, runs.failing(settings.callwise_job_failures)
        details = {
            "scheduler": alive,
            "failing": failing,
            "warnings": watched.watch.warnings() if watched.watch else [],
            "jobs": runs.report(),
            "code_version": code_version(),
        }
        return Health(alive and not failing, details)

    def last() -> dict[str, Any]:
        return watched.watch.last if watched.watch else {}

    figures = Figures(last, runs.records)
    page = health_page(settings.callwise_monitor_host, settings.callwise_monitor_port, health, lambda: text(figures))
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    schedule.start()
    log.info("started: %s; health on port %d.", ", ".join(schedule.jobs), page.port)
    ended.wait()
    schedule.stop()
    page.close()
    log.info("ended.")
    logging.shutdown()
    # Python would wait for the jobs under way. Their writes may be repeated, so the process ends without waiting.
    os._exit(0)
