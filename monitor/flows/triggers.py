"""Trainings that no incident asks for: on schedule, and once enough new outcomes are in.

Both are about the last training, whatever came of it: a model that was refused because it is no better is not trained
again the next minute. Each asks under a key of its own (which training was the last, and how many spans of days or
lots of outcomes are over since), so a monitor that is killed and asks again gets the same flow run. A run that crashed
is asked for again, three times in all. Nothing is asked for while a training waits or runs, a canary is on trial, or a
person holds the champion; and the first model is asked for by a person, who knows when the history is loaded.

The other triggers: degraded quality and changed distributions open incidents (`monitor.incidents.follow_up`), and on
demand is `scripts/retrain` or Prefect's own page.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from pymongo import DESCENDING

from core.clock import Clock, now
from core.errors import Unavailable
from core.models.decisions import Decision, decisions, state
from core.stores import event_log
from core.stores.embedded_mongo import count_between
from core.stores.events import Event
from core.stores.mongo import Db, count, reachable
from monitor.flows.prefect_runs import Flows, give_up_silent

RUNS = 3
LOST = ("CRASHED", "FAILED")


@dataclass(frozen=True)
class RetrainLimits:
    """`age`: how old the last training may be; `outcomes`: how many may have come in since."""

    age: timedelta = timedelta(days=7)
    outcomes: int = 500


@dataclass(frozen=True)
class Last:
    """The last training: its key, when it ended, and how many outcomes there were when it began."""

    key: str
    at: datetime
    outcomes: int


@dataclass(frozen=True)
class Due:
    """A training that is due, in words, and the key it is asked for under."""

    key: str
    why: str


def due(last: Last, at: datetime, outcomes: int, limits: RetrainLimits) -> Due | None:
    """What is due at the moment `at`, with so many `outcomes` there are; new outcomes go before the schedule."""
    lots, spans = (outcomes - last.outcomes) // limits.outcomes, (at - last.at) // limits.age
    if lots > 0:
        new = outcomes - last.outcomes
        return Due(f"outcomes:{last.key}:{lots}", f"enough new outcomes: {new} since the last training")
    if spans > 0:
        return Due(
            f"schedule:{last.key}:{spans}", f"on schedule: the last training ended {(at - last.at).days} days ago"
        )
    return None


@dataclass(frozen=True)
class Triggers:
    """Asks for the trainings that are due; `limit`: how long a training may take before it counts as lost."""

    db: Db
    flows: Flows
    model: str
    limits: RetrainLimits
    limit: timedelta = timedelta(hours=6)
    clock: Clock = now

    def run(self) -> str:
        """Ask for what is due, if nothing is in its way; what there is to say. Raises Unavailable."""
        # Before the decisions: a run that hands over and ends meanwhile is then seen by what it has handed over.
        at = self.clock()
        going = give_up_silent(self.flows, at, self.limit)
        taken = decisions(self.db, self.model)
        lineup = state(taken)
        if lineup.champion is None:
            return "no champion yet; the first training is asked for by a person"
        last = last_training(self.db, taken)
        with reachable():
            outcomes = count(self.db.outcomes, {})
        wanted = due(last, at, outcomes, self.limits)
        if wanted is None:
            return f"nothing is due: {outcomes - last.outcomes} of {self.limits.outcomes} new outcomes"
        if lineup.hold is not None:
            return f"{wanted.why}; waits until the hold of {lineup.hold.by} is released"
        if lineup.canary is not None:
            return f"{wanted.why}; waits for the end of the trial of version {lineup.canary}"
        if going:
            return f"{wanted.why}; waits for the flow run {going[0].id}"
        return self._ask(wanted)

    def _ask(self, wanted: Due) -> str:
        keys = [f"{wanted.key}:{attempt}" for attempt in range(1, RUNS + 1)]
        before = self.flows.asked(keys)
        lost = [run for run in before if run.state in LOST and run.name != "Refused"]
        if len(lost) == RUNS:
            how = lost[0].message or lost[0].name
            raise Unavailable(
                f"The training ({wanted.why}) was lost {RUNS} times, at last: {how}.",
                kept="The champion goes on.",
                next="Look at the flow run's log in Prefect, then start a training there.",
            )
        if len(before) > len(lost):
            return f"{wanted.why}; that was asked for and has ended"
        run = self.flows.ask(wanted.why, key=keys[len(lost)])
        tell(self.db, run.id, wanted.why, who="monitor", clock=self.clock)
        return f"{wanted.why}; asked for flow run {run.id}"


def last_training(db: Db, taken: Sequence[Decision]) -> Last:
    """The last training that ended by itself; before there is one, the last decision on a model. Raises Unavailable."""
    with reachable():
        ended = db.events.find_one({"what": Event.TRAINING_ENDED}, sort=[("_id", DESCENDING)])
        if ended is not None:
            return Last(str(ended["_id"]), ended["at"], int(ended["details"]["outcomes"]))
        # Of models that an earlier release trained it is not known how many outcomes they saw: those from before them.
        firsts = {one.version: one for one in reversed(taken)}
        newest = max(firsts.values(), key=lambda one: one.place)
        seen = count_between(db.outcomes, "at", {"$lt": newest.at})
    return Last(f"decision-{newest.place}", newest.at, seen)


def tell(db: Db, run: str, why: str, *, who: str, clock: Clock = now) -> None:
    """The event that `who` asked for a training, once a flow run. Raises Unavailable."""
    with reachable():
        if db.events.find_one({"what": Event.TRAINING_ASKED, "subject": run}) is not None:
            return
    event_log.append(db, who=who, what=Event.TRAINING_ASKED, subject=run, why=why, clock=clock)
