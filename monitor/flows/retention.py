"""Asks Prefect to clear what is old, once a day (`trainer.retention`)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from core.clock import Clock, now
from core.errors import Unavailable
from core.stores.mongo import Db, reachable
from monitor.flows.prefect_runs import PrefectRuns, give_up_silent

FLOW = "clear-old"
SECONDS = 600.0
EVERY, AGAIN, LOST = timedelta(days=1), timedelta(hours=1), timedelta(hours=6)
"""Between two runs that ended; after one that failed; how long a run may be silent."""


@dataclass(frozen=True)
class Retention:
    """Asks for the clearing that is due. `db` is the shipped kind's."""

    db: Db
    runs: PrefectRuns
    clock: Clock = now

    def run(self) -> str:
        """Ask for a run if one is due; returns the result in words. Raises Unavailable, as after a run that failed."""
        at, (last, failed) = self.clock(), self._last()
        if last is None:
            return "nothing is old yet"
        if failed and at - last < AGAIN:
            raise Unavailable(
                f"What is old could not be cleared: {failed}.",
                kept="Nothing that is needed was removed, and the rest goes on.",
                next="It is tried again within an hour; the run's log in Prefect says more.",
            )
        if not failed and at - last < EVERY:
            return f"the next clearing is due on {last + EVERY:%Y-%m-%d at %H:%M} UTC"
        if going := give_up_silent(self.runs, at, LOST):
            return f"flow run {going[0].id} clears what is old"
        run = self.runs.start({}, key=f"{FLOW}:{int(at.timestamp() // AGAIN.total_seconds())}")
        return f"asked for flow run {run.id}, which clears what is old"

    def _last(self) -> tuple[datetime | None, str]:
        """When the last run ended, and what failed; before there was one, when the appliance began."""
        with reachable():
            ended = self.db.retention.find_one({"_id": "ended"})
            first = None if ended else self.db.events.find_one(sort=[("_id", 1)])
        if ended:
            return ended["last"]["at"], str(ended["last"].get("failed", ""))
        return (first["at"] if first else None), ""
