"""Real parts for the tests of the scoring service: a registry with small models, MongoDB, and MLServer, as processes.

Everything lives in one folder and on free loopback ports, so that two runs side by side do not meet.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import httpx
import mlflow
import numpy as np
import pandas as pd
import pymongo
from pydantic import SecretStr
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from bootstrap.embedded.environment import programs
from bootstrap.embedded.services import BY_NAME
from core.models.proof import Proof
from core.models.registry import PROOF, ModelRegistry, log_model_arguments
from core.models.signature import SIGNATURE, digests
from core.schema import Schema, read_schema
from core.schema.column import ColumnType, Value
from core.scoring.client import ScoringClient
from core.settings.addresses import MongoSettings, RegistrySettings, ScoringSettings
from core.stores.mongo import Db, connect
from serving import config
from tests.signing import SIGNER, VERIFYING

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
SERVING_BIN = programs(BY_NAME["mlserver"])


def free_ports(count: int) -> list[int]:
    """Ports that were free a moment ago, all different."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()


def wait_for(what: str, happened: Callable[[], bool], *, seconds: float = 90.0) -> None:
    """Return as soon as `happened`; fail, naming `what`, when it does not."""
    deadline = time.monotonic() + seconds
    while not happened():
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not happen within {seconds:g} s")
        time.sleep(0.1)


def campaign_schema() -> Schema:
    """The schema that comes with Callwise."""
    return read_schema(ROOT / "data" / "schema.yaml")


def some_rows(schema: Schema, count: int, seed: int = 0) -> list[dict[str, Value]]:
    """Rows that keep every rule of `schema`."""
    random = np.random.default_rng(seed)
    rows: list[dict[str, Value]] = []
    for _ in range(count):
        row: dict[str, Value] = {}
        for column in schema.features:
            if column.is_category:
                row[column.name] = column.categories[int(random.integers(len(column.categories)))]
            else:
                low = column.minimum if column.minimum is not None else 0.0
                high = min(column.maximum if column.maximum is not None else low + 50, low + 50)
                number = float(random.uniform(low, high))
                row[column.name] = int(number) if column.type is ColumnType.INTEGER else number
        rows.append(row)
    return rows


@dataclass
class Registry:
    """An MLflow registry in one SQLite file, with its artifacts beside it."""

    folder: Path
    name: str = "prospect-scorer"
    schema: Schema = field(default_factory=campaign_schema)
    experiment_name: str = "serving"

    def __post_init__(self) -> None:
        self.uri = f"sqlite:///{self.folder / 'mlflow.db'}"
        self.registry = ModelRegistry(
            RegistrySettings(
                mlflow_tracking_uri=self.uri, callwise_model_name=self.name, callwise_verifying_key=VERIFYING
            )
        )
        self.registry.ensure()
        self.experiment = self.registry.client.create_experiment(
            self.experiment_name, artifact_location=(self.folder / "artifacts").as_uri()
        )

    def add(self, *, seed: int, proven: bool = True, signed: bool = True) -> str:
        """Register a small model as training does; returns its version. Not `proven`: its proof belongs to another."""
        rows = some_rows(self.schema, 200, seed)
        frame = pd.DataFrame(rows)
        words = [column.name for column in self.schema.features if column.is_category]
        numbers = [name for name in self.schema.feature_names if name not in words]
        model = make_pipeline(
            make_column_transformer((OneHotEncoder(handle_unknown="ignore"), words), (StandardScaler(), numbers)),
            LogisticRegression(max_iter=200),
        ).fit(frame, np.random.default_rng(seed).integers(0, 2, len(rows)))
        proof = Proof.for_model(model, rows[:20])
        if not proven:
            proof = Proof(proof.inputs, [1 - score for score in proof.scores])
        path = self.folder / PROOF
        path.write_text(proof.text(), encoding="utf-8")
        with mlflow.start_run(experiment_id=self.experiment):
            logged = mlflow.sklearn.log_model(
                model,
                name="model",
                registered_model_name=self.name,
                extra_files=[str(path)],
                pip_requirements=[],
                **log_model_arguments(),
            )
        number = str(logged.registered_model_version)
        if signed:
            self.sign(number)
        return number

    def sign(self, number: str) -> None:
        """Sign the files of a version as they are now."""
        version = self.registry.version(number)
        with self.registry.files(version) as folder:
            tag = SIGNER.tag(version.name, version.run_id, digests(folder))
        self.registry.tag(number, SIGNATURE, tag)

    def file(self, number: str, inside: str) -> Path:
        """Where the file `inside` of a version lies."""
        model = self.registry.client.get_logged_model(self.registry.version(number).model_id)
        return Path(model.artifact_location.removeprefix("file://")) / inside

    def point(self, alias: str, version: str) -> None:
        """Let `alias` name `version`."""
        self.registry.point(alias, version)


class Process:
    """A child process with its output in a file. `kill` is kill -9; `end` is polite."""

    def __init__(self, command: list[str], env: Mapping[str, str], output: Path) -> None:
        self._output = output.open("ab")
        self._process = subprocess.Popen(
            command, env={**os.environ, **env}, cwd=output.parent, stdout=self._output, stderr=subprocess.STDOUT
        )

    @property
    def pid(self) -> int:
        """Of the process itself."""
        return self._process.pid

    @property
    def ended(self) -> bool:
        """Whether it has ended by itself."""
        return self._process.poll() is not None

    def peak_bytes(self) -> int:
        """The most memory it ever had (resident)."""
        status = Path(f"/proc/{self.pid}/status").read_text(encoding="utf-8")
        (line,) = [line for line in status.splitlines() if line.startswith("VmHWM:")]
        return int(line.split()[1]) * 1024

    def kill(self) -> None:
        """End it as a power cut would."""
        self._finish(signal.SIGKILL)

    def end(self) -> None:
        """Ask it to end, and insist."""
        self._finish(signal.SIGTERM)

    def _finish(self, number: int) -> None:
        if self._process.poll() is None:
            self._process.send_signal(number)
            try:
                self._process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._output.close()


class Mongo:
    """A MongoDB-wire server of its own; its data outlives it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_ports(1)[0]
        self.uri = f"mongodb://127.0.0.1:{self.port}"
        self._process: Process | None = None

    def start(self) -> Self:
        """Start it, on the data that is there."""
        self._process = Process(self.command(), {}, self.folder / "mongo.log")
        wait_for("MongoDB answering", self._answers)
        return self

    def command(self) -> list[str]:
        """What is run: the embedded server."""
        pid_file = self.folder / "mongo.pid"
        pid_file.unlink(missing_ok=True)
        return [
            str(BIN / "nx-27017"), "--host", "127.0.0.1", "--port", str(self.port),
            "--data-dir", str(self.folder / "mongo"), "--pid-file", str(pid_file),
        ]  # fmt: skip

    def kill(self) -> None:
        """kill -9."""
        if self._process:
            self._process.kill()

    def hang(self) -> None:
        """Keep its connections and answer nothing."""
        if self._process:
            os.kill(self._process.pid, signal.SIGSTOP)

    def go_on(self) -> None:
        """End `hang`."""
        if self._process:
            os.kill(self._process.pid, signal.SIGCONT)

    def database(self) -> Db:
        """The database that the scoring service uses."""
        return connect(MongoSettings(mongodb_uri=SecretStr(self.uri)), timeout_seconds=10)

    def _answers(self) -> bool:
        client: pymongo.MongoClient[dict[str, object]] = pymongo.MongoClient(self.uri, serverSelectionTimeoutMS=500)
        try:
            return bool(client.admin.command("ping")["ok"])
        except pymongo.errors.PyMongoError:
            return False
        finally:
            client.close()


class Server:
    """MLServer with the runtime, on ports that stay the same when it is started again."""

    module = "serving"

    def __init__(self, folder: Path, registry: Registry, mongodb_uri: str, **env: str) -> None:
        self.folder, self.registry, self._mongodb_uri = folder, registry, mongodb_uri
        self.http_port, self.grpc_port, self.metrics_port = free_ports(3)
        self.url = f"http://127.0.0.1:{self.http_port}"
        self.spool = folder / "spool"
        self._env = {
            "PYTHONPATH": str(ROOT),
            "MONGODB_URI": mongodb_uri,
            "MLFLOW_TRACKING_URI": registry.uri,
            "CALLWISE_MODEL_NAME": registry.name,
            "CALLWISE_SPOOL_DIR": str(self.spool),
            "CALLWISE_ROUTING_KEY": "a-key-of-this-test",
            "CALLWISE_VERIFYING_KEY": VERIFYING,
            "CALLWISE_RELOAD_SECONDS": "0.2",
            **env,
        }
        config.write(
            folder / "mlserver",
            http_port=self.http_port,
            grpc_port=self.grpc_port,
            metrics_port=self.metrics_port,
            model_name=registry.name,
        )
        scoring = ScoringSettings(mlserver_url=self.url, callwise_model_name=registry.name)
        self.client = ScoringClient(scoring, registry.schema)
        self.process: Process | None = None

    def database(self) -> Db:
        """The database that it uses."""
        return connect(MongoSettings(mongodb_uri=SecretStr(self._mongodb_uri)), timeout_seconds=10)

    @property
    def path(self) -> str:
        """The model's address."""
        return f"{self.url}/v2/models/{self.registry.name}"

    @property
    def output(self) -> str:
        """What it has printed."""
        return (self.folder / "mlserver.log").read_text(encoding="utf-8")

    def start(self, *, ready: bool = True) -> Self:
        """Start it, and wait until it is ready (or, without `ready`, until it answers at all)."""
        command = [str(SERVING_BIN / "python"), "-m", self.module, str(self.folder / "mlserver")]
        self.process = Process(command, self._env, self.folder / "mlserver.log")
        wait_for(
            "MLServer being ready" if ready else "MLServer answering", self.client.ready if ready else self._loaded
        )
        return self

    def kill(self) -> None:
        """kill -9."""
        if self.process:
            self.process.kill()

    def end(self) -> None:
        """SIGTERM."""
        if self.process:
            self.process.end()

    def _loaded(self) -> bool:
        try:
            return httpx.get(self.path, trust_env=False).is_success
        except httpx.HTTPError:
            return False
