"""Nothing acknowledged is lost: not when a container is killed, not when the whole appliance goes down and up again.

Light load all the while: a program asks for scores through the door, and an agent claims prospects and records
outcomes. Either repeats what was not acknowledged, with the same key, as its real counterpart would.
"""

from __future__ import annotations

import subprocess
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from core.schema import Schema
from core.scoring import protocol
from core.settings.group import ROOT
from tests.compose.appliance import LASTING, Appliance, health, run

PEOPLE = """
import json, os
from pymongo import MongoClient
db = MongoClient(os.environ["MONGODB_URI"])["callwise"]
print(json.dumps(list(db.prospects.find({"status": "open"}, {"features": 1}).limit(50))))
"""
AGENT = """
import sys, time
from core.calls.claims import claim
from core.calls.lifecycle import Result
from core.calls.recording import CallReport, record
from core.errors import Unavailable
from core.settings.addresses import MongoSettings
from core.settings.loading import load
from core.stores.mongo import connect
name = sys.argv[1]
db = connect(load(MongoSettings), timeout_seconds=3.0)
campaign = sys.argv[2]
held = None
print("ready", flush=True)
while True:
    try:
        held = held or claim(db, campaign, name)
        if held is None:
            break
        record(db, held["_id"], name, CallReport(Result.REFUSED))
        print(held["_id"], flush=True)
        held = None
    except Unavailable:
        pass
    time.sleep(0.5)
"""
KEPT = """
import json, os, sys
from core.scoring.packed import rows_of
from pymongo import MongoClient
db = MongoClient(os.environ["MONGODB_URI"])["callwise"]
outcomes = [o["prospect"] for o in db.outcomes.find({"agent": AGENT})]
done = [p["_id"] for p in db.prospects.find({"_id": {"$in": outcomes}, "status": "done"})]
found = rows_of(db.predictions.find({"_id": {"$regex": "^PREFIX"}}))
scores = {p["_id"]: p["score"] for p in found}
print(json.dumps({"outcomes": outcomes, "done": done, "scores": scores}))
"""
COUNTS = """
import json, os
from pymongo import MongoClient
db = MongoClient(os.environ["MONGODB_URI"])["callwise"]
names = ("campaigns", "prospects", "outcomes", "predictions", "models", "indicators", "events")
print(json.dumps({name: db[name].count_documents({}) for name in names}))
"""


class Load:
    """What was acknowledged so far."""

    def __init__(self, appliance: Appliance, schema: Schema) -> None:
        self.name = f"kill-{uuid.uuid4().hex[:8]}"
        self.scores: dict[str, float] = {}
        self.outcomes: list[str] = []
        self._appliance, self._schema = appliance, schema
        self._stop = threading.Event()
        self._people: list[dict[str, Any]] = appliance.ask("app", PEOPLE)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Load in the background; after the block, everything that was sent is acknowledged."""
        campaign = self._people[0]["_id"].split(":")[0]
        agent = subprocess.Popen(
            ["docker", "compose", "run", "--rm", "--no-deps", "-T", f"--name={self.name}",
             "bootstrap", "python", "-c", AGENT, self.name, campaign],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT,
        )  # fmt: skip
        assert agent.stdout is not None
        if agent.stdout.readline() != "ready\n":
            raise AssertionError(agent.communicate()[1][-1000:])
        threads = [threading.Thread(target=self._score), threading.Thread(target=self._read, args=(agent.stdout,))]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._stop.set()
            threads[0].join(120)
            # Ending the client leaves the container running, so the container is ended.
            run("docker", "rm", "--force", self.name)
            agent.wait(60)
            threads[1].join(60)

    def _read(self, lines: Iterator[str]) -> None:
        self.outcomes += [line.strip() for line in lines]

    def _score(self) -> None:
        number = 0
        with self._appliance.client(self._appliance.program) as client:
            while not self._stop.is_set():
                person = self._people[number % len(self._people)]
                request = f"{self.name}-{number}"
                body = protocol.request(self._schema, [person["features"]], [person["_id"]], request)
                try:
                    reply = client.post(f"{self._appliance.url()}/v2/models/prospect-scorer/infer", json=body)
                    if reply.status_code == httpx.codes.OK:
                        score = protocol.scores(reply.json())[0]
                        self.scores[score.prediction] = score.score
                        number += 1
                except httpx.HTTPError:
                    pass  # repeated with the same id, as long as it takes
                time.sleep(0.2)


def kept(appliance: Appliance, name: str) -> dict[str, Any]:
    program = KEPT.replace("AGENT", repr(name)).replace("PREFIX", name)
    found: dict[str, Any] = appliance.ask("app", program)
    return found


@pytest.fixture(scope="module", autouse=True)
def champion(appliance: Appliance) -> None:
    """A campaign, a champion and a ranking, as people would have them; what is already there is kept."""
    appliance.compose(
        *("run", "--rm", "--no-deps", "-T", "bootstrap", "python", "-m", "bootstrap.check.journey"), timeout=1500
    )


@pytest.mark.parametrize("victim", LASTING)
def test_a_killed_container_comes_back_and_nothing_is_lost(appliance: Appliance, schema: Schema, victim: str) -> None:
    load = Load(appliance, schema)
    before = appliance.containers()[victim]
    with load.running():
        time.sleep(3)
        # From inside, where it is a crash; `docker kill` would count as the wish that it stay down.
        subprocess.run(
            ["docker", "exec", before["Id"], "sh", "-c", "kill -9 -1"], capture_output=True, check=False, timeout=60
        )
        deadline = time.monotonic() + 300
        while True:
            now = appliance.containers()[victim]
            if now["RestartCount"] > before["RestartCount"] and health(now) == "healthy":
                break
            assert time.monotonic() < deadline, f"{victim} is {health(now)} after {now['RestartCount']} restarts"
            time.sleep(1)
        appliance.wait_healthy()
        acknowledged = len(load.scores)
        deadline = time.monotonic() + 120
        while len(load.scores) <= acknowledged:  # it is of use again
            assert time.monotonic() < deadline, "no score was given any more"
            time.sleep(0.5)
    assert load.scores
    assert load.outcomes
    deadline = time.monotonic() + 120
    while True:  # what waited in the spool drains by itself, and what the agent left half recorded is settled
        held = kept(appliance, load.name)
        whole = load.scores.items() <= held["scores"].items() and set(held["outcomes"]) == set(held["done"])
        if whole or time.monotonic() > deadline:
            break
        time.sleep(1)
    assert load.scores.items() <= held["scores"].items()
    assert set(load.outcomes) <= set(held["outcomes"])
    assert len(held["outcomes"]) == len(set(held["outcomes"]))
    assert set(held["outcomes"]) == set(held["done"])


def test_down_and_up_loses_nothing(appliance: Appliance) -> None:
    alias = f"{appliance.url('mlflow')}/api/2.0/mlflow/registered-models/alias?name=prospect-scorer&alias=champion"
    projects = f"{appliance.url('evidently')}/api/projects"

    def seen() -> dict[str, Any]:
        with appliance.person() as client:
            champion = client.get(alias).json()["model_version"]
            reports = {
                p["id"]: len(client.get(f"{projects}/{p['id']}/reports").json()) for p in client.get(projects).json()
            }
            runs = client.post(f"{appliance.url('prefect')}/api/flow_runs/count", json={}).json()
        return {"champion": (champion["version"], champion["tags"]), "reports": reports, "runs": runs}

    before, counted = seen(), appliance.ask("app", COUNTS)
    appliance.compose("down", timeout=300)
    assert appliance.containers() == {}
    appliance.up()
    after, recounted = seen(), appliance.ask("app", COUNTS)
    assert after["champion"] == before["champion"]
    assert after["runs"] >= before["runs"] > 0
    assert all(after["reports"][project] >= number for project, number in before["reports"].items())
    assert all(recounted[name] >= number for name, number in counted.items())
    assert (recounted["prospects"], recounted["outcomes"]) == (counted["prospects"], counted["outcomes"])
