"""Asks Prefect to clear what is old, once a day (`trainer.retention`)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from core.clock import Clock, now
from core.stores.mongo import Db, reachable
from monitor.flows.prefect_runs import PrefectRuns, give_up_silent

FLOW = "clear-old"
SECONDS = 600.0
EVERY, AGAIN, LOST = timedelta(days=1), 3_600, timedelta(hours=6)
"""Between two runs that ended; seconds between two that are asked for; how long a run may be silent."""


@dataclass(frozen=True)
class Retention:
    """Asks for the clearing that is due. `db` is the shipped kind's."""

    db: Db
    runs: PrefectRuns
    clock: Clock = now

    def run(self) -> str:
        """Ask for a run if one is due; returns the result in words. Raises Unavailable."""
        at, last = self.clock(), self._last()
        if last is None:
            return "nothing is old yet"
        if at - last < EVERY:
            return "cleared within a day"
        if going := give_up_silent(self.runs, at, LOST):
            return f"flow run {going[0].id} clears what is old"
        run = self.runs.start({}, key=f"{FLOW}:{int(at.timestamp()) // AGAIN}")
        return f"asked for flow run {run.id}, which clears what is old"

    def _last(self) -> datetime | None:
        """When the last run ended; before there was one, when the appliance began."""
        with reachable():
            ended = self.db.retention.find_one({"_id": "ended"})
            first = None if ended else self.db.events.find_one(sort=[("_id", 1)])
        if ended:
            return ended["last"]["at"]  # type: ignore[no-any-return]
        return first["at"] if first else None
