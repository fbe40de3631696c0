"""The scheduler: runs each job at its interval, and never twice at the same time.

A job that missed its runs, because the machine slept or its last run took long, runs once to catch up.
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
            executors={"default": ThreadPoolExecutor(len(jobs) + 1)},  # a thread each, so that no job waits for another
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )
        for job in jobs:
            self._scheduler.add_job(runs.run, "interval", [job], seconds=job.seconds, id=job.name, next_run_time=now())
        self._scheduler.add_job(self._heartbeat, "interval", seconds=HEARTBEAT_SECONDS, id="heartbeat")

    def start(self) -> None:
        """Run every job now, and then at its interval."""
        self._scheduler.start()

    def stop(self) -> None:
        """Start no more runs, and do not wait for those under way: a job may be killed at any moment."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)

    @property
    def alive(self) -> bool:
        """Whether the scheduler still starts jobs."""
        return self._scheduler.running and time.monotonic() - self._beat < DEAD_SECONDS

    def _heartbeat(self) -> None:
        self._beat = time.monotonic()
