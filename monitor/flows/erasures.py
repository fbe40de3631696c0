"""Asks Prefect to erase the people, and to delete the campaigns, that managers named; and to train without them.

The worker erases and deletes; these jobs ask for its run whenever a pass is due (`core.privacy.requests`,
`core.lists.deletion`). All state is in the request: a run that was lost, or could not continue, is asked for again a
minute later, until the request is done. Erasures are the appliance's; deletions are those of one campaign kind.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.clock import Clock, now
from core.errors import Conflict
from core.lists import deletion
from core.privacy import requests as erasure_requests
from core.stores.mongo import Db, reachable
from monitor.flows.prefect_runs import PrefectRuns, give_up_silent

FLOW = "erase-people"
SECONDS = 5.0
AGAIN = 60
"""Seconds between two runs, at least."""
LOST = timedelta(hours=1)


@dataclass(frozen=True)
class Erasures:
    """Asks for what is due. `retrain(reason, by)` asks for a training and returns the result in words."""

    db: Db
    runs: PrefectRuns
    retrain: Callable[[str, str], str]
    clock: Clock = now

    def run(self) -> str:
        """Ask for a pass if one is due, and for trainings; returns the result in words. Raises Unavailable."""
        at = self.clock()
        self._trainings()
        waiting = erasure_requests.under_way(self.db)
        due = erasure_requests.due(self.db, at)
        if not waiting:
            return "nobody is to be erased"
        if not due:
            return f"{len(waiting)} erased; one more pass follows, for what was under way"
        return _asked(self.runs, at, f"{len(due)}")

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


@dataclass(frozen=True)
class Deletions:
    """Asks for the deletion of campaigns that is due in the campaign kind of `db`."""

    db: Db
    runs: PrefectRuns
    clock: Clock = now

    def run(self) -> str:
        """Ask for a pass if one is due; returns the result in words. Raises Unavailable."""
        at = self.clock()
        due = deletion.due(self.db, at)
        return _asked(self.runs, at, f"{len(due)} campaigns") if due else "no campaign is to be deleted"


def _asked(runs: PrefectRuns, at: datetime, what: str) -> str:
    """Ask for a run that erases or deletes `what`, unless one is going; returns the result in words."""
    if going := give_up_silent(runs, at, LOST):
        return f"{what} being erased by flow run {going[0].id}"
    run = runs.start({}, key=f"erasures:{int(at.timestamp()) // AGAIN}")
    return f"{what} to be erased; asked for flow run {run.id}"
