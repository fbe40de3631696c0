"""The newest backup and drill, as the page of the service that makes them says."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

import httpx

from monitor.machine.alarms import Done

TIMEOUT_SECONDS = 3.0


class Backups(NamedTuple):
    """The newest backup and the newest drill; None: nothing makes any, none is due yet, or nobody knows."""

    backup: Done | None = None
    drill: Done | None = None


def backups_of(address: str) -> Backups:
    """Ask the page at `address`. Raises nothing: that the page does not answer is among the services."""
    try:
        report: Mapping[str, Any] = httpx.get(address, timeout=TIMEOUT_SECONDS).raise_for_status().json()
        return told(report)
    except (httpx.HTTPError, ValueError, KeyError):
        return Backups()


def told(report: Mapping[str, Any]) -> Backups:
    """What the content of the page says. Raises KeyError, ValueError for another content."""
    if report["daily"] == "off":
        return Backups()
    failures = report["failures"]
    made, drilled, equal = (_time(report[name]) for name in ("last_backup", "last_drill", "last_equal_drill"))
    backup = Done(made, ok="backup" not in failures) if made or "backup" in failures else None
    # Failures are forgotten when the service starts anew; the result of the last drill is not.
    well = equal == drilled and "drill" not in failures
    return Backups(backup, Done(equal, ok=well) if drilled or "drill" in failures else None)


def _time(at: str | None) -> datetime | None:
    return datetime.fromisoformat(at) if at else None
