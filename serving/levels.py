"""The levels of the scores, the mixture and the canary's share, read from MongoDB, where monitoring puts them in force.

A thread reads them; a request uses the last values, so scoring never waits for MongoDB. While MongoDB does not answer,
the last values stay; before its first answer, every version has its level of training. The thread reads the levels of
all versions, so a version's level is known before it enters service.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping

from core.errors import CallwiseError
from core.models.canary_in_force import CanaryShare
from core.models.levels_in_force import Level
from core.models.mixture_in_force import Mixture

log = logging.getLogger(__name__)


class Levels:
    """The shift of each version that has one, the mixture and the canary's share.

    `looked` is set after the first attempt to read.
    """

    def __init__(
        self,
        read: Callable[[], Mapping[str, Level]],
        mixture: Callable[[], Mixture] = Mixture,
        canary: Callable[[], CanaryShare | None] = lambda: None,
    ) -> None:
        """These give what is in force, as `core.models.levels_in_force`, `mixture_in_force`, `canary_in_force` do."""
        self._read, self._read_mixture, self._read_canary = read, mixture, canary
        self._error = ""
        self.shifts: Mapping[str, float] = {}
        self.mixture = Mixture()
        self.canary: CanaryShare | None = None
        self.looked = threading.Event()

    def refresh(self) -> None:
        """Read the levels in force; after an error the last ones stay."""
        try:
            shifts = {version: level.shift for version, level in self._read().items()}
            mixture, canary = self._read_mixture(), self._read_canary()
        except CallwiseError as error:
            if not self._error:
                log.warning("the levels cannot be read; the last ones stay in use: %s", error)
            self._error = str(error)
            return
        if self._error:
            log.info("the levels can be read again")
        self._error = ""
        if shifts != self.shifts:
            text = ", ".join(f"version {version} {shift:+.3f}" for version, shift in shifts.items())
            log.info("levels: %s", text or "none")
            self.shifts = shifts
        if mixture != self.mixture:
            if mixture.refresh:
                log.info("version %s is mixed in with weight %.3f", mixture.refresh, mixture.weight)
            self.mixture = mixture
        if canary is not None and canary != self.canary:
            log.info("version %s, on trial, scores %.1f%% of the people", canary.version, 100 * canary.share)
        self.canary = canary

    def run(self, every_seconds: float, stop: threading.Event) -> None:
        """Refresh every `every_seconds` until `stop` is set."""
        while True:
            try:
                self.refresh()
            except Exception:  # the thread must survive any error
                log.exception("the levels could not be refreshed; the last ones stay in use")
            self.looked.set()
            if stop.wait(every_seconds):
                return
