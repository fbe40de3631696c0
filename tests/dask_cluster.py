"""A Dask cluster of real processes on loopback: a scheduler, and workers that a test may kill."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from core.settings.group import ROOT

DASK = Path(sys.executable).with_name("dask")
SECONDS = 240.0


@dataclass
class DaskCluster:
    """The scheduler's `address`, and the workers' processes."""

    folder: Path
    address: str = ""
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def kill(self, worker: int) -> None:
        """kill -9."""
        self.workers[worker].send_signal(signal.SIGKILL)
        self.workers[worker].wait()

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        """A process of `dask`."""
        env = {**os.environ, "PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1"}
        with (self.folder / "dask.log").open("ab") as output:
            return subprocess.Popen(
                [str(DASK), *arguments], env=env, cwd=self.folder, stdout=output, stderr=subprocess.STDOUT
            )

    def add_worker(self) -> None:
        """One more worker with one thread, which nobody starts again."""
        local = ("--local-directory", str(self.folder), "--no-dashboard", "--no-nanny", "--nthreads", "1")
        alone = ("--death-timeout", "60")  # a test run that is killed leaves none behind
        self.workers.append(self.start("worker", self.address, "--host", "127.0.0.1", *local, *alone))


@contextmanager
def dask_cluster(folder: Path, workers: int) -> Iterator[DaskCluster]:
    """A cluster with so many workers, all of them connected."""
    from distributed import Client

    cluster, file = DaskCluster(folder), folder / "scheduler.json"
    arguments = ("--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(file))
    scheduler = cluster.start("scheduler", *arguments)
    try:
        deadline = time.monotonic() + SECONDS
        while not cluster.address:
            assert time.monotonic() < deadline, (folder / "dask.log").read_text(encoding="utf-8")
            time.sleep(0.1)
            if file.is_file() and (text := file.read_text(encoding="utf-8")):
                cluster.address = json.loads(text)["address"]
        for _ in range(workers):
            cluster.add_worker()
        if workers:
            with Client(cluster.address, timeout=SECONDS, set_as_default=False) as client:
                client.wait_for_workers(workers, timeout=SECONDS)
        yield cluster
    finally:
        for process in (*cluster.workers, scheduler):
            process.kill()
            process.wait()
