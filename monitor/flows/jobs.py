"""The jobs that ask Prefect for flow runs: trainings that are due, and erasures."""

from __future__ import annotations

from datetime import timedelta
from threading import Lock

from core.stores.mongo import Db
from monitor.flows import erasures, retrain
from monitor.flows.prefect_runs import Flows, PrefectRuns
from monitor.flows.triggers import RetrainLimits, Triggers
from monitor.jobs.job import Job, one_at_a_time
from monitor.jobs.settings import Settings

JOBS = {
    "retrain": "ask for a training when one is due",
    "erasures": "ask for the erasure of people whom managers named",
}


def jobs(settings: Settings, db: Db, trainings: Flows, asking: Lock) -> list[Job]:
    """The jobs of `JOBS`; they ask for `trainings` while they hold `asking`."""
    model = settings.callwise_model_name
    limits = RetrainLimits(timedelta(days=settings.callwise_retrain_days), settings.callwise_retrain_outcomes)
    triggers = Triggers(db, trainings, model, limits, timedelta(hours=settings.callwise_training_hours))

    def train(reason: str, by: str) -> str:
        return one_at_a_time(asking, lambda: retrain.ask(db, trainings, model, reason, by=by))()

    erasing = erasures.Erasures(db, PrefectRuns(settings.prefect_api_url, flow=erasures.FLOW), train)
    return [
        Job("retrain", settings.callwise_retrain_seconds, one_at_a_time(asking, triggers.run)),
        Job("erasures", erasures.SECONDS, erasing.run),
    ]
