"""The job that handles incidents."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from threading import Lock

from core.stores.mongo import Db
from monitor.flows.prefect_runs import PrefectRuns
from monitor.incidents.facts import IncidentRules
from monitor.incidents.follow_up import FollowUp
from monitor.jobs.job import Job, one_at_a_time
from monitor.jobs.settings import Settings

JOBS = {"incidents": "open, follow up and close incidents"}


def jobs(settings: Settings, db: Db, trainings: PrefectRuns, asking: Lock, may_train: Callable[[], bool]) -> list[Job]:
    """The job of `JOBS`; it asks for `trainings` while it holds `asking`, and if it `may_train`."""
    rules = IncidentRules.from_settings(settings)
    limit = timedelta(hours=settings.callwise_training_hours)
    follow_up = FollowUp(db, trainings, settings.callwise_model_name, rules, limit, may_train=may_train)
    return [Job("incidents", settings.callwise_incident_seconds, one_at_a_time(asking, follow_up.run))]
