"""How long the call list takes from its address to its first rows, in a headless Chromium, with nothing cached.

Each load has a new browser and a new process of the app. The app first shows another campaign's page, so that the
measurement covers the list and not the import of libraries.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from bench.crowd import ELSEWHERE
from bootstrap.check.browser import address, open_page, sign_in, visit
from bootstrap.embedded.ports import HOST
from bootstrap.embedded.probes import Http
from core.accounts import directory
from core.accounts.account import Role
from core.errors import Unavailable
from core.settings.group import ROOT
from core.stores.mongo import Db

LOGIN = ("ann", "correct horse battery staple")
ROWS = ".st-key-ranked-list tbody tr"
PATIENCE = 120.0  # seconds to wait for a page or for the app to start


def account(db: Db) -> None:
    """Make the account that opens the list."""
    directory.add(db, LOGIN[0], "Ann", Role.AGENT, by="bench", password=LOGIN[1], must_change=False)


def median(env: Mapping[str, str], database: str, campaign: str, loads: int, chromium: str, port: int) -> float:
    """The median of `loads` loads, in seconds."""
    return statistics.median(
        _load({**env, "MONGODB_DATABASE": database}, campaign, chromium, port) for _ in range(loads)
    )


def _load(env: Mapping[str, str], campaign: str, chromium: str, port: int) -> float:
    with _app(env, port) as url, open_page(chromium, timeout_seconds=PATIENCE) as page:
        sign_in(page, url, *LOGIN)
        visit(page, address(url, ELSEWHERE))
        page.locator(ROWS).first.wait_for()
        page.goto("about:blank")
        began = time.perf_counter()
        page.goto(address(url, campaign), wait_until="commit")
        page.locator(ROWS).nth(1).wait_for()  # the other campaign has one row only
        return time.perf_counter() - began


@contextmanager
def _app(env: Mapping[str, str], port: int) -> Iterator[str]:
    command = [sys.executable, "-m", "streamlit", "run", str(ROOT / "app" / "main.py")]
    command += ["--server.address", HOST, "--server.port", str(port)]
    process = subprocess.Popen(command, env=dict(env), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait(Http(f"http://{HOST}:{port}/_stcore/health"))
        yield f"http://{HOST}:{port}"
    finally:
        process.terminate()
        process.wait(30)


def _wait(health: Http) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return health({})
        except Unavailable:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)
