"""The monitor's way to Prefect, on the Prefect server that the environment names."""

import os
import subprocess
import sys
import time
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from bootstrap.setup.orchestration import (
    WATCH,
    ensure_deployment,
    ensure_erasure_deployment,
    ensure_watch,
    ensure_work_pool,
)
from core.settings.addresses import PrefectSettings
from core.settings.group import ROOT
from core.settings.loading import load
from core.stores.mongo import Db
from monitor.flows import erasures
from monitor.flows.prefect_runs import PrefectRuns
from tests.prefect_cases import check_flows, check_kinds


def login(server: PrefectSettings) -> httpx.BasicAuth | None:
    """The server's secret, if it asks for one."""
    return httpx.BasicAuth(*server.prefect_secret.split(":", 1)) if server.prefect_secret else None


def test_the_real_prefect_does_what_flows_do() -> None:
    if "PREFECT_API_URL" not in os.environ:
        pytest.skip("PREFECT_API_URL names no server; scripts/test starts one")
    server = load(PrefectSettings)
    ensure_work_pool(server)
    ensure_deployment(server)
    check_flows(PrefectRuns(server))
    check_kinds(PrefectRuns(server), PrefectRuns(server, kind="car-loans"))


LOAD = """
import asyncio
from prefect.client.orchestration import get_client
from prefect.flows import load_flow_from_flow_run

async def load():
    async with get_client() as client:
        deployment = await client.read_deployment_by_name("continuous-training/default")
        run = await client.create_flow_run_from_deployment(deployment.id)
        flow = await load_flow_from_flow_run(run)
        await client.delete_flow_run(run.id)
    print(flow.fn.__code__.co_filename)

asyncio.run(load())
"""


def test_a_training_runs_the_code_where_it_lies_and_copies_nothing(tmp_path: Path) -> None:
    """A worker starts every run in an empty folder, and whatever is fetched into it is fetched for every training."""
    if "PREFECT_API_URL" not in os.environ:
        pytest.skip("PREFECT_API_URL names no server; scripts/test starts one")
    server = load(PrefectSettings)
    ensure_work_pool(server)
    ensure_deployment(server)
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    loaded = subprocess.run(
        [sys.executable, "-c", LOAD], cwd=tmp_path, env=env, capture_output=True, text=True, check=True
    )
    assert loaded.stdout.splitlines()[-1] == str(ROOT / "trainer" / "flow.py")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.mongo
def test_a_training_asked_for_by_hand_is_asked_for_once_and_written_down(db: Db) -> None:
    if "PREFECT_API_URL" not in os.environ:
        pytest.skip("PREFECT_API_URL names no server; scripts/test starts one")
    server = load(PrefectSettings)
    ensure_work_pool(server)
    ensure_deployment(server)
    flows = PrefectRuns(server)
    for run in flows.under_way():
        flows.give_up(run.id, "left by another test")
    named = {name: value for name, value in os.environ.items() if not name.startswith("CALLWISE_")}
    env = {**named, "MONGODB_DATABASE": db.name, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "monitor.flows.retrain", "--reason", "new prices", "--by", "ann"]
    said = [subprocess.run(command, env=env, capture_output=True, text=True, check=True).stdout for _ in range(2)]
    (run,) = flows.under_way()
    assert said[0] == f"Asked for a training: flow run {run.id} in Prefect.\n"
    assert said[1].startswith(f"A training is under way already: flow run {run.id}")
    (event,) = db.events.find()
    assert (event["who"], event["subject"], event["why"]) == ("ann", run.id, "new prices")
    flows.give_up(run.id, "the test is over")


@pytest.mark.parametrize("after", ["Pending", "Submitting", "pull-step.executed", "Running"])
def test_a_run_whose_worker_was_killed_crashes_and_makes_room(after: str) -> None:
    """Nobody ends it: it is left as by a worker that is killed `after` something, and another waits for its place."""
    if "PREFECT_API_URL" not in os.environ:
        pytest.skip("PREFECT_API_URL names no server; scripts/test starts one")
    server = load(PrefectSettings)
    ensure_work_pool(server)
    ensure_deployment(server)
    ensure_watch(server)
    ensure_watch(server, timedelta(seconds=10))  # the least that Prefect takes; and the watch is brought up to date
    api = httpx.Client(base_url=server.prefect_api_url, timeout=60, trust_env=False, auth=login(server))
    try:
        named = [one for one in api.post("/automations/filter", json={}).json() if one["name"] == WATCH]
        assert [one["trigger"]["within"] for one in named] == [10.0]
        flows = PrefectRuns(server)
        for run in flows.under_way():
            flows.give_up(run.id, "left by another test")
        killed, waiting = flows.request_training("killed"), flows.request_training("waiting")
        assert _move(api, killed.id, "PENDING") == "ACCEPT"
        if after != "Pending":
            assert _move(api, killed.id, "PENDING", "Submitting") == "ACCEPT"
        if after == "pull-step.executed":
            _tell(api, killed.id, after)
        if after == "Running":
            assert _move(api, killed.id, "RUNNING") == "ACCEPT"
        assert _move(api, waiting.id, "PENDING") == "REJECT"  # one at a time
        deadline = time.monotonic() + 300
        while (found := flows.find(killed.id)) and found.under_way:
            assert time.monotonic() < deadline, f"it still counts as {found.name}"
            time.sleep(1)
        assert found is not None
        assert (found.state, "sign of life" in found.message) == ("CRASHED", True)
        assert _move(api, waiting.id, "PENDING") == "ACCEPT"
        flows.give_up(waiting.id, "the test is over")
    finally:
        ensure_watch(server)
        api.close()


def _move(api: httpx.Client, run: str, state: str, name: str | None = None) -> str:
    """Propose a state as a worker does; whether it was accepted."""
    reply = api.post(f"/flow_runs/{run}/set_state", json={"state": {"type": state, "name": name}})
    return str(reply.raise_for_status().json()["status"])


def _tell(api: httpx.Client, run: str, what: str) -> None:
    """Write an event of the run as its process does."""
    event = {
        "id": str(uuid.uuid4()),
        "occurred": datetime.now(UTC).isoformat(),
        "event": f"prefect.flow-run.{what}",
        "resource": {"prefect.resource.id": f"prefect.flow-run.{run}"},
    }
    api.post("/events", json=[event]).raise_for_status()


def test_a_run_that_erases_is_another_flows_and_runs_the_code_where_it_lies(tmp_path: Path) -> None:
    if "PREFECT_API_URL" not in os.environ:
        pytest.skip("PREFECT_API_URL names no server; scripts/test starts one")
    server = load(PrefectSettings)
    ensure_work_pool(server)
    ensure_deployment(server)
    assert ensure_erasure_deployment(server) == f"{erasures.FLOW}/default"
    runs, trainings = PrefectRuns(server, flow=erasures.FLOW), PrefectRuns(server)
    key = f"test:{uuid.uuid4()}"
    asked = runs.start({}, key=key)
    assert runs.start({}, key=key).id == asked.id
    assert asked.id in {run.id for run in runs.under_way()}
    assert asked.id not in {run.id for run in trainings.under_way()}
    runs.give_up(asked.id, "the test is over")
    assert asked.id not in {run.id for run in runs.under_way()}
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    code = LOAD.replace("continuous-training/default", f"{erasures.FLOW}/default")
    loaded = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=env, capture_output=True, text=True, check=True
    )
    assert loaded.stdout.splitlines()[-1] == str(ROOT / "trainer" / "privacy" / "flow.py")
