"""Follows every incident up: opens those that are due, gathers the facts of each, and takes its next step.

A killed monitor goes on where it was: nothing is remembered outside the stores, a training is asked for under a key,
and a step is written only upon the state it was decided on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from pymongo import DESCENDING

from core.clock import Clock, now
from core.models.decisions import HOLDS, Decision, State, What, decisions, state
from core.stores.events import Event
from core.stores.mongo import Db, count, reachable
from monitor.flows.prefect_runs import FlowRun, Flows, give_up_silent
from monitor.incidents import causes
from monitor.incidents import store as incident_store
from monitor.incidents.facts import Facts, IncidentRules, Run, RunEnd, Trial, TrialState
from monitor.incidents.lifecycle import Ask, Incident, Status, Step, asked, next_step
from monitor.incidents.store import write_step

ENDS = {"refused": RunEnd.REFUSED, "unchanged": RunEnd.UNCHANGED}


@dataclass(frozen=True)
class FollowUp:
    """What is needed to follow incidents up; `limit`: how long a training may take before it counts as lost."""

    db: Db
    flows: Flows
    model: str
    rules: IncidentRules
    limit: timedelta = timedelta(hours=6)
    clock: Clock = now

    def run(self) -> str:
        """Open what is due, and take every step that can be taken. Raises Unavailable."""
        incident_store.tell_rest(self.db)
        causes.judge_data(self.db)
        champion = state(decisions(self.db, self.model)).champion
        for cause in causes.known(self.db):
            found = causes.finding(self.db, cause)
            if found is not None and found.bad and found.version in ("", champion):
                incident_store.open_incident(self.db, cause, found, self.clock)
        followed = incident_store.active(self.db)
        # Oldest first: of two incidents that both want a training, the one that waits longer gets it.
        for incident in sorted(followed, key=lambda one: (one.since, one.id)):
            self._follow(incident)
        going = incident_store.active(self.db)
        return ", ".join(f"{one.cause}: {one.status.value}" for one in going) or "no incident"

    def _follow(self, incident: Incident) -> None:
        going = give_up_silent(self.flows, self.clock(), self.limit) if incident.status is not Status.ESCALATED else []
        # After the runs: one that has handed over and ended meanwhile is then seen by what it has handed over.
        facts = self._facts(incident, decisions(self.db, self.model), going)
        todo = next_step(incident, facts, self.rules)
        if isinstance(todo, Ask):
            run = self.flows.ask(todo.why, incident=incident.id, key=todo.key)
            todo = asked(incident, todo, run.id, facts)
        if isinstance(todo, Step):
            write_step(self.db, todo)

    def _facts(self, incident: Incident, taken: Sequence[Decision], going: Sequence[FlowRun]) -> Facts:
        lineup = state(taken)
        retraining = incident.status is Status.RETRAINING and incident.run is not None
        with reachable():
            outcomes = count(self.db.outcomes, {})
        return Facts(
            at=self.clock(),
            finding=causes.finding(self.db, incident.cause),
            champion=lineup.champion,
            outcomes=outcomes,
            busy=_busy(incident, lineup, going),
            run=run_of(self.db, self.flows, incident.run) if retraining and incident.run else None,
            trial=trial_of(incident, taken),
        )


def _busy(incident: Incident, lineup: State, going: Sequence[FlowRun]) -> bool:
    """Whether a hold, or another's training or canary is in the way.

    A run of our own next attempt was asked for by us, once.
    """
    own = incident.key(incident.attempts + 1)
    on_trial = lineup.trial is not None and lineup.trial.incident != incident.id
    return lineup.hold is not None or on_trial or any(run.key != own for run in going)


def run_of(db: Db, flows: Flows, run: str) -> Run:
    """What became of flow run `run`, as the training told it, or else as Prefect knows it. Raises Unavailable."""
    with reachable():
        told = db.events.find_one({"what": Event.TRAINING_ENDED, "subject": run}, sort=[("_id", DESCENDING)])
    if told is not None:
        end = ENDS.get(told["details"]["result"], RunEnd.HANDED_OVER)
        return Run(end, str(told["why"]), str(told["details"].get("gate") or ""))
    seen = flows.find(run)
    if seen is None:
        return Run(RunEnd.CRASHED, "Prefect does not know the flow run any more")
    if seen.under_way:
        return Run(RunEnd.NOT_YET)
    if seen.state == "CANCELLED":
        return Run(RunEnd.CANCELLED, seen.message or "a person cancelled it in Prefect")
    return Run(RunEnd.CRASHED, seen.message or f"it ended as {seen.name}")


def trial_of(incident: Incident, taken: Sequence[Decision]) -> Trial | None:
    """The model of the incident's last training, by the decisions that were taken; None while there is none."""
    taken = [one for one in taken if one.what not in HOLDS]
    made = [one for one in taken if one.what in (What.ON_TRIAL, What.PROMOTED) and one.incident == incident.id]
    made = [one for one in made if one.version not in incident.earlier]
    version = incident.version or (made[-1].version if made else None)
    if version is None:
        return None
    about = [one for one in taken if one.version == version]
    first, last, lineup = about[0], about[-1], state(taken)
    tried = first.what is What.ON_TRIAL
    if lineup.canary == version:
        return Trial(version, TrialState.ON_TRIAL, last.why)
    if any(one.version == version for one in lineup.reigns):
        return Trial(version, TrialState.PROMOTED, f"version {version} was promoted: {last.why}", tried)
    if last.what is What.DROPPED:
        return Trial(version, TrialState.ENDED, f"version {version} was dropped: {last.why}", tried)
    back = [one for one in taken if one.what is What.ROLLED_BACK and one.evidence.get("from") == version]
    if back:
        return Trial(version, TrialState.ENDED, f"version {version} was rolled back: {back[-1].why}", tried)
    over = next(one for one in taken if one.place > last.place)  # a trial ends by the decision that comes after it
    return Trial(version, TrialState.ENDED, f"the trial of version {version} was cut short: {over.why}", tried)
