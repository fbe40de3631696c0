"""How many requests a token may send: so many at once, and so many a minute from then on (a token bucket)."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

REMEMBERED = 10_000
"""Tokens whose requests are remembered; more are forgotten, the least recent first."""


class Limits:
    """The budgets of all tokens of this process: `per_minute` requests, also at once after a pause."""

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._most, self._clock = float(per_minute), clock
        self._left: dict[str, tuple[float, float]] = {}
        self._lock = threading.Lock()

    def wait(self, token: str) -> float:
        """Count one request of `token`; returns the seconds to wait if it may send none now, else 0."""
        at, rate = self._clock(), self._most / 60
        with self._lock:
            left, since = self._left.pop(token, (self._most, at))
            left = min(self._most, left + (at - since) * rate)
            taken = left >= 1
            self._left[token] = (left - taken, at)
            if len(self._left) > REMEMBERED:
                del self._left[next(iter(self._left))]
        return 0.0 if taken else (1 - left) / rate
