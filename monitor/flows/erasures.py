"""Has people erased whom managers named, and models trained without them where that is asked for.

The worker erases; here it is only asked for, of Prefect, whenever a pass is due (`core.privacy.requests`). Nothing is
remembered outside the request: a run that was lost, or could not go on, is asked for again a minute later, until it is
done.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.clock import Clock, now
from core.errors import Conflict
from core.privacy import requests as erasure_requests
from core.stores.mongo import Db, reachable
from monitor.flows.prefect_runs import FlowRun, Runs, give_up_silent

FLOW = "erase-people"
SECONDS = 5.0
AGAIN = 60
"""Seconds between two runs at least."""
LOST = timedelta(hours=1)


@dataclass(frozen=True)
class Erasures:
    """Asks for what is due. `retrain` asks for a training for a reason, and says what came of that."""

    db: Db
    runs: Runs
    retrain: Callable[[str, str], str]
    clock: Clock = now

    def run(self) -> str:
        """Ask for a pass if one is due, and for trainings that were asked for; what there is to say.

        Raises Unavailable.
        """
        at = self.clock()
        self._trainings()
        waiting = erasure_requests.under_way(self.db)
        if not waiting:
            return "nobody is to be erased"
        due = erasure_requests.due(self.db, at)
        if not due:
            return f"{len(waiting)} erased; a last look at what was under way follows"
        if going := give_up_silent(self.runs, at, LOST):
            return f"{len(due)} being erased by flow run {going[0].id}"
        return f"{len(due)} to be erased; asked for flow run {self._ask(at).id}"

    def _ask(self, at: datetime) -> FlowRun:
        return self.runs.start({}, key=f"erasures:{int(at.timestamp()) // AGAIN}")

    def _trainings(self) -> None:
        with reachable():
            asked = list(self.db.erasures.find({"retrain.run": ""}))
        for request in asked:
            wanted = request["retrain"]
            try:
                said = self.retrain(f"somebody was erased: {request['_id']}", wanted["by"])
                run = "asked"
            except Conflict as error:  # a canary is on trial: it is asked again at its end
                said, run = error.what, ""
            if (said, run) != (wanted["said"], wanted["run"]):
                with reachable():
                    changed = {"retrain": {**wanted, "said": said, "run": run}}
                    self.db.erasures.update_one({"_id": request["_id"]}, {"$set": changed})
