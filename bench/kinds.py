"""The memory of another campaign kind, idle: an embedded appliance before and after kinds are added to it.

Memory is the proportional set size of every process of the appliance (`/proc/PID/smaps_rollup`): pages that processes
share count once in all. Each figure is the smallest of five, so a job or a probe that happens to run does not raise it.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import httpx
import psutil

from bootstrap.embedded.appliance import Appliance
from bootstrap.embedded.processes import MARK_SERVICE, find_processes
from bootstrap.embedded.watch import Watch
from core.settings.group import ROOT

FILE = ROOT / "tests" / "schemas" / "bank-full.yaml"
NAME = "bank-marketing-full"
SAMPLES, PAUSE_SECONDS = 5, 10.0
PATIENCE_SECONDS = 300.0


def memory(state: Path) -> dict[str, float]:
    """MiB of each service of the appliance in `state`: the smallest of the samples."""
    least: dict[str, float] = {}
    for _ in range(SAMPLES):
        time.sleep(PAUSE_SECONDS)
        now: dict[str, float] = {}
        for process in find_processes(state):
            try:
                service = process.environ().get(MARK_SERVICE, "other")
                now[service] = now.get(service, 0.0) + process.memory_full_info().pss / 2**20
            except psutil.Error:
                continue  # it has ended meanwhile
        least = {service: min(mib, least.get(service, mib)) for service, mib in now.items()}
    return least


def add(appliance: Appliance, name: str) -> None:
    """Add a kind as a person does, and wait until scoring and monitor have it."""
    text = FILE.read_text(encoding="utf-8").replace(NAME, name)
    command = [sys.executable, "-P", "-m", "bootstrap.kinds", "add", "-", "--by", "bench"]
    subprocess.run(command, input=text, text=True, check=True, env=appliance.environment("bench"), cwd=ROOT)
    model = f"{appliance.env['MLSERVER_URL']}/v2/models/prospect-scorer-{name}"
    health = f"http://127.0.0.1:{appliance.ports['monitor']}/health"
    deadline = time.monotonic() + PATIENCE_SECONDS
    with httpx.Client(timeout=30, trust_env=False) as http:
        while not (http.get(model).is_success and f"rank {name}" in http.get(health).json()["jobs"]):
            if time.monotonic() > deadline:
                raise TimeoutError(f"{name} was not taken up within {PATIENCE_SECONDS:g} s")
            time.sleep(1)


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser("scripts/bench kinds", description="The memory of another campaign kind, idle.")
    parser.add_argument("--kinds", type=int, default=3, metavar="N", help="kinds to add (default: 3)")
    parser.add_argument("--json", type=Path, metavar="OUT", help="write the figures to this file")
    options = parser.parse_args(argv)
    with (
        tempfile.TemporaryDirectory(prefix="callwise-bench-") as folder,
        Appliance(Path(folder) / "state") as appliance,
    ):
        Watch(appliance).wait_healthy(lambda _status: None)
        before = memory(appliance.state.path)
        for number in range(1, options.kinds + 1):
            add(appliance, f"kind-{number}")
        after = memory(appliance.state.path)
    each = {service: (mib - before.get(service, 0.0)) / options.kinds for service, mib in after.items()}
    total = sum(each.values())
    for service in sorted(each):
        print(f"{service:<16}{before.get(service, 0.0):10.0f} MiB{each[service]:+10.1f} MiB a kind")
    print(f"{'sum':<16}{sum(before.values()):10.0f} MiB{total:+10.1f} MiB a kind")
    if options.json:
        figures = {"before_mib": before, "after_mib": after, "mib_a_kind": total}
        options.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
