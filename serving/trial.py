"""What serving itself can tell of a canary: how often it failed, and how long it took beside the champion.

Counted from the moment a version is on trial here, so a restart begins anew; whoever decides on these figures looks
often enough to have seen the others.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass


@dataclass(frozen=True)
class Figures:
    """Requests that both models were asked, and the seconds each took for them together."""

    version: str = ""
    requests: int = 0
    errors: int = 0
    champion_seconds: float = 0.0
    canary_seconds: float = 0.0


class Trial:
    """Counts for the version that is on trial now. May be shared between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._figures = Figures()

    def note(self, version: str, *, failed: bool, champion_seconds: float, canary_seconds: float) -> None:
        """One request was put to both models, and `version` is the canary. What it took to fail is not counted."""
        with self._lock:
            so_far = self._figures if self._figures.version == version else Figures(version)
            self._figures = Figures(
                version,
                so_far.requests + 1,
                so_far.errors + failed,
                so_far.champion_seconds + (0.0 if failed else champion_seconds),
                so_far.canary_seconds + (0.0 if failed else canary_seconds),
            )

    def figures(self, version: str) -> Figures:
        """Of `version`; all zero if it has not been asked yet."""
        with self._lock:
            return self._figures if self._figures.version == version else Figures(version)
