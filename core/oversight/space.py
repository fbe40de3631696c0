"""What stops, and in which order, when the disk runs short. The table in docs/operations.md says the same.

Each kind of work has a share of the reserve (`CALLWISE_DISK_RESERVE_MIB`). It stops while less than its share is free.
What is not listed never stops: calls, their outcomes, wishes, erasures, and what makes room.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from enum import StrEnum

from core.clock import Clock, now
from core.errors import Conflict
from core.sentences import Sentence
from core.stores.mongo import Db, reachable

CONDITION = "condition"
"""The fact that holds the monitor's last look at the appliance."""
STALE = timedelta(minutes=3)
"""The monitor looks at least once a minute; after this time it counts as away, and its look says nothing of now."""
MIB = 1 << 20


class Work(StrEnum):
    """Work that stops, the first to stop first."""

    REPORTS = "reports"
    TRAININGS = "trainings"
    IMPORTS = "imports"
    RANKING = "ranking"


SHARES = {Work.REPORTS: 0.75, Work.TRAININGS: 0.5, Work.IMPORTS: 0.375, Work.RANKING: 0.25}
WORDS = {
    Work.REPORTS: Sentence("reports"),
    Work.TRAININGS: Sentence("trainings"),
    Work.IMPORTS: Sentence("imports"),
    Work.RANKING: Sentence("ranking"),
}


def stopped(free: int | None, reserve: int) -> list[Work]:
    """The work that stops with `free` bytes of a `reserve` in bytes, in the order of the table; unknown: none."""
    return [work for work, share in SHARES.items() if free is not None and free < share * reserve]


def refuse_import(db: Db, clock: Clock = now) -> None:
    """Raises Conflict if the disk is too full for another import; Unavailable. `db` is the appliance's.

    Nobody knows the room of now while the monitor is away, and what is unknown stops nothing.
    """
    with reachable():
        seen = db.appliance.find_one({"_id": CONDITION}, {"stopped": 1, "seen": 1})
    fresh = seen is not None and clock() - seen["seen"]["at"] <= STALE
    found: Collection[str] = seen.get("stopped", ()) if seen and fresh else ()
    if Work.IMPORTS in found:
        raise Conflict(
            Sentence("The server's disk is nearly full, so no file is imported now."),
            kept=Sentence("Nothing was read. Calls and their results are recorded as before."),
            next=Sentence("Tell the person who looks after Callwise; import the file once there is room."),
        )
