"""Serving's own figures of a canary: its failures, and its time compared with the champion's.

They start at 0 when a version's trial begins in this process. A restart loses them; monitoring reads them often enough.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass


@dataclass(frozen=True)
class Figures:
    """The requests that both models scored, and the total seconds of each model."""

    version: str = ""
    requests: int = 0
    errors: int = 0
    champion_seconds: float = 0.0
    canary_seconds: float = 0.0


class TrialCounts:
    """Counts for the version that is on trial now. May be shared between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._figures = Figures()

    def record(self, version: str, *, failed: bool, champion_seconds: float, canary_seconds: float) -> None:
        """Count one request to both models, with `version` as the canary. The seconds of a failure do not count."""
        with self._lock:
            before = self._figures if self._figures.version == version else Figures(version)
            self._figures = Figures(
                version,
                before.requests + 1,
                before.errors + failed,
                before.champion_seconds + (0.0 if failed else champion_seconds),
                before.canary_seconds + (0.0 if failed else canary_seconds),
            )

    def figures(self, version: str) -> Figures:
        """The figures of `version`, all zero before its first request."""
        with self._lock:
            return self._figures if self._figures.version == version else Figures(version)
