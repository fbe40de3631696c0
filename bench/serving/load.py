"""Load by `wrk` (closed loop), and one request in time."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

CONNECTIONS, THREADS = 8, 1
UNITS = {"us": 1e-3, "ms": 1.0, "s": 1e3, "m": 6e4}
# Prints what the parser below reads, whatever this version of wrk prints itself.
SCRIPT = """
local file = io.open("{body}", "rb")
wrk.method = "POST"
wrk.body = file:read("*a")
wrk.headers["Content-Type"] = "application/json"
function done(summary, latency, requests)
  local bad = summary.errors.status + summary.errors.timeout + summary.errors.read + summary.errors.connect
  io.write(string.format("figures %d %d %d %d %d\\n", summary.requests, summary.duration, bad,
    latency:percentile(50), latency:percentile(99)))
end
"""


@dataclass(frozen=True)
class Answered:
    """What a load found: answers a second, the median and the 99th percentile in milliseconds, and failed requests."""

    per_second: float
    p50_ms: float
    p99_ms: float
    failed: int


def find_wrk() -> str:
    """The path of `wrk`. Raises SystemExit, with advice, where it is missing."""
    path = shutil.which("wrk")
    if path is None:
        raise SystemExit("bench serving: wrk is missing; Debian's package is called wrk")
    return path


def answered(url: str, body: Any, seconds: float, *, connections: int = CONNECTIONS) -> Answered:
    """The answers to the same request, asked for over `connections` as fast as they come, for `seconds`."""
    with tempfile.TemporaryDirectory(prefix="callwise-bench-") as folder:
        content, script = Path(folder) / "body.json", Path(folder) / "load.lua"
        content.write_text(json.dumps(body), encoding="utf-8")
        script.write_text(SCRIPT.format(body=content), encoding="utf-8")
        command = [find_wrk(), "-t", str(THREADS), "-c", str(connections), "-d", f"{seconds:g}s", "--timeout", "30s"]
        done = subprocess.run([*command, "-s", str(script), url], capture_output=True, text=True, check=True)
    found = re.search(r"figures (\d+) (\d+) (\d+) (\d+) (\d+)", done.stdout)
    if found is None:
        raise RuntimeError(f"wrk said something else: {done.stdout} {done.stderr}")
    requests, microseconds, failed, p50, p99 = map(int, found.groups())
    return Answered((requests - failed) / (microseconds / 1e6), p50 / 1e3, p99 / 1e3, failed)


def at_rate(url: str, body: Any, per_second: float, seconds: float) -> Sequence[float]:
    """Open loop: the milliseconds from when each request was due to its answer, `per_second` of them.

    A request that waits because others are slow waits on the clock, so nothing is left out (coordinated omission).
    """
    content, begin = json.dumps(body).encode(), time.perf_counter() + 0.2
    headers = {"content-type": "application/json"}
    many = int(per_second * seconds)
    with httpx.Client(timeout=60) as http, ThreadPoolExecutor(16) as threads:

        def ask(number: int) -> float:
            due = begin + number / per_second
            time.sleep(max(0.0, due - time.perf_counter()))
            http.post(url, content=content, headers=headers).raise_for_status()
            return (time.perf_counter() - due) * 1e3

        return list(threads.map(ask, range(many)))
