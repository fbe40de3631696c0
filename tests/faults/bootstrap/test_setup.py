"""The set-up may run any number of times, and be killed anywhere: it ends in the same state."""

import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pygit2
import pytest
from mlflow import MlflowClient
from pymongo import MongoClient

from core.models.succession import Succession
from core.settings.addresses import S3Settings
from core.settings.group import ROOT
from core.settings.loading import load
from core.stores.mongo import Db
from core.stores.object_store import ObjectStore
from tests.signing import KEYS

NEEDED = ("MONGODB_URI", "S3_ENDPOINT_URL", "MLFLOW_TRACKING_URI", "PREFECT_API_URL", "EVIDENTLY_URL")
STEPS = (
    "object store",
    "migrations",
    "database",
    "accounts",
    "second factors",
    "indicators",
    "model registry",
    "data registry",
    "pipeline",
    "drift review",
    "campaign kinds",
    "names and numbers",
    "stores",
    "signatures",
    "signing key",
    "ready",
)


@pytest.fixture
def env(tmp_path: Path) -> Iterator[dict[str, str]]:
    missing = [name for name in NEEDED if name not in os.environ]
    if missing:
        pytest.skip(f"{', '.join(missing)} name no server; scripts/test starts them")
    name = uuid.uuid4().hex[:12]
    yield {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "MONGODB_DATABASE": f"setup_{name}",
        "S3_BUCKET_DATASETS": f"setup-{name}-datasets",
        "S3_BUCKET_MODELS": f"setup-{name}-models",
        "CALLWISE_MODEL_NAME": f"setup-{name}",
        **KEYS,
        "CALLWISE_DATA_REGISTRY": str(tmp_path / "registry"),
    }
    with database(os.environ["MONGODB_URI"], f"setup_{name}") as db:
        db.client.drop_database(db.name)


@contextmanager
def database(uri: str, name: str) -> Iterator[Db]:
    client: MongoClient[dict[str, Any]] = MongoClient(uri)
    yield client[name]
    client.close()


def command(env: dict[str, str]) -> subprocess.Popen[str]:
    run = [sys.executable, "-m", "bootstrap.setup.steps"]
    return subprocess.Popen(run, env=env, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def run(env: dict[str, str]) -> list[str]:
    process = command(env)
    out, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors
    return [line.split(": ")[1] for line in out.splitlines() if line.startswith("setup: ")]


DIES = """
import builtins, os, runpy, signal, sys
said, step = print, sys.argv.pop()
def say(*words, **how):
    said(*words, **how)
    if str(words[0]).startswith(f"setup: {step}:"):
        os.kill(os.getpid(), signal.SIGKILL)
builtins.print = say
runpy.run_module("bootstrap.setup.steps", run_name="__main__")
"""


def kill_after(env: dict[str, str], step: str) -> None:
    """Kill -9 as soon as `step` is said to be done: the next one is then under way.

    Before the last it dies by its own hand: that one is a single write, which may be over before anybody else looks.
    """
    if step == STEPS[-2]:
        dead = subprocess.run([sys.executable, "-c", DIES, step], env=env, cwd=ROOT, capture_output=True, check=False)
        assert dead.returncode == -signal.SIGKILL, dead.stderr.decode()
        return
    process = command(env)
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith(f"setup: {step}:"):
            break
    process.kill()
    process.wait()
    process.stdout.close()
    assert process.stderr is not None
    process.stderr.close()


def state(env: dict[str, str]) -> dict[str, Any]:
    """What the set-up leaves, as its users see it."""
    with database(env["MONGODB_URI"], env["MONGODB_DATABASE"]) as db:
        stored = {
            "indexes": {name: sorted(db[name].index_information()) for name in sorted(db.list_collection_names())},
            "indicators": sorted((d["_id"], *(v["value"] for v in d["vintages"])) for d in db.indicators.find()),
            "ready": db.appliance.count_documents({"_id": "ready"}),
        }
    s3 = load(S3Settings, {name: value for name, value in env.items() if not name.startswith("CALLWISE_")})
    mlflow = MlflowClient(env["MLFLOW_TRACKING_URI"])
    secret = httpx.BasicAuth(*env["PREFECT_API_AUTH_STRING"].split(":", 1))
    pools = httpx.post(f"{env['PREFECT_API_URL']}/work_pools/filter", json={}, auth=secret).json()
    deployments = httpx.post(f"{env['PREFECT_API_URL']}/deployments/filter", json={}, auth=secret).json()
    projects = httpx.get(f"{env['EVIDENTLY_URL']}/api/projects").json()
    git = pygit2.Repository(env["CALLWISE_DATA_REGISTRY"])
    return {
        **stored,
        "objects": [ObjectStore(s3, env[f"S3_BUCKET_{name}"]).keys() for name in ("DATASETS", "MODELS")],
        "models": [m.name for m in mlflow.search_registered_models(f"name = '{env['CALLWISE_MODEL_NAME']}'")],
        "experiments": [e.name for e in mlflow.search_experiments(filter_string="name = 'continuous-training'")],
        "pools": [pool["name"] for pool in pools],
        "deployments": [(d["name"], d["entrypoint"], d["work_pool_name"]) for d in deployments],
        "projects": sorted(project["name"] for project in projects),
        "commits": [commit.message for commit in git.walk(git.head.target)],
    }


@pytest.mark.timeout(600)
def test_three_times_in_a_row_is_once(env: dict[str, str]) -> None:
    assert run(env) == list(STEPS)
    first = state(env)
    assert first["ready"] == 1
    assert len(first["indicators"]) > 100
    assert first["models"] == [env["CALLWISE_MODEL_NAME"]]
    assert first["pools"].count("callwise") == 1
    assert len(first["commits"]) == 1
    run(env)
    run(env)
    assert state(env) == first


@pytest.mark.timeout(900)
def test_killed_after_each_step_and_run_again_it_ends_the_same(env: dict[str, str]) -> None:
    for step in STEPS[:-1]:
        kill_after(env, step)
        with database(env["MONGODB_URI"], env["MONGODB_DATABASE"]) as db:
            assert db.appliance.count_documents({"_id": "ready"}) == 0
    assert run(env) == list(STEPS)
    mended = state(env)
    assert mended["ready"] == 1
    assert len(mended["commits"]) == 1
    run(env)
    assert state(env) == mended


@pytest.mark.timeout(600)
def test_a_lost_model_registry_is_told_at_each_start_and_can_be_gone_on_without(env: dict[str, str]) -> None:
    def stores(*words: str) -> str:
        run = [sys.executable, "-m", "bootstrap.setup.stores", *words]
        return subprocess.run(run, env=env, cwd=ROOT, text=True, capture_output=True, check=True).stdout

    def succession(db: Db) -> Succession:
        return Succession(db, model, None, by="a test")

    model, client = env["CALLWISE_MODEL_NAME"], MlflowClient(env["MLFLOW_TRACKING_URI"])
    run(env)
    with database(env["MONGODB_URI"], env["MONGODB_DATABASE"]) as db:
        for version in ("1", "2", "3"):
            succession(db).promote(version, why="of before")
        client.delete_registered_model(model)
        run(env)
        found = stores()
        assert "setup: LOST: the volume callwise_mlflow" in found
        assert "restore it from a backup" in found
        assert db.appliance.find_one({"_id": "lost"})["stores"] == ["mlflow"]  # type: ignore[index]
        assert succession(db).state().champion == "3"
        assert "all are this appliance's" in stores("accept")
        assert db.appliance.find_one({"_id": "lost"}) is None
        assert succession(db).state().champion is None
    experiment = client.get_experiment_by_name("continuous-training")
    assert experiment is not None
    made = client.create_run(experiment.experiment_id)
    after = client.create_model_version(model, f"{made.info.artifact_uri}/model", made.info.run_id)
    assert int(after.version) == 4
    client.delete_run(made.info.run_id)
    client.delete_registered_model(model)


def test_a_missing_variable_is_named_and_nothing_is_touched(env: dict[str, str]) -> None:
    del env["S3_SECRET_KEY"]
    process = command(env)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 1
    assert "S3_SECRET_KEY: Field required" in errors
    assert "Traceback" not in errors
