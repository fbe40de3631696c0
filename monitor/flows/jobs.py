"""The jobs that ask Prefect for flow runs: trainings that are due, erasures, and the clearing of what is old."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from threading import Lock

from core.stores.mongo import Db
from monitor.flows import erasures, retention
from monitor.flows.prefect_runs import PrefectRuns
from monitor.flows.triggers import RetrainLimits, Triggers
from monitor.jobs.job import Job, one_at_a_time
from monitor.jobs.settings import Settings

JOBS = {
    "retrain": "ask for a training when one is due",
    "deletions": "ask for the deletion of campaigns that managers named",
    "erasures": "ask for the erasure of people whom managers named",
    "retention": "ask once a day to clear what is old",
}


def jobs(
    settings: Settings, db: Db, trainings: PrefectRuns, asking: Lock, train_again: Callable[[str, str], str] | None
) -> list[Job]:
    """The jobs of `JOBS`; they ask for `trainings` while they hold `asking`.

    Erasures and the clearing are the appliance's, not a kind's: a kind without `train_again(reason, by)` has no job
    for them.
    """
    model = settings.callwise_model_name
    limits = RetrainLimits.from_settings(settings, settings.refresh_every)
    triggers = Triggers(
        db,
        trainings,
        model,
        limits,
        timedelta(hours=settings.callwise_training_hours),
        minimum=settings.callwise_minimum_outcomes,
    )
    asks = Job("retrain", settings.callwise_retrain_seconds, one_at_a_time(asking, triggers.run))
    runs = PrefectRuns(settings, flow=erasures.FLOW)
    own = [asks, Job("deletions", erasures.SECONDS, erasures.Deletions(db, runs).run)]
    if train_again is None:
        return own
    erasing = erasures.Erasures(db, runs, train_again)
    clearing = retention.Retention(db, PrefectRuns(settings, flow=retention.FLOW))
    return [
        *own,
        Job("erasures", erasures.SECONDS, erasing.run),
        Job("retention", retention.SECONDS, clearing.run),
    ]
