"""How fast the story goes: without a pause, or so that somebody can watch it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

CALL_SECONDS, ACT_SECONDS = 1.0, 15.0
"""At speed 1: what an agent waits after each call, and the story before each act."""


@dataclass(frozen=True)
class Pace:
    """`speed`: how many times faster than speed 1; None: without a pause."""

    speed: float | None = None
    sleep: Callable[[float], None] = time.sleep

    def after_call(self) -> None:
        """Wait as an agent does after a call."""
        self._pause(CALL_SECONDS)

    def before_act(self) -> None:
        """Wait before the next act, so that the last one can be looked at."""
        self._pause(ACT_SECONDS)

    def _pause(self, seconds: float) -> None:
        if self.speed is not None:
            self.sleep(seconds / self.speed)
