"""The app as its own process on a free loopback port, and a headless Chromium to look at it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import expect

from bootstrap.check.browser import PROGRAMS, find_chromium
from core.settings.group import ROOT
from core.stores.mongo import Db

# Playwright gives an expectation five seconds; a busy machine takes longer to draw a page.
expect.set_options(timeout=30_000)


@pytest.fixture(scope="session")
def chromium() -> str:
    found = find_chromium()
    if found is None:
        pytest.skip(f"no browser on this machine (searched for {', '.join(PROGRAMS)})")
    return found


@pytest.fixture
def app(db: Db, tmp_path: Path) -> Iterator[str]:
    """The address of the app on the test's own database."""
    if "S3_ENDPOINT_URL" not in os.environ:
        pytest.skip("S3_ENDPOINT_URL names no server; scripts/test starts one")
    env = {
        **os.environ,
        "MONGODB_DATABASE": db.name,
        "S3_BUCKET_DATASETS": "callwise-test-imports",
        "PYTHONPATH": str(ROOT),
    }
    with _running(env, tmp_path) as url:
        yield url


@contextmanager
def _running(env: dict[str, str], folder: Path) -> Iterator[str]:
    port = _free_port()
    command = [sys.executable, "-m", "streamlit", "run", str(ROOT / "app" / "main.py")]
    command += ["--server.address", "127.0.0.1", "--server.port", str(port)]
    with (folder / "app.log").open("w") as log:
        process = subprocess.Popen(command, env=env, cwd=folder, stdout=log, stderr=subprocess.STDOUT)
        try:
            url = f"http://127.0.0.1:{port}"
            _wait(url, process, folder / "app.log")
            yield url
        finally:
            process.terminate()
            process.wait(30)


def _wait(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    give_up = time.monotonic() + 60
    while time.monotonic() < give_up:
        if process.poll() is not None:
            break
        try:
            if httpx.get(f"{url}/_stcore/health", trust_env=False).is_success:
                return
        except httpx.TransportError:
            time.sleep(0.2)
    pytest.fail(f"the app did not start:\n{log.read_text()}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
