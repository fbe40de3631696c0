"""What kills a part of the appliance, or its runner, loses no data and leaves nothing behind.

On real processes: supervisord keeping the MongoDB-wire server, the quickest of the services; what holds for one holds
for all, since they differ in data only (`bootstrap.embedded.services`).
"""

from __future__ import annotations

import gc
import signal
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from pymongo import MongoClient

from bootstrap.embedded.appliance import Appliance
from bootstrap.embedded.processes import MARK_SERVICE, MARK_STATE, end_processes, find_processes
from bootstrap.embedded.supervisor import processes
from bootstrap.embedded.watch import Status, Watch
from core.errors import Conflict, Unavailable
from core.settings.group import ROOT

PATIENCE = 120.0
RUNNER = """
import signal, sys
from pathlib import Path
from bootstrap.embedded.appliance import Appliance
from bootstrap.embedded.watch import Watch

class Stopped(Exception): pass
def stop(*_): raise Stopped
signal.signal(signal.SIGTERM, stop)
try:
    with Appliance(Path(sys.argv[1]), services=["mongo"]) as appliance:
        watch = Watch(appliance)
        watch.wait_healthy(lambda status: None)
        print("well", flush=True)
        watch.forever(lambda status: print(status.service.name, status.state, flush=True), pause=0.2)
except Stopped:
    print("stopped", flush=True)
"""


def until(holds: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline, f"{what} did not happen within {PATIENCE} s"
        time.sleep(0.1)


def silent(status: Status) -> None:
    """Nobody listens."""


@pytest.fixture
def state(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "state"
    yield folder
    end_processes(lambda: find_processes(folder))


@pytest.fixture
def runner(state: Path) -> Iterator[subprocess.Popen[str]]:
    """A runner in a process of its own, with all well."""
    process = subprocess.Popen(
        [sys.executable, "-c", RUNNER, str(state)], cwd=ROOT, stdout=subprocess.PIPE, text=True, bufsize=1
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "well\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def pids(state: Path, service: str) -> set[int]:
    return {process.pid for process in find_processes(state, service)}


def test_a_killed_service_comes_back_with_its_data(state: Path) -> None:
    with Appliance(state, services=["mongo"]) as appliance:
        watch = Watch(appliance)
        watch.wait_healthy(silent)
        client: MongoClient[dict[str, int]] = MongoClient(appliance.env["MONGODB_URI"])
        client.callwise.prospects.insert_one({"_id": 41})
        client.close()
        before = pids(state, "mongo")
        for pid in before:
            psutil.Process(pid).kill()
        until(lambda: pids(state, "mongo") - before, "a new process")
        Watch(appliance).wait_healthy(silent)
        client = MongoClient(appliance.env["MONGODB_URI"])
        assert client.callwise.prospects.count_documents({"_id": 41}) == 1
        client.close()
    assert not find_processes(state)


def test_the_next_start_goes_on_where_it_was(state: Path) -> None:
    with Appliance(state, services=["mongo"]) as appliance:
        Watch(appliance).wait_healthy(silent)
        first = appliance.env
        client: MongoClient[dict[str, int]] = MongoClient(first["MONGODB_URI"])
        client.callwise.prospects.insert_one({"_id": 41})
        client.close()
    with Appliance(state, services=["mongo"]) as appliance:
        Watch(appliance).wait_healthy(silent)
        assert appliance.env["S3_SECRET_KEY"] == first["S3_SECRET_KEY"]
        client = MongoClient(appliance.env["MONGODB_URI"])
        assert client.callwise.prospects.count_documents({}) == 1
        client.close()


def test_sigterm_leaves_nothing_behind(state: Path, runner: subprocess.Popen[str]) -> None:
    assert find_processes(state)
    runner.terminate()
    assert runner.wait(PATIENCE) == 0
    assert not find_processes(state)
    Appliance(state).state.lock()  # and nobody holds the folder


def test_a_killed_runner_takes_everything_with_it(state: Path, runner: subprocess.Popen[str]) -> None:
    runner.kill()
    until(lambda: not find_processes(state), "the end of all processes")


def test_a_killed_supervisor_is_replaced(state: Path, runner: subprocess.Popen[str]) -> None:
    before = pids(state, "supervisord")
    for pid in before:
        psutil.Process(pid).kill()
    assert runner.stdout is not None
    assert [runner.stdout.readline() for _ in range(2)] == ["mongo ended\n", "mongo healthy\n"]
    assert pids(state, "supervisord").isdisjoint(before)
    runner.send_signal(signal.SIGTERM)
    assert runner.wait(PATIENCE) == 0
    assert not find_processes(state)


def test_leftovers_are_ended_at_the_next_start_and_only_ones_own(state: Path, tmp_path: Path) -> None:
    stubborn = "import signal, time; signal.signal(15, signal.SIG_IGN); print('ready', flush=True); time.sleep(600)"
    sleep = [sys.executable, "-c", stubborn]
    path = {"PATH": "/usr/bin:/bin"}
    own = subprocess.Popen(
        sleep, env={**path, MARK_STATE: str(state), MARK_SERVICE: "mlflow"}, stdout=subprocess.PIPE, text=True
    )
    assert own.stdout is not None
    assert own.stdout.readline() == "ready\n"
    others = [
        subprocess.Popen(sleep, env={**path, MARK_STATE: str(tmp_path / "other"), MARK_SERVICE: "mlflow"}),
        subprocess.Popen(sleep, env={**path, MARK_STATE: str(state)}),  # a shell in which somebody exported it
    ]
    try:
        with Appliance(state, services=["mongo"]):
            assert not psutil.pid_exists(own.pid)
            assert [other.poll() for other in others] == [None, None]
    finally:
        own.stdout.close()
        for other in others:
            other.kill()
            other.wait()


def test_two_appliances_side_by_side(state: Path, tmp_path: Path) -> None:
    with Appliance(state, services=["mongo"]) as one, Appliance(tmp_path / "b", services=["mongo"]) as other:
        for appliance in (one, other):
            Watch(appliance).wait_healthy(silent)
        assert not set(one.ports.values()) & set(other.ports.values())
        with pytest.raises(Conflict, match="is in use by process"):
            Appliance(state).start()
        Watch(one).wait_healthy(silent)  # undisturbed by who was refused
    assert not find_processes(state)
    assert not find_processes(tmp_path / "b")


def test_a_service_that_cannot_start_is_named_with_the_end_of_its_log(state: Path) -> None:
    with Appliance(state, services=["mongo"]) as appliance:
        Watch(appliance).wait_healthy(silent)
        (state / "mongo").rename(state / "aside")
        (state / "mongo").write_text("a file where the data folder should be")
        for pid in pids(state, "mongo"):
            psutil.Process(pid).kill()
        with pytest.raises(Unavailable, match=r"(?s)\(mongo\) ended 5 times.*mongo\.log and ends with:.*File exists"):
            Watch(appliance).wait_healthy(silent, timeout=PATIENCE)
    assert not find_processes(state)


def test_a_supervisor_that_is_not_there_does_not_answer_and_leaves_no_socket_open(state: Path) -> None:
    gc.collect()  # what earlier tests left would be found here
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        with pytest.raises(Unavailable, match="does not answer"):
            processes(str(state / "supervisor.sock"))
        gc.collect()
    assert [text for one in said if "unclosed" in (text := str(one.message))] == []
