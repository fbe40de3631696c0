"""Who has arrived in a replay, file by file, as `monitor.reports.drift.arrivals` reads it from the store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice

from monitor.reports.drift.arrivals import BEFORE, Arrival, Cohorts, are_enough


@dataclass
class Arrived:
    """The people of each file, with the time at which it came in; in a file, the newest first."""

    files: list[tuple[datetime, Sequence[Arrival]]] = field(default_factory=list)

    def add(self, people: Sequence[Arrival], at: datetime) -> None:
        """The file of `people` came in `at`, later than all before it."""
        self.files.append((at, people))

    def cohorts(self, size: int, accepted: datetime) -> Cohorts:
        """As `monitor.reports.drift.arrivals.read`."""
        earlier = _newest([people for at, people in self.files if at < accepted], size, BEFORE * size)
        if not are_enough(earlier, size):
            later = [people for at, people in self.files if at >= accepted]
            earlier = _newest(later[::-1], size, BEFORE * size)
        return Cohorts.of(_newest([people for _, people in self.files], size, (1 + BEFORE) * size), earlier, size)


def _newest(files: Sequence[Sequence[Arrival]], each: int, many: int) -> list[Arrival]:
    return list(islice((one for people in reversed(files) for one in people[:each]), many))
