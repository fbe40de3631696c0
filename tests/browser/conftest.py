"""The app as its own process on a free loopback port, and a headless Chromium to look at it."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, expect

from bootstrap.check.browser import PROGRAMS, find_chromium, open_browser
from core.stores.mongo import Db
from tests.browser import app_process
from tests.customers import CONTACT_KEY

# Playwright gives an expectation five seconds; a busy machine takes longer to draw a page.
expect.set_options(timeout=30_000)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One browser for all: its pages share nothing, and its start takes as long as a page."""
    found = find_chromium()
    if found is None:
        pytest.skip(f"no browser on this machine (searched for {', '.join(PROGRAMS)})")
    with open_browser(found) as browser:
        yield browser


@pytest.fixture(scope="session")
def forking() -> ForkServerContext:
    return app_process.forking()


@pytest.fixture
def app(db: Db, tmp_path: Path, forking: ForkServerContext) -> Iterator[str]:
    """The address of the app on the test's own database."""
    if "S3_ENDPOINT_URL" not in os.environ:
        pytest.skip("S3_ENDPOINT_URL names no server; scripts/test starts one")
    env = {
        **os.environ,
        "MONGODB_DATABASE": db.name,
        "S3_BUCKET_DATASETS": "callwise-test-imports",
        "CALLWISE_CONTACT_KEY": CONTACT_KEY,
    }
    with _running(forking, env, tmp_path) as url:
        yield url


@contextmanager
def _running(forking: ForkServerContext, env: dict[str, str], folder: Path) -> Iterator[str]:
    port = _free_port()
    process = app_process.start(forking, env, folder, port)
    try:
        url = f"http://127.0.0.1:{port}"
        _wait(url, process, folder / "app.log")
        yield url
    finally:
        process.terminate()
        process.join(30)
        process.close()


def _wait(url: str, process: ForkServerProcess, log: Path) -> None:
    give_up = time.monotonic() + 60
    while process.is_alive() and time.monotonic() < give_up:
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
