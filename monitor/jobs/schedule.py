"""The scheduler: runs each job at its interval, and never twice at the same time.

A job that missed its runs, because the machine slept or its last run took long, runs once to catch up. One that failed
runs again soon: what a daily job needs may only be starting.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.jobstores.base import JobLookupError
from apscheduler.schedulers.background import BackgroundScheduler

from core.clock import now
from monitor.jobs.job import Job, Runs, retry_seconds

HEARTBEAT_SECONDS, DEAD_SECONDS = 5.0, 60.0


class Schedule:
    """Jobs under APScheduler, each in a thread of its own."""

    def __init__(self, runs: Runs) -> None:
        self._runs = runs
        self._beat = time.monotonic()
        self._groups: dict[str, list[str]] = {}
        self._scheduler = BackgroundScheduler(
            timezone="UTC",
            executors={"default": ThreadPoolExecutor(1)},
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )
        self._scheduler.add_job(self._heartbeat, "interval", seconds=HEARTBEAT_SECONDS, id="heartbeat")

    def put(self, group: str, jobs: Sequence[Job]) -> None:
        """Run these jobs now and then at their interval, in the place of the group's earlier ones.

        A run under way ends as it began; the next one is of the new job. Without jobs, the group rests.
        """
        names = [job.name for job in jobs]
        executor = f"of {group}"
        if group not in self._groups:  # a thread for each, so that no job waits for another
            self._scheduler.add_executor(ThreadPoolExecutor(len(jobs)), executor)
        for name in set(self._groups.get(group, [])) - set(names):
            self._scheduler.remove_job(name)
            self._runs.forget(name)
        self._groups[group] = names
        for job in jobs:
            self._scheduler.add_job(
                self._run,
                "interval",
                [job],
                seconds=job.seconds,
                id=job.name,
                executor=executor,
                replace_existing=True,
                next_run_time=now(),
            )

    def _run(self, job: Job) -> None:
        failures = self._runs.run(job)
        if failures and (soon := retry_seconds(job, failures)) < job.seconds:
            with suppress(JobLookupError):  # its kind was retired meanwhile
                self._scheduler.modify_job(job.name, next_run_time=now() + timedelta(seconds=soon))

    @property
    def jobs(self) -> list[str]:
        """The names of all jobs."""
        # A copy: another thread may put a group meanwhile.
        return [name for names in tuple(self._groups.values()) for name in names]

    def plan(self) -> dict[str, tuple[float, datetime | None]]:
        """Of each job the seconds between its runs, and when it runs next."""
        found = {name: self._scheduler.get_job(name) for name in self.jobs}
        return {
            name: (job.trigger.interval.total_seconds(), getattr(job, "next_run_time", None))
            for name, job in found.items()
            if job is not None
        }

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
