"""The peers: what else serves the same model, each in a process of its own, in an environment of its own.

The environment `.venv-peers` has the versions of scikit-learn, numpy and pandas that Callwise has, and MLServer's;
BentoML has one of its own, because the two do not resolve together. They are made on the first run, from the package
index that pip knows.
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

MLSERVER, BENTOML = "1.7.1", "1.4.40"
PEERS, BENTO, SERVING = ROOT / ".venv-peers", ROOT / ".venv-peers-bentoml", ROOT / ".venv-serving"
SHARED = ("scikit-learn", "numpy", "pandas")
OWN: Mapping[Path, Sequence[str]] = {
    PEERS: (
        *(f"mlserver=={MLSERVER}", f"mlserver-mlflow=={MLSERVER}", f"mlserver-sklearn=={MLSERVER}"),
        *("fastapi", "uvicorn", f"mlflow=={version('mlflow')}"),
    ),
    BENTO: (f"bentoml=={BENTOML}",),
}
NAMED = ("mlserver", "mlserver-mlflow", "mlserver-sklearn", "mlflow", "fastapi", "uvicorn", "bentoml", *SHARED)
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
        if self.by_columns == "bentoml":
            return {"columns": columns}
        if self.by_columns == "mlflow":
            rows = [list(row) for row in zip(*columns.values(), strict=True)]
            return {"dataframe_split": {"columns": list(columns), "data": rows}}
        if self.by_columns == "mlserver-mlflow":
            return {"parameters": {"content_type": "pd"}, "inputs": [_typed(tensor) for tensor in inputs]}
        if self.by_columns == "mlserver-sklearn":
            wanted = [{"name": "predict_proba"}]  # without asking, it answers with the class
            return {"parameters": {"content_type": "pd"}, "inputs": [_typed(one) for one in inputs], "outputs": wanted}
        return v2


def make_environments() -> None:
    """Make the environments of the peers, unless they are there."""
    pins = [f"{name}=={version(name)}" for name in SHARED]
    for folder, own in OWN.items():
        if not (folder / "made").exists():
            print(f"  making {folder.name}, which takes some minutes", flush=True)
            subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
            subprocess.run([folder / "bin" / "pip", "install", "--quiet", *own, *pins], check=True)
            (folder / "made").write_text("", encoding="utf-8")


def versions() -> dict[str, str]:
    """The versions of what is compared."""
    found: dict[str, str] = {}
    for folder in (BENTO, PEERS):
        listed = subprocess.run([folder / "bin" / "pip", "list", "--format", "json"], capture_output=True, check=True)
        found |= {one["name"]: one["version"] for one in json.loads(listed.stdout) if one["name"] in NAMED}
    return found


@contextmanager
def peers(model: Model, sample: pd.DataFrame, folder: Path) -> Iterator[list[Peer]]:
    """All peers, ready to answer with `model`, whose features are those of `sample`; ended after it."""
    make_environments()
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
        sklearn = _mlserver(folder / "sklearn", "mlserver_sklearn.SKLearnModel", str(pickled))
        start("sklearn", [PEERS / "bin" / "mlserver", "start", folder / "sklearn"], sklearn)
        port = _free_port()
        plain = [PEERS / "bin" / "uvicorn", "plain:app", "--port", str(port), "--log-level", "warning"]
        here = {"BENCH_MODEL": str(pickled), "PYTHONPATH": str(Path(__file__).parent)}
        start("fastapi", plain, f"http://127.0.0.1:{port}/health", here)
        bento = _free_port()
        serve = ["serve", "bento:Scores", "--host", "127.0.0.1", "--port", str(bento)]
        home = {"BENTOML_HOME": str(folder / "bentoml"), "BENTOML_DO_NOT_TRACK": "True"}
        start("bentoml", [BENTO / "bin" / "bentoml", *serve], f"http://127.0.0.1:{bento}/readyz", here | home)
        served = _free_port()
        command = ["models", "serve", "-m", str(saved), "-p", str(served), "--env-manager", "local"]
        path = {"PATH": f"{PEERS / 'bin'}:{os.environ['PATH']}"}
        start("mlflow", [PEERS / "bin" / "mlflow", *command], f"http://127.0.0.1:{served}/ping", path)
        yield [
            Peer("empty mlserver", empty.replace("/ready", "/infer")),
            Peer("mlserver-mlflow", stock.replace("/ready", "/infer"), "mlserver-mlflow"),
            Peer("mlserver-sklearn", sklearn.replace("/ready", "/infer"), "mlserver-sklearn"),
            Peer("mlflow models serve", f"http://127.0.0.1:{served}/invocations", "mlflow"),
            Peer("fastapi", f"http://127.0.0.1:{port}/predict", "columns"),
            Peer("bentoml", f"http://127.0.0.1:{bento}/predict", "bentoml"),
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
