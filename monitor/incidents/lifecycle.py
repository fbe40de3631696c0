"""An incident's life, as pure functions: open → retraining → canary → resolved | escalated.

`next_step` looks at an incident and at the facts of the moment and says the one thing to do next: a step to write
down, a training to ask for, or nothing yet. It reads no clock and no store, so a replay of a history goes through the
same life as the appliance does.

    open        the cause is bad. Asks for a training, or waits until there is something new to learn from
    retraining  a training was asked for; its end is waited for
    canary      its model is on trial, or was promoted and the cause is not judged with it yet
    resolved    the cause is well
    escalated   a person has to look: trainings did not mend it, or it stayed bad; resolved once the cause is well

What was begun is ended first: a cause that becomes well during a training or a trial resolves the incident at their
end. A cause counts as judged only by a report on the champion of the moment, so a report on the model that a promotion
or a rollback has replaced decides nothing. A cause that no training mends (a source out of date, data that a gate
refused, scores that are not training's) stays open, and goes to a person once it has been bad for as long as the rules
are patient.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from core.models.gates import Gate
from core.oversight.incident_words import MENDED_BY_TRAINING
from monitor.incidents.facts import Facts, Finding, IncidentRules, Run, RunEnd, TrialState

DATA_GATES = frozenset({Gate.DATA})
ENDS = {
    RunEnd.UNCHANGED: "there was nothing new to learn from",
    RunEnd.CRASHED: "the training crashed",
    RunEnd.CANCELLED: "the training was cancelled",
}


class Status(StrEnum):
    """Where an incident is in its life."""

    OPEN = "open"
    RETRAINING = "retraining"
    CANARY = "canary"
    RESOLVED = "resolved"
    ESCALATED = "escalated"


@dataclass(frozen=True)
class Incident:
    """One incident. `asked_at`: outcomes there were when the last training was asked for.

    `run`: the last flow run; `version`: the model it made; `earlier`: models that earlier attempts made; `refusals`:
    refusals that were answered by waiting; `steps`: entries in its history; `since`: when the last was written.
    """

    id: str
    cause: str
    status: Status
    since: datetime
    why: str
    attempts: int = 0
    run: str | None = None
    version: str | None = None
    earlier: tuple[str, ...] = ()
    asked_at: int = 0
    refusals: int = 0
    steps: int = 1

    def key(self, attempt: int) -> str:
        """What the training of `attempt` is asked for under: asking again under it gives the same flow run."""
        return f"{self.id}:{attempt}"


@dataclass(frozen=True)
class Entry:
    """A line of an incident's history. `tell`: the status is another than before, so people are told."""

    status: Status
    at: datetime
    why: str
    tell: bool
    evidence: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Step:
    """The incident as it is after `entry`."""

    incident: Incident
    entry: Entry


@dataclass(frozen=True)
class Ask:
    """A training to ask for; `asked` makes a step of it once it has been."""

    attempt: int
    key: str
    why: str


def opened(cause: str, finding: Finding, at: datetime, id: str) -> Step:
    """A new incident about a `finding` that is bad."""
    entry = Entry(Status.OPEN, at, finding.why, tell=True, evidence=_evidence(report=finding.report))
    return Step(Incident(id, cause, Status.OPEN, at, finding.why), entry)


def asked(incident: Incident, ask: Ask, run: str, facts: Facts) -> Step:
    """The step once flow run `run` was created for `ask`."""
    earlier = incident.earlier
    if facts.trial is not None and facts.trial.version not in earlier:
        earlier = (*earlier, facts.trial.version)
    changed = replace(incident, attempts=ask.attempt, run=run, version=None, earlier=earlier, asked_at=facts.outcomes)
    return _step(changed, Status.RETRAINING, facts, f"training {ask.attempt} was asked for: {ask.why}", run=run)


def next_step(incident: Incident, facts: Facts, rules: IncidentRules) -> Step | Ask | None:
    """What to do next about `incident`; None: nothing, until the facts are others.

    Whoever acts on a step or an ask may be killed before or after it was written down: the same facts then give the
    same again, under the same key.
    """
    match incident.status:
        case Status.OPEN | Status.ESCALATED if facts.well:
            return _resolved(incident, facts, "it is well again")
        case Status.OPEN if facts.bad:
            return _while_bad(incident, facts, rules)
        case Status.RETRAINING if facts.trial is None:
            return _after_run(incident, facts, rules)
        case Status.RETRAINING if (trial := facts.trial) is not None and trial.tried:
            why = f"version {trial.version} passed every gate and is tried on a share of the calls"
            changed = replace(incident, version=trial.version)
            return _step(changed, Status.CANARY, facts, why, version=trial.version)
        case Status.RETRAINING | Status.CANARY:
            return _after_trial(incident, facts, rules)
    return None


def _while_bad(incident: Incident, facts: Facts, rules: IncidentRules) -> Step | Ask | None:
    """A training if that may mend it; if not, a person, once it has lasted."""
    if incident.cause in MENDED_BY_TRAINING:
        return _another(incident, facts, rules, _why(facts))
    lasted = facts.at - incident.since
    if lasted < rules.patience:
        return None
    why = f"it has lasted for {lasted.days} days, since {incident.since:%Y-%m-%d %H:%M} UTC: {_why(facts)}"
    return _escalated(incident, facts, why)


def _after_run(incident: Incident, facts: Facts, rules: IncidentRules) -> Step | Ask | None:
    """What follows a training that handed no model over. One that did is seen by its model, whatever became of it."""
    run = facts.run
    if run is None or run.end in (RunEnd.NOT_YET, RunEnd.HANDED_OVER):
        return None
    if facts.well:
        return _resolved(incident, facts, f"it is well again; the training ended: {_ended(run)}")
    if run.end is RunEnd.CRASHED:
        return _another(incident, facts, rules, _ended(run), fresh=0)
    final = run.end is RunEnd.CANCELLED or run.gate in DATA_GATES
    # Where there was nothing new to learn from, no model was made, so none was refused.
    refusals = incident.refusals + (run.end is not RunEnd.UNCHANGED)
    if final or refusals > rules.refusals or incident.attempts >= rules.attempts:
        return _escalated(incident, facts, _ended(run), gate=run.gate)
    why = f"{_ended(run)}; it is trained again once {rules.fresh_outcomes} more outcomes are in"
    return _step(replace(incident, refusals=refusals), Status.OPEN, facts, why, gate=run.gate)


def _after_trial(incident: Incident, facts: Facts, rules: IncidentRules) -> Step | Ask | None:
    trial = facts.trial
    if trial is None or trial.state is TrialState.ON_TRIAL:
        return None
    promoted = trial.state is TrialState.PROMOTED
    if facts.well:
        how = f"it is well with version {facts.champion}" if promoted else "it is well again meanwhile"
        return _resolved(incident, facts, f"{how}; {trial.why}", version=trial.version)
    if not facts.bad:
        return None  # no report on the champion of now yet
    held = f"with version {trial.version} it still is: {_why(facts)}" if promoted else trial.why
    return _another(incident, facts, rules, held)


def _another(
    incident: Incident, facts: Facts, rules: IncidentRules, why: str, *, fresh: int | None = None
) -> Step | Ask | None:
    """The next training; or a wait for new outcomes; or, after the last attempt, a person."""
    if incident.attempts >= rules.attempts:
        trainings = "one training" if incident.attempts == 1 else f"{incident.attempts} trainings"
        return _escalated(incident, facts, f"{trainings} did not mend it: {why}")
    fresh = rules.fresh_outcomes if fresh is None else fresh
    missing = incident.asked_at + fresh - facts.outcomes if incident.attempts else 0
    if missing > 0:
        if incident.status is not Status.OPEN:
            later = f"{why}; it is trained again once {missing} more outcomes are in"
            return _step(incident, Status.OPEN, facts, later)
        if facts.at - incident.since < rules.patience:
            return None
        days = f"{rules.patience.days} days"
        return _escalated(incident, facts, f"within {days} too few outcomes came in to train again: {why}")
    if facts.busy:
        return None
    attempt = incident.attempts + 1
    return Ask(attempt, incident.key(attempt), why)


def _resolved(incident: Incident, facts: Facts, why: str, **evidence: str) -> Step:
    report = facts.finding.report if facts.finding else ""
    return _step(incident, Status.RESOLVED, facts, why, report=report, **evidence)


def _escalated(incident: Incident, facts: Facts, why: str, **evidence: str) -> Step:
    return _step(incident, Status.ESCALATED, facts, why, **evidence)


def _step(incident: Incident, status: Status, facts: Facts, why: str, **evidence: str) -> Step:
    entry = Entry(status, facts.at, why, tell=status is not incident.status, evidence=_evidence(**evidence))
    return Step(replace(incident, status=status, since=facts.at, steps=incident.steps + 1), entry)


def _evidence(**evidence: str) -> dict[str, str]:
    return {name: value for name, value in evidence.items() if value}


def _why(facts: Facts) -> str:
    return facts.finding.why if facts.finding else ""


def _ended(run: Run) -> str:
    who = f"{run.gate} refused it" if run.gate else ENDS.get(run.end, run.end.value)
    return f"{who}: {run.why}" if run.why else who
