"""A fault, what is at hand to bring it about, and what healed means."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from core.errors import CallwiseError
from core.scoring.client import ScoringClient
from core.settings.addresses import ScoringSettings
from core.settings.loading import load
from tests.faults.laboratory.load import Load
from tests.faults.laboratory.site import Site, wait
from tests.faults.laboratory.witness import Witness
from tests.scoring.processes import some_rows

JOBS = ("rank", "settle", "incidents")
"""Jobs of the monitor that run every few seconds, or each minute, and need other services."""


@dataclass
class Bench:
    """What faults are brought about with. `notes`: what one fault leaves for a later one."""

    site: Site
    load: Load
    witness: Witness
    gone_seconds: float = 60.0
    notes: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Fault:
    """`inject` brings it about and ends it: what comes after it must heal by itself. `within`: seconds for that.

    Where healing needs a start or a restore, `inject` does that too, and returns its seconds. `short`: whether it is
    among those of each run of the suite.
    """

    name: str
    inject: Callable[[Bench], float | None]
    within: float = 420.0
    short: bool = False


class Skipped(Exception):
    """This machine cannot bring the fault about; the words say why."""


def started_again(bench: Bench) -> float:
    """Start the appliance, which was stopped; returns the seconds until each service was well."""
    began = time.monotonic()
    bench.site.again()
    bench.load.reconnect()
    return time.monotonic() - began


def answering(site: Site) -> str:
    """The version of the champion that answers a request now, or "" if none does."""
    scoring = ScoringClient(load(ScoringSettings, site.env(over_lines=False)), site.schema, timeout_seconds=5)
    try:
        return scoring.what_if(some_rows(site.schema, 1))[0].version
    except CallwiseError:
        return ""


def spooled(site: Site) -> int:
    """Records of predictions that wait in the spool; -1 while the scoring service does not answer."""
    scoring = ScoringClient(load(ScoringSettings, site.env(over_lines=False)), site.schema, timeout_seconds=5)
    try:
        return int(scoring.state()["spool_waiting"])
    except CallwiseError:
        return -1


def heal(bench: Bench, within: float) -> float:
    """Wait until all is well again; returns the seconds. Raises AssertionError, saying what is not.

    All services are well at one moment, a killed one as another process, and the worker told Prefect so after the
    fault; the champion answers; the last run of each of the monitor's jobs was no failure, and those that run often ran
    after the fault; and each sort of work is acknowledged again.
    """
    began, at, site = time.monotonic(), time.time(), bench.site
    before = dict(bench.load.done)
    first = {name: job["runs"] for name, job in site.jobs().items()}
    wrong: list[str] = ["nothing was looked at"]

    def job_runs(name: str) -> bool:
        job = site.jobs().get(name)
        if job is None:
            return False
        if job["runs"] < first.get(name, 0):
            first[name] = 0  # another process, which counts anew
        return bool(job["runs"] > first.get(name, -1) and not job["failures_in_a_row"])

    def well() -> bool:
        wrong[:] = site.unwell()
        if not wrong and not answering(site):
            wrong.append("no champion answers")
        if not wrong and site.has("prefect-worker") and site.worker_beat() <= at:
            wrong.append("the worker has not told Prefect that it lives")
        if not wrong and site.has("monitor"):
            wrong.extend(f"the job {name} has not run" for name in JOBS if not job_runs(name))
            failing = {name: job["error"] for name, job in site.jobs().items() if job["failures_in_a_row"]}
            wrong.extend(f"the job {name} fails: {error}"[:200] for name, error in failing.items())
        if not wrong:
            still = [name for name in ("call", "score") if bench.load.done[name] <= before[name]]
            wrong.extend(f"no {name} was acknowledged" for name in still)
        return not wrong

    try:
        wait("all being well", well, within)
    except AssertionError as error:
        raise AssertionError(f"not healed within {within:g} s: {'; '.join(wrong)}") from error
    return time.monotonic() - began
