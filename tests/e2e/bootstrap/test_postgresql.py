"""MLflow and Prefect on PostgreSQL, by nothing but their own settings, as compose.yaml passes them on."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
import yaml
from mlflow import MlflowClient

from core.models.registry import ModelRegistry
from core.settings.addresses import RegistrySettings
from core.settings.group import ROOT
from tests.scoring.processes import BIN, Process, free_ports, wait_for

PROGRAMS = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
POSTGRES = shutil.which("postgres") or (str(PROGRAMS[-1] / "postgres") if PROGRAMS else "")
OWNER: dict[str, Any] = {"user": "postgres", "group": "postgres"} if os.geteuid() == 0 else {}
"""PostgreSQL refuses to run as root."""
SECONDS = 500.0
"""Until a server answers that makes a hundred tables first, on a busy machine."""

pytestmark = [
    pytest.mark.skipif(not POSTGRES, reason="there is no PostgreSQL here (Debian: apt-get install postgresql)"),
    pytest.mark.timeout(1_200),
]


@pytest.fixture(scope="module")
def postgresql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server of its own on loopback, without the database: `postgresql://…:port`."""
    import psycopg2

    folder, port = tmp_path_factory.mktemp("postgresql"), free_ports(1)[0]
    for path in (folder, *folder.parents):
        if path.is_relative_to(tmp_path_factory.getbasetemp().parent):
            path.chmod(0o755)
    if OWNER:
        shutil.chown(folder, **OWNER)
    data = folder / "data"
    initdb = Path(POSTGRES).resolve().with_name("initdb")
    options = ["-A", "trust", "-U", "callwise", "--no-sync", "-D", str(data)]
    subprocess.run([initdb, *options], check=True, capture_output=True, cwd=folder, **OWNER)
    command = [POSTGRES, "-D", str(data), "-h", "127.0.0.1", "-p", str(port), "-k", str(folder)]
    server = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **OWNER)
    address = f"postgresql://callwise@127.0.0.1:{port}"

    def answers() -> bool:
        try:
            psycopg2.connect(f"{address}/postgres", connect_timeout=2).close()
        except psycopg2.OperationalError:
            return False
        return True

    try:
        wait_for("PostgreSQL answering", answers)
        yield address
    finally:
        server.send_signal(signal.SIGQUIT)  # at once, whoever is still connected
        server.wait(timeout=60)


def made(postgresql: str, name: str) -> str:
    """The address of a new database."""
    import psycopg2

    connection = psycopg2.connect(f"{postgresql}/postgres")
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name}")
    connection.close()
    return f"{postgresql}/{name}"


def asked(address: str, question: str) -> list[Any]:
    import psycopg2

    connection = psycopg2.connect(address)
    with connection.cursor() as cursor:
        cursor.execute(question)
        rows: list[Any] = cursor.fetchall()
    connection.close()
    return rows


def answers(url: str) -> bool:
    try:
        return httpx.get(url, trust_env=False).is_success
    except httpx.HTTPError:
        return False


def kill(server: Process) -> None:
    """kill -9 of the server and of its workers, which would go on answering on its port."""
    everybody = psutil.Process(server.pid).children(recursive=True)
    server.kill()
    for one in everybody:
        one.kill()


def setting(service: str, name: str) -> str:
    """The variable that compose.yaml gives this service from .env, where the service has one called `name`."""
    environment: Mapping[str, str] = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"][service][
        "environment"
    ]
    return environment[name]


def test_the_registry_is_in_the_database_and_outlives_its_server(postgresql: str, tmp_path: Path) -> None:
    assert setting("mlflow", "MLFLOW_BACKEND_STORE_URI").startswith("${MLFLOW_BACKEND_STORE_URI:-sqlite:")
    database, port = made(postgresql, "mlflow"), free_ports(1)[0]
    command = [str(BIN / "mlflow"), "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    env = {
        "MLFLOW_BACKEND_STORE_URI": database.replace("postgresql:", "postgresql+psycopg2:"),
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    }
    url = f"http://127.0.0.1:{port}"
    registry = ModelRegistry(RegistrySettings(mlflow_tracking_uri=url))

    def start() -> Process:
        server = Process(command, env, tmp_path / "mlflow.log")
        wait_for("MLflow answering", lambda: answers(f"{url}/health"), seconds=SECONDS)
        return server

    server = start()
    try:
        registry.ensure()
        registry.ensure()
        client = MlflowClient(url)
        run = client.create_run(client.create_experiment("continuous-training"))
        client.log_metric(run.info.run_id, "auc", 0.75)
        version = client.create_model_version(registry.name, "s3://nowhere/model", run.info.run_id).version
        registry.point("champion", str(version))
        kill(server)
        server = start()
        found = registry.version_by_alias("champion")
        assert found is not None
        assert (found.version, found.run_id) == ("1", run.info.run_id)
        assert client.get_run(run.info.run_id).data.metrics == {"auc": 0.75}
    finally:
        kill(server)
    assert asked(database, "SELECT name, alias, version FROM registered_model_aliases") == [
        (registry.name, "champion", 1)
    ]


FLOW = """
from prefect import flow, task
@task
def twice(n): return 2 * n
@flow(name="a-flow")
def a_flow(): return twice(21)
assert a_flow() == 42
"""


def test_prefects_runs_are_in_the_database(postgresql: str, tmp_path: Path) -> None:
    name = "PREFECT_API_DATABASE_CONNECTION_URL"
    assert setting("prefect", name).startswith(f"${{{name}:-sqlite+aiosqlite:")
    database, port = made(postgresql, "prefect"), free_ports(1)[0]
    env = {
        name: database.replace("postgresql:", "postgresql+asyncpg:"),
        "PREFECT_HOME": str(tmp_path / "home"),
        "PREFECT_API_URL": f"http://127.0.0.1:{port}/api",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "true",
        "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": "events,flow_runs",
    }
    program = [sys.executable, "-P", str(ROOT / "deploy/prefect_server.py"), "server", "start"]
    server = Process([*program, "--host", "127.0.0.1", "--port", str(port)], env, tmp_path / "prefect.log")
    try:
        wait_for("Prefect answering", lambda: answers(f"http://127.0.0.1:{port}/api/ready"), seconds=SECONDS)
        done = subprocess.run(
            [sys.executable, "-c", FLOW], env={**os.environ, **env}, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr[-2000:]
        ended = "SELECT flow.name, flow_run.state_type FROM flow_run JOIN flow ON flow.id = flow_run.flow_id"
        wait_for("the run's end", lambda: asked(database, ended) == [("a-flow", "COMPLETED")])
    finally:
        server.end()
    assert not (tmp_path / "home" / "prefect.db").exists()
