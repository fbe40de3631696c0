"""The monitor's way to Prefect, on the Prefect server that the environment names."""

import os
import subprocess
import sys

import pytest

from bootstrap.orchestration import ensure_deployment, ensure_work_pool
from core.mongo import Db
from core.settings import ROOT
from monitor.prefect_runs import PrefectRuns
from tests.prefect_cases import check_flows


def test_the_real_prefect_does_what_flows_do() -> None:
    if "PREFECT_API_URL" not in os.environ:
        pytest.skip("PREFECT_API_URL names no server; scripts/test starts one")
    url = os.environ["PREFECT_API_URL"]
    ensure_work_pool(url)
    ensure_deployment(url)
    check_flows(PrefectRuns(url))


@pytest.mark.mongo
def test_a_training_asked_for_by_hand_is_asked_for_once_and_written_down(db: Db) -> None:
    if "PREFECT_API_URL" not in os.environ:
        pytest.skip("PREFECT_API_URL names no server; scripts/test starts one")
    url = os.environ["PREFECT_API_URL"]
    ensure_work_pool(url)
    ensure_deployment(url)
    flows = PrefectRuns(url)
    for run in flows.under_way():
        flows.give_up(run.id, "left by another test")
    named = {name: value for name, value in os.environ.items() if not name.startswith("CALLWISE_")}
    env = {**named, "MONGODB_DATABASE": db.name, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "monitor.retrain", "--reason", "new prices", "--by", "ann"]
    said = [subprocess.run(command, env=env, capture_output=True, text=True, check=True).stdout for _ in range(2)]
    (run,) = flows.under_way()
    assert said[0] == f"Asked for a training: flow run {run.id} in Prefect.\n"
    assert said[1].startswith(f"A training is under way already: flow run {run.id}")
    (event,) = db.events.find()
    assert (event["who"], event["subject"], event["why"]) == ("ann", run.id, "new prices")
    flows.give_up(run.id, "the test is over")
