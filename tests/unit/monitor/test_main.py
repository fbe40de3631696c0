"""Jobs that ask for trainings take turns."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from monitor import main
from monitor.flows import retrain
from monitor.flows.triggers import Triggers
from monitor.incidents.follow_up import FollowUp
from monitor.main import read_settings


def test_of_the_jobs_that_ask_for_a_training_one_looks_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    inside, seen = 0, []

    def looking(*_: object, **__: object) -> str:
        nonlocal inside
        inside += 1
        seen.append(inside)
        time.sleep(0.05)  # whoever else may come in does so now
        inside -= 1
        return "looked"

    monkeypatch.setattr(FollowUp, "run", looking)
    monkeypatch.setattr(Triggers, "run", looking)
    monkeypatch.setattr(retrain, "ask_for_training", looking)
    nowhere = "http://127.0.0.1:9"
    addresses = dict.fromkeys(("MLFLOW_TRACKING_URI", "MLSERVER_URL", "EVIDENTLY_URL", "PREFECT_API_URL"), nowhere)
    settings = read_settings({"MONGODB_URI": "mongodb://127.0.0.1:9/", **addresses})
    jobs = {job.name: job.run for job in main.jobs(settings)}
    asking: list[Callable[[], str]] = [jobs["incidents"], jobs["retrain"]] * 4
    with ThreadPoolExecutor(len(asking)) as pool:
        assert [found.result() for found in [pool.submit(run) for run in asking]] == ["looked"] * len(asking)
    assert seen == [1] * len(asking)
