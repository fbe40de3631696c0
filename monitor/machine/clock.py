"""Whether the machine's clock is right: kept by a time service, and without jumps.

The kernel says whether something keeps its clock (adjtimex(2), without rights to set it). A container has the clock of
its machine.
"""

from __future__ import annotations

import ctypes
import time
from collections.abc import Callable
from dataclasses import dataclass, field

UNSYNCHRONIZED = 5
"""TIME_ERROR: what the call returns while no time service keeps the clock."""
TIMEX_BYTES = 256
"""More than `struct timex` has on any architecture; its first field, `modes`, is 0: change nothing."""
JUMP_SECONDS = 5.0
CLOCK_BOOTTIME: int | None = getattr(time, "CLOCK_BOOTTIME", None)
"""The clock of Linux that goes on in sleep, which the monotonic clock does not."""


def synchronized() -> bool | None:
    """Whether a time service keeps the clock; None where the kernel does not say."""
    try:
        state = ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.create_string_buffer(TIMEX_BYTES))
    except (AttributeError, OSError):
        return None
    return None if state < 0 else state != UNSYNCHRONIZED


def passed_seconds() -> float:
    """Seconds that passed since some moment, with those that the machine slept where the kernel counts them."""
    return time.clock_gettime(CLOCK_BOOTTIME) if CLOCK_BOOTTIME is not None else time.monotonic()


@dataclass
class Clockwork:
    """Compares the clock with the time that passes. `wall` and `passed` give seconds."""

    wall: Callable[[], float] = time.time
    passed: Callable[[], float] = passed_seconds
    _offset: float | None = field(default=None)

    def jump(self) -> float:
        """Seconds by which the clock was set since the last call, if more than it drifts; else 0."""
        offset = self.wall() - self.passed()
        before, self._offset = self._offset, offset
        moved = 0.0 if before is None else offset - before
        return moved if abs(moved) >= JUMP_SECONDS else 0.0
