"""The levels that scores are given at, kept in step with what monitoring puts in force.

A thread of its own looks at MongoDB; a request takes what was read last, so scoring never waits for it. While MongoDB
does not answer the last known levels stay; before it answered at all, every version is scored as it was trained. All
versions' levels are read, so that one is known before its version is in service.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping

from core.errors import CallwiseError
from core.models.levels_in_force import Level

log = logging.getLogger(__name__)


class Levels:
    """The shift of each version that has one; `looked` is set once MongoDB was asked."""

    def __init__(self, read: Callable[[], Mapping[str, Level]]) -> None:
        """`read` gives what is in force, as `core.models.levels_in_force.in_force` does."""
        self._read = read
        self._error = ""
        self.shifts: Mapping[str, float] = {}
        self.looked = threading.Event()

    def refresh(self) -> None:
        """Take over what is in force; what cannot be read changes nothing."""
        try:
            found = {version: level.shift for version, level in self._read().items()}
        except CallwiseError as error:
            if not self._error:
                log.warning("the levels cannot be read; scores keep those they have: %s", error)
            self._error = str(error)
            return
        if self._error:
            log.info("the levels can be read again")
        self._error = ""
        if found != self.shifts:
            said = ", ".join(f"version {version} {shift:+.3f}" for version, shift in found.items())
            log.info("levels: %s", said or "none")
            self.shifts = found

    def run(self, every_seconds: float, stop: threading.Event) -> None:
        """Look every `every_seconds` until `stop` is set."""
        while True:
            try:
                self.refresh()
            except Exception:  # the thread must outlive whatever one look meets
                log.exception("a look at the levels failed; scores keep those they have")
            self.looked.set()
            if stop.wait(every_seconds):
                return
