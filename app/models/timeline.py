"""The decisions about the models as the page Models shows them: who was what from when to when, and what caused it.

Pure: no screen, no database.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from core.models.decisions import Decision, State, What
from core.stores.mongo import Document

MACHINES = frozenset({"trainer", "monitor"})
Role = Literal["champion", "on trial", "on hold"]


@dataclass(frozen=True)
class Span:
    """What `version` was, from one moment to another (None: still)."""

    version: str
    role: Role
    since: datetime
    until: datetime | None


def spans(decisions: Sequence[Decision]) -> list[Span]:
    """Every reign, trial and hold that the decisions add up to, in the order in which they began."""
    found: list[Span] = []
    begun: dict[Role, tuple[str, datetime]] = {}
    state = State()
    for decision in decisions:
        state = state.after(decision)
        held = state.hold.version if state.hold else None
        roles: dict[Role, str | None] = {"champion": state.champion, "on trial": state.canary, "on hold": held}
        for role, version in roles.items():
            before = begun.get(role)
            if before is not None and before[0] == version:
                continue
            if before is not None:
                found.append(Span(before[0], role, before[1], decision.at))
                del begun[role]
            if version is not None:
                begun[role] = (version, decision.at)
    found += [Span(version, role, since, None) for role, (version, since) in begun.items()]
    return sorted(found, key=lambda span: span.since)


@dataclass(frozen=True)
class Training:
    """The flow run that made a version, and why it was asked for."""

    run: str
    reason: str
    incident: str | None


def trainings(ended: Sequence[Document]) -> dict[str, Training]:
    """The trainings by the version they made, of events that say how one ended."""
    found: dict[str, Training] = {}
    for event in ended:
        details = event["details"]
        if details.get("version") and details.get("result") != "unchanged":
            training = Training(str(event["subject"]), str(details.get("reason") or ""), details.get("incident"))
            found.setdefault(str(details["version"]), training)
    return found


Cause = Literal["person", "incident", "schedule", "outcomes", "asked"]


def cause(decision: Decision, training: Training | None) -> Cause:
    """What lies behind a decision: a person who took it, or what the training was asked for that made the version."""
    if decision.by not in MACHINES:
        return "person"
    if decision.incident or (training and training.incident):
        return "incident"
    reason = training.reason if training else ""
    if reason.startswith("on schedule"):
        return "schedule"
    return "outcomes" if reason.startswith("enough new outcomes") else "asked"


def cause_of(incident: str) -> str:
    """The cause in an incident's key: `drift`, or with a series, `economy:euribor3m`."""
    kind, *rest = incident.split(":")
    return f"{kind}:{rest[0]}" if kind == "economy" and rest else kind


def evidence(decisions: Sequence[Decision], version: str) -> Mapping[str, Any]:
    """The figures that the trial of `version` ended with; empty where it ended by a guardrail, or had none."""
    ends = [one for one in decisions if one.version == version and one.what in (What.PROMOTED, What.DROPPED)]
    return next((one.evidence for one in reversed(ends) if "score" in one.evidence), {})
