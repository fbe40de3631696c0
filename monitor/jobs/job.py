"""A job, its runs, and the record of them.

A job that raises does not harm another one. Its failure is one line in the log, with what was kept and what to do next,
and counts until the next success. The log has a repeated failure once, and the end of it once.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from core.clock import Clock, now
from core.errors import CallwiseError

log = logging.getLogger("callwise.monitor")


@dataclass(frozen=True)
class Job:
    """Work to do every `seconds`; `run` does it once and returns a sentence about it."""

    name: str
    seconds: float
    run: Callable[[], str]


RETRY_SECONDS = 15.0
"""Until a job that failed for the first time runs again; twice as long after each further failure."""


def retry_seconds(job: Job, failures: int) -> float:
    """Seconds until `job` runs again after so many failures in a row, at least 1: never longer than its interval."""
    return min(job.seconds, RETRY_SECONDS * 2.0 ** min(failures - 1, 20))


def one_at_a_time(lock: threading.Lock, run: Callable[[], str]) -> Callable[[], str]:
    """Wraps `run`: of all functions that share `lock`, one runs at a time."""

    def alone() -> str:
        with lock:
            return run()

    return alone


@dataclass
class Record:
    """The last runs of one job; `seconds` is how long the last success took."""

    runs: int = 0
    failures_in_a_row: int = 0
    succeeded_at: datetime | None = None
    seconds: float | None = None
    failing_since: datetime | None = None
    failed_at: datetime | None = None
    result: str = ""
    error: str = ""

    def document(self) -> dict[str, Any]:
        """The record, for the health page."""
        return {
            "runs": self.runs,
            "failures_in_a_row": self.failures_in_a_row,
            "last_success": self.succeeded_at.isoformat() if self.succeeded_at else None,
            "last_failure": self.failed_at.isoformat() if self.failed_at else None,
            "said": self.result,
            "error": self.error,
        }


@dataclass
class Runs:
    """Runs jobs and records what came of each run. Threads may share it."""

    clock: Clock = now
    _records: dict[str, Record] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def run(self, job: Job) -> int:
        """Run `job` once; returns its failures in a row. Raises nothing that a job may raise."""
        began = time.monotonic()
        try:
            result = job.run()
        except CallwiseError as error:
            return self._failed(job, str(error))
        except Exception as error:  # noqa: BLE001 - a mistake in one job must not end the others; it is logged in full
            return self._failed(job, f"{type(error).__name__}: {error}", trace=True)
        self._succeeded(job, result, time.monotonic() - began)
        return 0

    def report(self) -> dict[str, dict[str, Any]]:
        """The records of all jobs that have run, by name."""
        with self._lock:
            return {name: record.document() for name, record in sorted(self._records.items())}

    def records(self) -> dict[str, Record]:
        """A copy of the records of all jobs that have run, by name."""
        with self._lock:
            return {name: replace(record) for name, record in self._records.items()}

    def failing(self, failures: int) -> list[str]:
        """Names of the jobs that failed at least `failures` times in a row."""
        with self._lock:
            return sorted(name for name, record in self._records.items() if record.failures_in_a_row >= failures)

    def forget(self, name: str) -> None:
        """Forget the runs of a job that is no more: what no longer runs cannot be failing."""
        with self._lock:
            self._records.pop(name, None)

    def _succeeded(self, job: Job, result: str, seconds: float) -> None:
        with self._lock:
            record = self._records.setdefault(job.name, Record())
            failures, is_new = record.failures_in_a_row, result != record.result
            record.runs += 1
            record.failures_in_a_row, record.error, record.failing_since = 0, "", None
            record.seconds = seconds
            record.succeeded_at, record.result = self.clock(), result
        if failures:
            log.info("%s: works again after %d failed runs.", job.name, failures)
        if is_new:
            log.info("%s: %s.", job.name, result)

    def _failed(self, job: Job, error: str, *, trace: bool = False) -> int:
        with self._lock:
            record = self._records.setdefault(job.name, Record())
            is_new = error != record.error
            record.runs += 1
            record.failures_in_a_row += 1
            record.failed_at, record.error = self.clock(), error
            record.failing_since = record.failing_since or record.failed_at
            failures = record.failures_in_a_row
        if is_new:
            soon = retry_seconds(job, failures)
            log.error("%s failed and is tried again in %g s: %s", job.name, soon, error, exc_info=trace)
        return failures
