"""An incident's life, as pure functions: open → retraining → canary → resolved | escalated.

`next_step` takes an incident and the facts of the moment, and returns what to do next: write a step, ask for a
training, or nothing. It reads no clock and no store, so a replay of a history runs the same life as the appliance.

    open        the cause is bad. Asks for a training, or waits for something new to learn from
    retraining  a training was asked for and has not ended
    canary      its model is on trial, or mixed with the champion, or was promoted and no report has judged the cause
                with it
    resolved    the cause is well
    escalated   a person has to act: trainings did not mend it, or it stayed bad; resolved once the cause is well

A training or trial that began is ended first: a cause that becomes well meanwhile resolves the incident afterwards.
Only a report on the present champion judges a cause; a report on a model that was replaced decides nothing. A cause
that no training mends (a stale source, data that a gate refused, scores in service that differ from training's) stays
open, and goes to a person after the rules' patience.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from core.models.gates import Gate
from core.oversight.incident_words import MENDED_BY_TRAINING
from core.sentences import Sentence, joined
from monitor.incidents.facts import Facts, Finding, IncidentRules, Run, RunEnd, TrialState

DATA_GATES = frozenset({Gate.DATA})
ENDS = {
    RunEnd.UNCHANGED: Sentence("there was nothing new to learn from"),
    RunEnd.CRASHED: Sentence("the training crashed"),
    RunEnd.CANCELLED: Sentence("the training was cancelled"),
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
    """One incident. `asked_at`: the number of outcomes when the last training was asked for.

    `run`: the last flow run; `version`: its model; `earlier`: models of earlier attempts; `refusals`: refusals answered
    by waiting; `steps`: entries in the history; `since`: the time of the last one.
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
        """The key of the training of `attempt`: asking under it again gives the same flow run."""
        return f"{self.id}:{attempt}"


@dataclass(frozen=True)
class Entry:
    """A line of an incident's history. `tell`: the status changed, so people are told."""

    status: Status
    at: datetime
    why: str
    tell: bool
    evidence: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Step:
    """An entry, and the incident after it."""

    incident: Incident
    entry: Entry


@dataclass(frozen=True)
class TrainingRequest:
    """A training to ask for; `after_request` then makes a step of it."""

    attempt: int
    key: str
    why: str


def opening_step(cause: str, finding: Finding, at: datetime, id: str) -> Step:
    """A new incident about a `finding` that is bad."""
    entry = Entry(Status.OPEN, at, finding.why, tell=True, evidence=_evidence(report=finding.report))
    return Step(Incident(id, cause, Status.OPEN, at, finding.why), entry)


def after_request(incident: Incident, ask: TrainingRequest, run: str, facts: Facts) -> Step:
    """The step once flow run `run` was created for `ask`."""
    earlier = incident.earlier
    if facts.trial is not None and facts.trial.version not in earlier:
        earlier = (*earlier, facts.trial.version)
    changed = replace(incident, attempts=ask.attempt, run=run, version=None, earlier=earlier, asked_at=facts.outcomes)
    return _step(
        changed,
        Status.RETRAINING,
        facts,
        Sentence("training {attempt} was asked for: {why}", attempt=ask.attempt, why=ask.why),
        run=run,
    )


def next_step(incident: Incident, facts: Facts, rules: IncidentRules) -> Step | TrainingRequest | None:
    """What to do next about `incident`; None: nothing until the facts change.

    A process may be killed before or after it writes a step: the same facts give the same step and key again.
    """
    match incident.status:
        case Status.OPEN | Status.ESCALATED if facts.well:
            return _resolved(incident, facts, Sentence("it is well again"))
        case Status.OPEN if facts.bad:
            return _while_bad(incident, facts, rules)
        case Status.RETRAINING if facts.trial is None:
            return _after_run(incident, facts, rules)
        case Status.RETRAINING if (trial := facts.trial) is not None and trial.tried:
            beside = Sentence(
                "version {version} passed every gate and has a say in the next lists beside the champion",
                version=trial.version,
            )
            tried = Sentence(
                "version {version} passed every gate and is tried on a share of the calls", version=trial.version
            )
            why = beside if trial.refresh else tried
            changed = replace(incident, version=trial.version)
            return _step(changed, Status.CANARY, facts, why, version=trial.version)
        case Status.RETRAINING | Status.CANARY:
            return _after_trial(incident, facts, rules)
    return None


def _while_bad(incident: Incident, facts: Facts, rules: IncidentRules) -> Step | TrainingRequest | None:
    """A training if it may mend the cause; otherwise a person, once the cause has lasted."""
    if incident.cause in MENDED_BY_TRAINING:
        return _another(incident, facts, rules, _why(facts))
    lasted = facts.at - incident.since
    if lasted < rules.patience:
        return None
    why = Sentence(
        "it has lasted for {days} days, since {since} UTC: {why}",
        days=lasted.days,
        since=f"{incident.since:%Y-%m-%d %H:%M}",
        why=_why(facts),
    )
    return _escalated(incident, facts, why)


def _after_run(incident: Incident, facts: Facts, rules: IncidentRules) -> Step | TrainingRequest | None:
    """What follows a training that handed no model over; `facts.trial` has the model of one that did."""
    run = facts.run
    if run is None or run.end in (RunEnd.NOT_YET, RunEnd.HANDED_OVER):
        return None
    if facts.well:
        return _resolved(incident, facts, Sentence("it is well again; the training ended: {how}", how=_ended(run)))
    if run.end is RunEnd.CRASHED:
        return _another(incident, facts, rules, _ended(run), fresh=0)
    final = run.end is RunEnd.CANCELLED or run.gate in DATA_GATES
    # Unchanged data made no model, so no gate refused one.
    refusals = incident.refusals + (run.end is not RunEnd.UNCHANGED)
    if final or refusals > rules.refusals or incident.attempts >= rules.attempts:
        return _escalated(incident, facts, _ended(run), gate=run.gate)
    why = _waits(_ended(run), rules.fresh_outcomes)
    return _step(replace(incident, refusals=refusals), Status.OPEN, facts, why, gate=run.gate)


def _after_trial(incident: Incident, facts: Facts, rules: IncidentRules) -> Step | TrainingRequest | None:
    trial = facts.trial
    if trial is None:
        return None
    if trial.state is TrialState.ON_TRIAL:
        # A refresh has its say already, so a cause that is well meanwhile needs no end of the comparison.
        well = trial.refresh and facts.well
        how: str = Sentence(
            "it is well while version {version}, a refresh, is mixed with the champion", version=trial.version
        )
        return _resolved(incident, facts, how, version=trial.version) if well else None
    promoted = trial.state is TrialState.PROMOTED
    if facts.well:
        with_it = Sentence("it is well with version {version}", version=facts.champion)
        how = joined([with_it if promoted else Sentence("it is well again meanwhile"), trial.why])
        return _resolved(incident, facts, how, version=trial.version)
    if not facts.bad:
        return None  # no report on the present champion yet
    still = Sentence("with version {version} it is still bad: {why}", version=trial.version, why=_why(facts))
    why = still if promoted else trial.why
    return _another(incident, facts, rules, why)


def _another(
    incident: Incident, facts: Facts, rules: IncidentRules, why: str, *, fresh: int | None = None
) -> Step | TrainingRequest | None:
    """The next training, or a wait for new outcomes, or a person after the last attempt."""
    if incident.attempts >= rules.attempts:
        tried = Sentence(
            "one training did not mend it: {why}",
            many="{number} trainings did not mend it: {why}",
            number=incident.attempts,
            why=why,
        )
        return _escalated(incident, facts, tried)
    fresh = rules.fresh_outcomes if fresh is None else fresh
    missing = incident.asked_at + fresh - facts.outcomes if incident.attempts else 0
    if missing > 0:
        if incident.status is not Status.OPEN:
            return _step(incident, Status.OPEN, facts, _waits(why, missing))
        if facts.at - incident.since < rules.patience:
            return None
        why = Sentence(
            "within {days} days too few outcomes came in to train again: {why}", days=rules.patience.days, why=why
        )
        return _escalated(incident, facts, why)
    if facts.busy:
        return None
    attempt = incident.attempts + 1
    return TrainingRequest(attempt, incident.key(attempt), why)


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
    by_gate = Sentence("{gate} refused it", gate=run.gate)
    who = by_gate if run.gate else ENDS.get(run.end, run.end.value)
    return joined([who, run.why], ": ") if run.why else who


def _waits(why: str, missing: int) -> str:
    again = Sentence(
        "it is trained again once {number} more outcome is in",
        many="it is trained again once {number} more outcomes are in",
        number=missing,
    )
    return joined([why, again])
