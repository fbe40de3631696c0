"""The beginning of a call list: the list is ranked once its levels, its mixture and the canary's share are decided.

Three jobs decide these at the beginning of a list. A ranking before them would go through the whole list twice. So the
ranking waits until each has looked since the list began, for a few minutes at most. What the list began with is stored
in the document `call_list` of `appliance`, so that a restart in the middle of a list ranks nobody again.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from core.calls.lifecycle import whole_milliseconds
from core.clock import Clock, now
from core.lists.beginning import list_began
from core.stores.mongo import Db, reachable
from monitor.jobs.job import Job
from monitor.ranking.lineup import Lineup

KEY = "call_list"
PATIENCE = timedelta(minutes=10)
"""How long a list waits for the jobs that prepare it."""
PREPARE = ("level", "trial", "refresh")
"""The jobs that decide what a list begins with."""


@dataclass
class Preparation:
    """When each of the jobs `PREPARE` last looked."""

    clock: Clock = now
    _looked: dict[str, datetime] = field(default_factory=dict)

    def watch(self, jobs: Iterable[Job]) -> list[Job]:
        """The `jobs`, of which those that prepare a list are noted when they have run."""
        return [Job(job.name, job.seconds, partial(self._run, job)) if job.name in PREPARE else job for job in jobs]

    def done_since(self, at: datetime) -> bool:
        """Whether each job has looked since `at`."""
        return all(name in self._looked and self._looked[name] >= at for name in PREPARE)

    def _run(self, job: Job) -> str:
        at = self.clock()
        said = job.run()
        self._looked[job.name] = at
        return said


@dataclass
class Beginning:
    """What the list of a moment began with; a list lasts for `hours`, and with 0 there are none."""

    db: Db
    hours: float
    preparation: Preparation

    def trial(self, present: Lineup, at: datetime) -> str | None:
        """The canary and its share as the list of `at` began with them; None while that list is being prepared.

        Raises Unavailable.
        """
        if not self.hours:
            return present.trial
        began = whole_milliseconds(list_began(at, self.hours))  # as MongoDB gives it back
        with reachable():
            found = self.db.appliance.find_one({"_id": KEY})
        if found is not None and found["list"]["began"] == began:
            return str(found["list"]["trial"])
        if found is not None and at - began < PATIENCE and not self.preparation.done_since(began):
            return None
        begun = {"list": {"began": began, "trial": present.trial}}
        with reachable():
            self.db.appliance.update_one({"_id": KEY}, {"$set": begun}, upsert=True)
        return present.trial
