"""The life of a loop: its trainings and reports, and spans of time, as trials and incidents from open to resolved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from core.models.decisions import Decision, DecisionKind
from monitor.incidents.facts import Finding, Run, Trial, TrialState
from monitor.incidents.lifecycle import Entry, Incident, Status

TRIALS = "trials"
PROMOTED, ROLLED_BACK, NO_VERDICT = "promoted", "rolled back", "no verdict"
RESOLVED, ESCALATED, GOING_ON = "resolved", "escalated", "going on"


@dataclass(frozen=True)
class Training:
    """The time of a training, its reason, and its end."""

    at: datetime
    why: str
    run: Run


@dataclass(frozen=True)
class Report:
    """A report: when it was made, on what (`drift` or `quality`), and what it found."""

    at: datetime
    cause: str
    finding: Finding


@dataclass(frozen=True)
class Span:
    """Something that lasted: its lane, its start, its end (None: not over), and what became of it."""

    lane: str
    start: datetime
    end: datetime | None
    became: str


def trials(decisions: Sequence[Decision]) -> list[Span]:
    """The trials among a loop's decisions, in their order."""
    found: list[Span] = []
    started: Decision | None = None
    for one in decisions:
        if one.what is DecisionKind.ON_TRIAL:
            started = one
        elif started is not None and one.version == started.version:
            dropped = ROLLED_BACK if "roll back" in one.why else NO_VERDICT
            found.append(Span(TRIALS, started.at, one.at, PROMOTED if one.what is DecisionKind.PROMOTED else dropped))
            started = None
    return [*found, Span(TRIALS, started.at, None, GOING_ON)] if started is not None else found


def incidents(history: Sequence[tuple[str, Entry]]) -> list[Span]:
    """Each incident from its first entry to its resolution, in the order of opening; each cause has a lane."""
    entries: dict[str, list[Entry]] = {}
    for incident, entry in history:
        entries.setdefault(incident, []).append(entry)
    found = []
    for incident, steps in entries.items():
        escalated = any(step.status is Status.ESCALATED for step in steps)
        over = steps[-1].status is Status.RESOLVED
        became = ESCALATED if escalated else RESOLVED if over else GOING_ON
        found.append(Span(incident.split(":")[0], steps[0].at, steps[-1].at if over else None, became))
    return found


def trial_of(incident: Incident, decisions: Sequence[Decision], canary: str | None, *, tried: bool) -> Trial | None:
    """What became of the model that was trained for `incident`, by the `decisions` so far; None before there is one.

    `canary` is the version on trial; `tried`: whether models go on trial at all.
    """
    made = [one for one in decisions if one.incident == incident.id and one.what is not DecisionKind.DROPPED]
    made = [one for one in made if one.version not in incident.earlier]
    version = incident.version or (made[-1].version if made else None)
    if version is None:
        return None
    last = [one for one in decisions if one.version == version][-1]
    if canary == version:
        return Trial(version, TrialState.ON_TRIAL, last.why)
    end = TrialState.PROMOTED if last.what is DecisionKind.PROMOTED else TrialState.ENDED
    return Trial(version, end, last.why, tried=tried)
