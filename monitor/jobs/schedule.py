"""The scheduler: runs each job at its interval, and each job only once at a time.

A run that is late because the machine slept or the last one took long is made up for once, not as often as it was
missed.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from core.clock import now
from monitor.jobs.job import Job, Runs

HEARTBEAT_SECONDS, DEAD_SECONDS = 5.0, 60.0


class Schedule:
    """Jobs under APScheduler, each in a thread of its own."""

    def __init__(self, jobs: Sequence[Job], runs: Runs) -> None:
        self._beat = time.monotonic()
        self._scheduler = BackgroundScheduler(
            timezone="UTC",
            executors={"default": ThreadPoolExecutor(len(jobs) + 1)},  # one each, so that no job waits for another
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )
        for job in jobs:
            self._scheduler.add_job(runs.run, "interval", [job], seconds=job.seconds, id=job.name, next_run_time=now())
        self._scheduler.add_job(self._heartbeat, "interval", seconds=HEARTBEAT_SECONDS, id="heartbeat")

    def start(self) -> None:
        """Run every job at once, and from then on at its interval."""
        self._scheduler.start()

    def stop(self) -> None:
        """Start no more runs. Does not wait for those under way: each may be killed at any moment."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)

    @property
    def alive(self) -> bool:
        """Whether the scheduler still starts jobs."""
        return self._scheduler.running and time.monotonic() - self._beat < DEAD_SECONDS

    def _heartbeat(self) -> None:
        self._beat = time.monotonic()
