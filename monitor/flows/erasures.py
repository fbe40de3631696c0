"""Asks Prefect to erase the people whom managers named, and to train models without them on request.

The worker erases; this job asks for its run whenever a pass is due (`core.privacy.requests`). All state is in the
request: a run that was lost, or could not continue, is asked for again a minute later, until the request is done.
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
"""Seconds between two runs, at least."""
LOST = timedelta(hours=1)


@dataclass(frozen=True)
class Erasures:
    """Asks for what is due. `retrain(reason, by)` asks for a training and returns the result in words."""

    db: Db
    runs: Runs
    retrain: Callable[[str, str], str]
    clock: Clock = now

    def run(self) -> str:
        """Ask for a pass if one is due, and for trainings; returns the result in words. Raises Unavailable."""
        at = self.clock()
        self._trainings()
        waiting = erasure_requests.under_way(self.db)
        if not waiting:
            return "nobody is to be erased"
        due = erasure_requests.due(self.db, at)
        if not due:
            return f"{len(waiting)} erased; one more pass follows, for what was under way"
        if going := give_up_silent(self.runs, at, LOST):
            return f"{len(due)} being erased by flow run {going[0].id}"
        return f"{len(due)} to be erased; asked for flow run {self._ask(at).id}"

    def _ask(self, at: datetime) -> FlowRun:
        return self.runs.start({}, key=f"erasures:{int(at.timestamp()) // AGAIN}")

    def _trainings(self) -> None:
        with reachable():
            requests = list(self.db.erasures.find({"retrain.run": ""}))
        for request in requests:
            retrain = request["retrain"]
            try:
                result, run = self.retrain(f"a person was erased: {request['_id']}", retrain["by"]), "asked"
            except Conflict as error:  # a trial or a hold is in the way: the job asks again at its end
                result, run = error.what, ""
            if (result, run) != (retrain["said"], retrain["run"]):
                with reachable():
                    changed = {"retrain": {**retrain, "said": result, "run": run}}
                    self.db.erasures.update_one({"_id": request["_id"]}, {"$set": changed})
