"""Stops jobs while the disk is short, in the order of `core.oversight.space`."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from core.oversight.space import MIB, SHARES, Work, stopped
from monitor.jobs.job import Job

WORK_OF = {
    "drift": Work.REPORTS,
    "performance": Work.REPORTS,
    "parity": Work.REPORTS,
    "retrain": Work.TRAININGS,
    "rank": Work.RANKING,
}
"""The jobs that fill the disk. Every other job goes on."""
FRESH_SECONDS = 2.0


def free_bytes(folder: Path) -> int | None:
    """Bytes that may still be written in `folder`, or None if it cannot be asked."""
    try:
        seen = os.statvfs(folder)
    except OSError:
        return None
    return seen.f_bavail * seen.f_frsize


@dataclass
class Space:
    """The free space of `folders`, and what it stops; `reserve` in bytes. `free` is asked for each folder.

    `elsewhere`: what the last look found in places of other services, in bytes. May be shared between threads.
    """

    folders: Sequence[Path]
    reserve: int
    free: Callable[[Path], int | None] = free_bytes
    elsewhere: dict[str, int] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _seen: tuple[float, dict[str, int]] = (float("-inf"), {})

    def places(self) -> dict[str, int]:
        """Free bytes by place."""
        with self._lock:
            if time.monotonic() - self._seen[0] > FRESH_SECONDS:
                found = {str(folder): free for folder in self.folders if (free := self.free(folder)) is not None}
                self._seen = (time.monotonic(), found)
            return {**self._seen[1], **self.elsewhere}

    def least(self) -> int | None:
        """The free bytes of the fullest place, or None if none is known."""
        return min(self.places().values(), default=None)

    def stopped(self) -> list[Work]:
        """The work that stops now."""
        return stopped(self.least(), self.reserve)

    def may(self, work: Work) -> bool:
        """Whether there is room for `work`."""
        return work not in self.stopped()

    def guard(self, job: Job) -> Job:
        """`job`, which does nothing while its work is stopped."""
        work = WORK_OF.get(job.name)
        if work is None:
            return job

        def run() -> str:
            if self.may(work):
                return job.run()
            needed = SHARES[work] * self.reserve / MIB
            return f"stopped, because the disk is nearly full: {work.value} need {needed:,.0f} MiB free"

        return replace(job, run=run)
