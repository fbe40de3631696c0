"""The peers: what else serves the same model, each in a process of its own, in an environment of its own.

The environment `.venv-peers` has the versions of scikit-learn, numpy and pandas that Callwise has, and MLServer's. It
is made on the first run, from the package index that pip knows.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import httpx
import joblib
import mlflow.sklearn
import pandas as pd

from bootstrap.embedded.processes import tie_to_parent
from core.models.proof import Model
from core.scoring import protocol
from core.settings.group import ROOT

MLSERVER = "1.7.1"
PEERS, SERVING = ROOT / ".venv-peers", ROOT / ".venv-serving"
SHARED = ("scikit-learn", "numpy", "pandas", "mlflow")
OWN = (f"mlserver=={MLSERVER}", f"mlserver-mlflow=={MLSERVER}", f"mlserver-sklearn=={MLSERVER}", "fastapi", "uvicorn")
READY_SECONDS = 120.0


@dataclass(frozen=True)
class Peer:
    """Something that answers: its name, where to ask, and how a request with these rows looks to it."""

    name: str
    url: str
    by_columns: str = "v2"

    def body(self, v2: Mapping[str, Any]) -> Any:
        """The V2 request `v2`, as this peer reads it."""
        inputs = [tensor for tensor in v2["inputs"] if tensor["name"] != protocol.PROSPECT]
        columns = {tensor["name"]: tensor["data"] for tensor in inputs}
        if self.by_columns == "columns":
            return columns
        if self.by_columns == "mlflow":
            rows = [list(row) for row in zip(*columns.values(), strict=True)]
            return {"dataframe_split": {"columns": list(columns), "data": rows}}
        if self.by_columns == "mlserver-mlflow":
            return {"parameters": {"content_type": "pd"}, "inputs": [_typed(tensor) for tensor in inputs]}
        return v2


def make_environment() -> None:
    """Make `.venv-peers`, unless it is there."""
    if (PEERS / "made").exists():
        return
    print("  making the peers' environment, which takes some minutes", flush=True)
    subprocess.run([sys.executable, "-m", "venv", str(PEERS)], check=True)
    pins = [f"{name}=={version(name)}" for name in SHARED]
    subprocess.run([PEERS / "bin" / "pip", "install", "--quiet", *OWN, *pins], check=True)
    (PEERS / "made").write_text("", encoding="utf-8")


def versions() -> dict[str, str]:
    """The versions of what is compared."""
    listed = subprocess.run([PEERS / "bin" / "pip", "list", "--format", "json"], capture_output=True, check=True)
    wanted = {"mlserver", "mlserver-mlflow", "mlserver-sklearn", "mlflow", "fastapi", "uvicorn", *SHARED}
    return {one["name"]: one["version"] for one in json.loads(listed.stdout) if one["name"] in wanted}


@contextmanager
def peers(model: Model, sample: pd.DataFrame, folder: Path) -> Iterator[list[Peer]]:
    """All peers, ready to answer with `model`, whose features are those of `sample`; ended after it."""
    make_environment()
    saved, pickled = folder / "mlflow-model", folder / "model.joblib"
    signature = mlflow.models.infer_signature(sample, model.predict_proba(sample))
    mlflow.sklearn.save_model(model, saved, signature=signature, serialization_format="cloudpickle")
    joblib.dump(model, pickled)
    with ExitStack() as stack:

        def start(name: str, command: Sequence[object], ready: str, env: Mapping[str, str] | None = None) -> None:
            log = stack.enter_context((folder / f"{name}.log").open("w", encoding="utf-8"))
            # One thread a product of matrices for all, as Callwise has it: more would wait for each other.
            told = {
                **os.environ,
                "OPENBLAS_NUM_THREADS": "1",
                "MLFLOW_TRACKING_URI": f"sqlite:///{folder}/mlflow.db",
                **(env or {}),
            }
            process = subprocess.Popen(
                [*map(str, command)],
                env=told,
                stdout=log,
                stderr=log,
                cwd=folder,
                preexec_fn=tie_to_parent,  # noqa: PLW1509  no thread runs here yet
            )
            stack.callback(process.wait)
            stack.callback(process.terminate)
            _wait(name, process, ready, folder)

        empty = _mlserver(folder / "empty", "bench.serving.empty.Empty", "")
        start("empty", [SERVING / "bin" / "mlserver", "start", folder / "empty"], empty, {"PYTHONPATH": str(ROOT)})
        stock = _mlserver(folder / "stock", "mlserver_mlflow.MLflowRuntime", str(saved))
        start("stock", [PEERS / "bin" / "mlserver", "start", folder / "stock"], stock)
        port = _free_port()
        plain = [PEERS / "bin" / "uvicorn", "plain:app", "--port", str(port), "--log-level", "warning"]
        here = {"BENCH_MODEL": str(pickled), "PYTHONPATH": str(Path(__file__).parent)}
        start("fastapi", plain, f"http://127.0.0.1:{port}/health", here)
        served = _free_port()
        command = ["models", "serve", "-m", str(saved), "-p", str(served), "--env-manager", "local"]
        path = {"PATH": f"{PEERS / 'bin'}:{os.environ['PATH']}"}
        start("mlflow", [PEERS / "bin" / "mlflow", *command], f"http://127.0.0.1:{served}/ping", path)
        yield [
            Peer("empty mlserver", empty.replace("/ready", "/infer")),
            Peer("mlserver-mlflow", stock.replace("/ready", "/infer"), "mlserver-mlflow"),
            Peer("mlflow models serve", f"http://127.0.0.1:{served}/invocations", "mlflow"),
            Peer("fastapi", f"http://127.0.0.1:{port}/predict", "columns"),
        ]


def _typed(tensor: Mapping[str, Any]) -> dict[str, Any]:
    """A tensor that MLServer's codecs decode to what the model learnt: texts, and numbers."""
    return {**tensor, "parameters": {"content_type": "str"}} if tensor["datatype"] == "BYTES" else dict(tensor)


def _mlserver(folder: Path, runtime: str, uri: str) -> str:
    """Write the settings of an MLServer with one model into `folder`; returns where it says that it is ready."""
    folder.mkdir()
    ports = {name: _free_port() for name in ("http_port", "grpc_port", "metrics_port")}
    settings = {"host": "127.0.0.1", **ports, "parallel_workers": 0, "debug": False, "gzip_enabled": False}
    (folder / "settings.json").write_text(json.dumps(settings), encoding="utf-8")
    model = {"name": "model", "implementation": runtime, **({"parameters": {"uri": uri}} if uri else {})}
    (folder / "model-settings.json").write_text(json.dumps(model), encoding="utf-8")
    return f"http://127.0.0.1:{ports['http_port']}/v2/models/model/ready"


def _wait(name: str, process: subprocess.Popen[bytes], ready: str, folder: Path) -> None:
    until = time.monotonic() + READY_SECONDS
    while process.poll() is None and time.monotonic() < until:
        try:
            if httpx.get(ready, timeout=5).is_success:
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.3)
    said = (folder / f"{name}.log").read_text(encoding="utf-8")[-3000:]
    raise RuntimeError(f"{name} did not start within {READY_SECONDS:g} s:\n{said}")


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
