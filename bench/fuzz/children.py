"""Processes that fuzz in environments of their own, and print their totals."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from bench.fuzz.place import Place
from bench.fuzz.totals import Totals
from bootstrap.embedded.environment import programs
from bootstrap.embedded.services import BY_NAME
from core.settings.group import ROOT

OWN = ROOT / ".venv-fuzz"
SERVING = programs(BY_NAME["mlserver"])
DATAPLANE = "site-packages/mlserver/rest/openapi/dataplane.json"


def make_environment() -> None:
    """Install schemathesis, unless it is there. Raises CalledProcessError."""
    subprocess.run([ROOT / "scripts/install", "fuzz"], check=True)


def over_grpc(place: Place, many: int, seed: int, totals: Totals) -> None:
    """Messages over gRPC."""
    _child([SERVING / "python", "-m", "bench.fuzz.grpc_calls", place.ports["mlserver_grpc"], many, seed], totals)


def by_schema(place: Place, many: int, seed: int, totals: Totals) -> None:
    """What schemathesis makes of the document that MLServer has of itself, and of that of the screens."""
    [dataplane] = SERVING.parent.glob(f"lib/python*/{DATAPLANE}")
    for document, port, door in (
        (dataplane, "mlserver", "scoring by its OpenAPI"),
        (ROOT / "bench/fuzz/screens.json", "app", "screens by their OpenAPI"),
    ):
        program, address = ROOT / "bench/fuzz/from_schema.py", f"http://127.0.0.1:{place.ports[port]}"
        _child([OWN / "bin/python", program, document, address, door, many // 2, seed], totals)


def _child(command: Sequence[str | Path | int], totals: Totals) -> None:
    """Add the totals that another process prints in its last line. Raises RuntimeError with what else it said."""
    env = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore"}
    done = subprocess.run(
        [str(word) for word in command], env=env, cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{command}: {done.stdout[-1_000:]}{done.stderr[-2_000:]}")
    totals.merge(json.loads(done.stdout.splitlines()[-1]))
