"""The life of a loop: its trainings and reports, and spans of time, as trials and incidents from open to resolved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from core.models.decisions import Decision, DecisionKind
from monitor.incidents.facts import Finding, Run
from monitor.incidents.lifecycle import Entry, Status

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
