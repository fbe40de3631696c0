"""Asks for trainings that no incident asks for: on schedule, and after enough new outcomes.

Both count from the last training, however it ended: a model that was refused because it is no better is not trained
again the next minute. Each training has a key of its own (the last training, and how many spans of days or lots of
outcomes have passed since), so a monitor that is killed and asks again gets the same flow run. A run that crashed is
asked for again, three times in all. Nothing is asked for while a training waits or runs, a canary is on trial, or a
hold is in force.

Refreshes fit the champion's recipe again after `refresh` new outcomes. They count from the last training or refresh,
and come also during a trial, whose canary is compared with a champion that is kept fresh.

The first training is due once there are enough outcomes (`monitor.flows.first_training`); if a gate
refuses it, the next is due with `outcomes` more.

The other triggers: degraded quality and drift open incidents (`monitor.incidents.follow_up`), and people use
`scripts/retrain` or Prefect's own page.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Self

from pymongo import DESCENDING

from core.clock import Clock, now
from core.errors import Unavailable
from core.models.decisions import Decision, DecisionKind, SuccessionState, decisions, state_of
from core.settings.loop import IncidentSettings
from core.stores import event_log
from core.stores.embedded_mongo import count_between
from core.stores.events import Event
from core.stores.mongo import Db, reachable
from monitor.flows import first_training
from monitor.flows.prefect_runs import FlowRun, PrefectRuns, give_up_silent

RUNS = 3
HAS_ENDED = "that was asked for and has ended"
LOST_STATES = ("CRASHED", "FAILED")


@dataclass(frozen=True)
class RetrainLimits:
    """When a training is due: `age` after the last one, or with `outcomes` new outcomes since.

    `refresh`: new outcomes from which a refresh is due; 0: none is.
    """

    age: timedelta = timedelta(days=7)
    outcomes: int = 500
    refresh: int = 0

    @classmethod
    def from_settings(cls, settings: IncidentSettings, refresh: int = 0) -> Self:
        """The limits that `settings` name, with the number of outcomes for a `refresh`."""
        return cls(timedelta(days=settings.callwise_retrain_days), settings.callwise_retrain_outcomes, refresh)


@dataclass(frozen=True)
class LastTraining:
    """The last training: its key, its end, and the number of outcomes when it began."""

    key: str
    at: datetime
    outcomes: int


@dataclass(frozen=True)
class Due:
    """A training that is due, or a `refresh`: its key, and why."""

    key: str
    why: str
    refresh: bool = False


def due_training(last: LastTraining, at: datetime, outcomes: int, limits: RetrainLimits) -> Due | None:
    """The training that is due at `at`, with `outcomes` in all; new outcomes go before the schedule."""
    new, age = outcomes - last.outcomes, at - last.at
    if (lots := new // limits.outcomes) > 0:
        return Due(f"outcomes:{last.key}:{lots}", f"enough new outcomes: {new} since the last training")
    if (spans := age // limits.age) > 0:
        return Due(f"schedule:{last.key}:{spans}", f"on schedule: the last training ended {age.days} days ago")
    return None


def due_refresh(last: LastTraining, outcomes: int, every: int) -> Due | None:
    """The refresh that is due with `outcomes` in all; `last` is the last training or refresh, `every` 0: none is."""
    new = outcomes - last.outcomes
    if not every or new < every:
        return None
    return Due(f"refresh:{last.key}:{new // every}", f"enough new outcomes for a refresh: {new}", refresh=True)


@dataclass(frozen=True)
class Triggers:
    """Asks for the trainings that are due; a training that takes longer than `limit` counts as lost."""

    db: Db
    flows: PrefectRuns
    model: str
    limits: RetrainLimits
    limit: timedelta = timedelta(hours=6)
    minimum: int = 1000
    clock: Clock = now

    def run(self) -> str:
        """Ask for a due training, if nothing is in its way; returns the result in words. Raises Unavailable."""
        # Read before the decisions, which then hold the model of a run that ends in between.
        at = self.clock()
        going = give_up_silent(self.flows, at, self.limit)
        taken = decisions(self.db, self.model)
        lineup = state_of(taken)
        if lineup.champion is None:
            return self._first(at, going)
        last = last_training(self.db, taken)
        with reachable():
            outcomes = self.db.outcomes.estimated_document_count()  # asked every few seconds
        training = due_training(last, at, outcomes, self.limits)
        said, waits = f"nothing is due: {outcomes - last.outcomes} of {self.limits.outcomes} new outcomes", ""
        if training is not None:
            waits = _in_the_way(lineup, going)
            said = f"{training.why}; {waits}" if waits else self._ask(training)
        # A refresh waits for no trial, and for no training that was asked for and has ended without a result.
        may_refresh = training is None or waits or said.endswith(HAS_ENDED)
        refresh = due_refresh(last_fit(self.db, taken), outcomes, self.limits.refresh) if may_refresh else None
        return self._ask(refresh) if refresh and lineup.hold is None and not going else said

    def _first(self, at: datetime, going: Sequence[FlowRun]) -> str:
        with reachable():
            outcomes = self.db.outcomes.estimated_document_count()  # asked every few seconds
        if why := first_training.missing(self.db, at, outcomes, self.minimum):
            return f"no champion yet; the first training waits: {why}"
        if going:
            return f"no champion yet; waits for the flow run {going[0].id}"
        lots = (outcomes - self.minimum) // self.limits.outcomes
        return self._ask(Due(f"first:{self.model}:{lots}", "enough outcomes for the first model"))

    def _ask(self, training: Due) -> str:
        keys = [f"{training.key}:{attempt}" for attempt in range(1, RUNS + 1)]
        earlier = self.flows.with_keys(keys)
        lost = [run for run in earlier if run.state in LOST_STATES and run.name != "Refused"]
        if len(lost) == RUNS:
            how = lost[0].message or lost[0].name
            raise Unavailable(
                f"The training ({training.why}) was lost {RUNS} times, at last: {how}.",
                kept="The champion stays in use.",
                next="Look at the flow run's log in Prefect, then start a training there.",
            )
        if len(earlier) > len(lost):
            return f"{training.why}; {HAS_ENDED}"
        run = self.flows.request_training(training.why, key=keys[len(lost)], refresh=training.refresh)
        log_training_asked(self.db, run.id, training.why, who="monitor", clock=self.clock)
        return f"{training.why}; asked for flow run {run.id}"


def _in_the_way(lineup: SuccessionState, going: Sequence[FlowRun]) -> str:
    """What a training that is due waits for, in words; "" if nothing is in its way."""
    if lineup.hold is not None:
        return f"waits until the hold of {lineup.hold.by} is released"
    if lineup.canary is not None:
        return f"waits for the end of the trial of version {lineup.canary}"
    return f"waits for the flow run {going[0].id}" if going else ""


def last_training(db: Db, taken: Sequence[Decision]) -> LastTraining:
    """The last training that ended, refreshes aside; before the first, the last decision on a model.

    Raises Unavailable.
    """
    return _last(db, taken, {"details.refresh": {"$nin": [True]}})


def last_fit(db: Db, taken: Sequence[Decision]) -> LastTraining:
    """The last training or refresh that ended, or a refresh that was left out after it: no newer one comes at once.

    Raises Unavailable.
    """
    last = _last(db, taken, {})
    left = [one for one in taken if one.what is DecisionKind.LEFT_OUT and one.at > last.at]
    if not left:
        return last
    with reachable():
        known = count_between(db.outcomes, "at", {"$lt": left[-1].at})
    return LastTraining(f"decision-{left[-1].place}", left[-1].at, known)


def _last(db: Db, taken: Sequence[Decision], condition: Mapping[str, Any]) -> LastTraining:
    with reachable():
        ended = db.events.find_one({"what": Event.TRAINING_ENDED, **condition}, sort=[("_id", DESCENDING)])
        if ended is not None:
            return LastTraining(str(ended["_id"]), ended["at"], int(ended["details"]["outcomes"]))
        # Earlier releases did not record how many outcomes a model saw: take those from before its first decision.
        newest = max({one.version: one for one in reversed(taken)}.values(), key=lambda one: one.place)
        return LastTraining(f"decision-{newest.place}", newest.at, count_between(db.outcomes, "at", {"$lt": newest.at}))


def log_training_asked(db: Db, run: str, why: str, *, who: str, clock: Clock = now) -> None:
    """Log that `who` asked for a training, once a flow run. Raises Unavailable."""
    with reachable():
        if db.events.find_one({"what": Event.TRAINING_ASKED, "subject": run}) is not None:
            return
    event_log.append(db, who=who, what=Event.TRAINING_ASKED, subject=run, why=why, clock=clock)
