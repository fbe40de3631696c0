"""The event clock: what happens in a simulated call centre, one event after another, in the order of time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from heapq import heappop, heappush

Action = Callable[[datetime], None]


class EventClock:
    """Runs actions at their times; of two at one time, the one that was planned first."""

    def __init__(self) -> None:
        self._planned: list[tuple[datetime, int, Action]] = []
        self._number = 0

    def plan(self, at: datetime, action: Action) -> None:
        """Run `action` at `at`. An action may plan further ones, not before its own time."""
        self._number += 1
        heappush(self._planned, (at, self._number, action))

    def run(self, until: datetime) -> None:
        """Run everything planned before `until`."""
        while self._planned and self._planned[0][0] < until:
            at, _, action = heappop(self._planned)
            action(at)
