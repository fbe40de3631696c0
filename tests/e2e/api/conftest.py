"""The API as a process of its own, as both appliances run it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import yaml

from core.accounts import tokens
from core.accounts.tokens import Scope
from core.settings.group import ROOT
from core.stores.mongo import Db
from core.stores.object_store import ObjectStore
from tests.customers import CONTACT_KEY, KIND

WAIT_SECONDS = 60


@dataclass(frozen=True)
class Served:
    """The running API: its address, its database, its log, and the kind that it serves."""

    url: str
    db: Db
    log: Path
    kind: str = "customers"

    def token(self, name: str, *scopes: Scope) -> str:
        return tokens.make(self.db, name, scopes, days=1, by="tests")[0]

    def headers(self, name: str, *scopes: Scope) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token(name, *scopes)}"}


@pytest.fixture
def served(db: Db, objects: ObjectStore, tmp_path: Path) -> Iterator[Served]:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    schema, log = tmp_path / "customers.yaml", tmp_path / "log"
    schema.write_text(yaml.safe_dump(KIND))
    env = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "MONGODB_DATABASE": db.name,
        "S3_BUCKET_DATASETS": objects.bucket,
        "CALLWISE_SCHEMA": str(schema),
        "CALLWISE_ERASURE_KEY": "an erasure key of the tests",
        "CALLWISE_CONTACT_KEY": CONTACT_KEY,
        "CALLWISE_API_PORT": str(port),
        "CALLWISE_API_REQUESTS": "1000000",
    }
    with open(log, "wb") as file:
        process = subprocess.Popen([sys.executable, "-m", "api"], env=env, cwd=tmp_path, stdout=file, stderr=file)
    try:
        _wait(f"http://127.0.0.1:{port}/api/health", process, log)
        yield Served(f"http://127.0.0.1:{port}", db, log)
    finally:
        process.terminate()
        assert process.wait(WAIT_SECONDS) in (0, -signal.SIGTERM), log.read_text()  # uvicorn ends by the signal


def _wait(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < until and process.poll() is None:
        try:
            if httpx.get(address, trust_env=False).is_success:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise AssertionError(f"the API did not start: {log.read_text()}")
