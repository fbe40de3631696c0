"""The command behind `scripts/score`, with the real scoring service and a real cluster."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest

from core.clock import now
from core.models import levels_in_force, mixture_in_force
from core.models.levels_in_force import Level
from core.models.mixture_in_force import Mixture
from core.settings.group import ROOT
from tests.dask_cluster import dask_cluster
from tests.scoring.processes import Mongo, Registry, Server, free_ports, some_rows, wait_for
from tests.signing import VERIFYING

ROWS = 2_500


@dataclass
class Appliance:
    """A scoring service with a champion and a refresh, its stores, and a file of people."""

    server: Server
    mongo: Mongo
    people: Path

    def score(self, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        env = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "MONGODB_URI": self.mongo.uri,
            "MLFLOW_TRACKING_URI": self.server.registry.uri,
            "MLSERVER_URL": self.server.url,
            "CALLWISE_VERIFYING_KEY": VERIFYING,
        }
        command = [sys.executable, "-m", "app.file_scores.score_file", "--called", self.people.name, *arguments]
        with self.people.open("rb") as file:
            return subprocess.run(command, env=env, stdin=file, capture_output=True, check=False, timeout=240)


@pytest.fixture(scope="module")
def appliance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Appliance]:
    folder = tmp_path_factory.mktemp("scored")
    mongo, registry = Mongo(folder), Registry(folder)
    champion, refresh = registry.add(seed=1), registry.add(seed=2)
    registry.point("champion", champion)
    registry.point("refresh", refresh)
    server = Server(folder, registry, mongo.start().uri)
    try:
        mixture_in_force.put_in_force(server.database(), Mixture(champion, refresh, 0.8, place=1))
        levels_in_force.put_in_force(
            server.database(), champion, Level(0.3, outcomes=500, sales=60, expected=48.0, at=now())
        )
        server.start()
        wait_for("the mixture", lambda: server.client.state()["refresh_weight"] == 0.8)
        wait_for("the level", lambda: server.client.state()["champion_level"] == 0.3)
        people = pd.DataFrame(some_rows(registry.schema, ROWS, seed=5)).assign(duration=1, y="no")
        people.loc[1_234, "age"] = 999
        people.to_csv(folder / "people.csv", index=False)
        yield Appliance(server, mongo, folder / "people.csv")
    finally:
        server.end()
        mongo.kill()


def test_a_cluster_gives_the_services_scores(appliance: Appliance, tmp_path: Path) -> None:
    here = appliance.score()
    assert here.returncode == 0, here.stderr.decode()
    with dask_cluster(tmp_path, workers=2) as cluster:
        there = appliance.score("--dask", cluster.address)
    assert there.returncode == 0, there.stderr.decode()
    assert there.stdout == here.stdout
    assert here.stdout.count(b"\r\n") == 1 + ROWS
    for done in (here, there):
        assert b"score: done: 2,499 rows scored, 1 rejected" in done.stderr
    assert appliance.server.database().predictions.count_documents({}) == 0


def test_an_address_that_does_not_answer_ends_the_command_with_its_name(appliance: Appliance) -> None:
    address = f"tcp://127.0.0.1:{free_ports(1)[0]}"
    done = appliance.score("--dask", address)
    assert (done.returncode, done.stdout) == (1, b"")
    assert f"No Dask scheduler answers at {address}" in done.stderr.decode()
    assert "Traceback" not in done.stderr.decode()
