"""Follows up every incident: opens new ones, gathers the facts of each, and takes its next step.

A killed monitor continues where it was: all state is in the stores, each training has a key, and a step is written only
on the state it was decided on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from pymongo import DESCENDING

from core.clock import Clock, now
from core.models.decisions import HOLDS, Decision, DecisionKind, SuccessionState, decisions, state_of
from core.oversight.incident_words import MENDED_BY_TRAINING
from core.sentences import Sentence, said_in
from core.stores.events import Event
from core.stores.mongo import Db, reachable
from monitor.flows.prefect_runs import FlowRun, PrefectRuns, give_up_silent
from monitor.incidents import causes
from monitor.incidents import store as incident_store
from monitor.incidents.facts import Facts, IncidentRules, Run, RunEnd, Trial, TrialState
from monitor.incidents.lifecycle import Incident, Status, Step, TrainingRequest, after_request, next_step
from monitor.incidents.store import write_step

ENDS = {"refused": RunEnd.REFUSED, "unchanged": RunEnd.UNCHANGED}


@dataclass(frozen=True)
class FollowUp:
    """Follows up the incidents of `model`; a training that takes longer than `limit` counts as lost.

    While it may not train, because the disk is short, incidents wait for their trainings.
    """

    db: Db
    flows: PrefectRuns
    model: str
    rules: IncidentRules
    limit: timedelta = timedelta(hours=6)
    clock: Clock = now
    may_train: Callable[[], bool] = lambda: True

    def run(self) -> str:
        """Open new incidents, and take every step that is possible. Raises Unavailable."""
        incident_store.log_missing_entries(self.db)
        causes.judge_data(self.db)
        champion = state_of(decisions(self.db, self.model)).champion
        for cause in causes.judged_causes(self.db):
            finding = causes.newest_finding(self.db, cause)
            if finding is not None and finding.bad and finding.version in ("", champion):
                incident_store.open_incident(self.db, cause, finding, self.clock)
        for incident in sorted(incident_store.active(self.db), key=_turn):
            self._follow(incident)
        active = incident_store.active(self.db)
        return ", ".join(f"{one.cause}: {one.status.value}" for one in active) or "no incident"

    def _follow(self, incident: Incident) -> None:
        asks = _may_train(incident) and incident.status is not Status.ESCALATED
        going = give_up_silent(self.flows, self.clock(), self.limit) if asks else []
        # Read after the runs: the decisions then hold the model of a run that ended in between.
        facts = self._facts(incident, decisions(self.db, self.model), going)
        todo = next_step(incident, facts, self.rules)
        if isinstance(todo, TrainingRequest):
            run = self.flows.request_training(todo.why, incident=incident.id, key=todo.key)
            todo = after_request(incident, todo, run.id, facts)
        if isinstance(todo, Step):
            write_step(self.db, todo)

    def _facts(self, incident: Incident, taken: Sequence[Decision], going: Sequence[FlowRun]) -> Facts:
        lineup = state_of(taken)
        retraining = incident.status is Status.RETRAINING and incident.run is not None
        with reachable():
            outcomes = self.db.outcomes.estimated_document_count()  # asked every few seconds
        return Facts(
            at=self.clock(),
            finding=causes.newest_finding(self.db, incident.cause),
            champion=lineup.champion,
            outcomes=outcomes,
            busy=_busy(incident, lineup, going) or not self.may_train(),
            run=run_of(self.db, self.flows, incident.run) if retraining and incident.run else None,
            trial=trial_of(incident, taken),
        )


HANDED_OVER = (DecisionKind.ON_TRIAL, DecisionKind.PROMOTED, DecisionKind.REFRESHED)
ENDS_OF_TRIAL = (DecisionKind.ON_TRIAL, DecisionKind.PROMOTED, DecisionKind.ROLLED_BACK, DecisionKind.LOST)
ENDS_OF_REFRESH = (
    *(DecisionKind.RENEWED, DecisionKind.LEFT_OUT, DecisionKind.PROMOTED, DecisionKind.ROLLED_BACK),
    DecisionKind.LOST,
)


def _may_train(incident: Incident) -> bool:
    return incident.cause in MENDED_BY_TRAINING


def _turn(incident: Incident) -> tuple[bool, datetime, str]:
    """The order of incidents: those that need no Prefect come first, because it may be away.

    Then the oldest first: of two incidents that need a training, the one that waits longer gets it.
    """
    return _may_train(incident), incident.since, incident.id


def _busy(incident: Incident, lineup: SuccessionState, going: Sequence[FlowRun]) -> bool:
    """Whether a hold, another training, or another incident's canary is in the way."""
    own = incident.key(incident.attempts + 1)  # this incident asked for the run of its next attempt
    on_trial = lineup.trial is not None and lineup.trial.incident != incident.id
    return lineup.hold is not None or on_trial or any(run.key != own for run in going)


def run_of(db: Db, flows: PrefectRuns, run: str) -> Run:
    """What became of flow run `run`, from the training's own event, or else from Prefect. Raises Unavailable."""
    with reachable():
        event = db.events.find_one({"what": Event.TRAINING_ENDED, "subject": run}, sort=[("_id", DESCENDING)])
    if event is not None:
        end = ENDS.get(event["details"]["result"], RunEnd.HANDED_OVER)
        return Run(end, said_in(event), str(event["details"].get("gate") or ""))
    flow_run = flows.find(run)
    if flow_run is None:
        return Run(RunEnd.CRASHED, Sentence("Prefect does not know the flow run any more"))
    if flow_run.under_way:
        return Run(RunEnd.NOT_YET)
    if flow_run.state == "CANCELLED":
        return Run(RunEnd.CANCELLED, flow_run.message.rstrip(".") or Sentence("a person cancelled it in Prefect"))
    return Run(RunEnd.CRASHED, flow_run.message.rstrip(".") or Sentence("it ended as {state}", state=flow_run.name))


def trial_of(incident: Incident, taken: Sequence[Decision]) -> Trial | None:
    """The model of the incident's last training, from the decisions on it; None while there is none."""
    taken = [one for one in taken if one.what not in HOLDS]
    made = [one for one in taken if one.what in HANDED_OVER and one.incident == incident.id]
    made = [one for one in made if one.version not in incident.earlier]
    version = incident.version or (made[-1].version if made else None)
    if version is None:
        return None
    # A canary may have become a refresh.
    handed_in = next((one for one in taken if (one.version, one.what) == (version, DecisionKind.REFRESHED)), None)
    return _canary(version, taken) if handed_in is None else _refresh(handed_in, taken)


def _canary(version: str, taken: Sequence[Decision]) -> Trial:
    about = [one for one in taken if one.version == version]
    last, lineup, tried = about[-1], state_of(taken), about[0].what is DecisionKind.ON_TRIAL
    if lineup.canary == version:
        return Trial(version, TrialState.ON_TRIAL, last.why)
    if any(one.version == version for one in lineup.promotions):
        return Trial(
            version,
            TrialState.PROMOTED,
            Sentence("version {version} was promoted: {why}", version=version, why=last.why),
            tried,
        )
    if last.what is DecisionKind.DROPPED:
        return Trial(
            version,
            TrialState.ENDED,
            Sentence("version {version} was dropped: {why}", version=version, why=last.why),
            tried,
        )
    if back := _rolled_back(version, taken):
        return Trial(
            version,
            TrialState.ENDED,
            Sentence("version {version} was rolled back: {why}", version=version, why=back.why),
            tried,
        )
    ending = next(one for one in taken if one.place > last.place and one.what in ENDS_OF_TRIAL)
    return Trial(
        version,
        TrialState.ENDED,
        Sentence("the trial of version {version} was cut short: {why}", version=version, why=ending.why),
        tried,
    )


def _refresh(handed_in: Decision, taken: Sequence[Decision]) -> Trial:
    """What became of the refresh that the decision `handed_in` let wait for the next list.

    Newer refreshes may take its place. The comparison with the champion judges all of them together, so its end is the
    end for each. One that still waited when an earlier refresh became champion is of the next comparison.
    """
    version = handed_in.version
    ends = (one for one in taken if one.place > handed_in.place and one.what in ENDS_OF_REFRESH)
    end = next((one for one in ends if one.what is not DecisionKind.RENEWED or int(one.version) >= int(version)), None)
    if end is None:
        return Trial(
            version, TrialState.ON_TRIAL, Sentence("version {version} is a refresh", version=version), refresh=True
        )
    if end.what is not DecisionKind.RENEWED:
        why = Sentence("version {version}, a refresh, has no say any more: {why}", version=version, why=end.why)
        return Trial(version, TrialState.ENDED, why, refresh=True)
    if back := _rolled_back(end.version, taken):
        why = Sentence("version {version}, a refresh, was rolled back: {why}", version=end.version, why=back.why)
        return Trial(version, TrialState.ENDED, why, refresh=True)
    return Trial(
        version,
        TrialState.PROMOTED,
        Sentence("version {version}, a refresh, is champion: {why}", version=end.version, why=end.why),
        refresh=True,
    )


def _rolled_back(version: str, taken: Sequence[Decision]) -> Decision | None:
    back = [one for one in taken if one.what is DecisionKind.ROLLED_BACK and one.evidence.get("from") == version]
    return back[-1] if back else None
