"""The decisions about models as time spans and causes, for the page Models. Pure: no screen, no database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from core.models.decisions import Decision, DecisionKind, SuccessionState
from core.stores.mongo import Document

MACHINES = frozenset({"trainer", "monitor"})
Role = Literal["champion", "mixed in", "on trial", "on hold"]


@dataclass(frozen=True)
class Span:
    """The role of `version` from one moment to another (None: still)."""

    version: str
    role: Role
    since: datetime
    until: datetime | None


def spans(decisions: Sequence[Decision]) -> list[Span]:
    """Every reign, mixture, trial and hold that follows from the decisions, in the order in which they began."""
    ended: list[Span] = []
    begun: dict[Role, tuple[str, datetime]] = {}
    state = SuccessionState()
    for decision in decisions:
        state = state.after(decision)
        held = state.hold.version if state.hold else None
        roles: dict[Role, str | None] = {
            "champion": state.champion,
            "mixed in": state.refresh,
            "on trial": state.canary,
            "on hold": held,
        }
        for role, version in roles.items():
            before = begun.get(role)
            if before is not None and before[0] == version:
                continue
            if before is not None:
                ended.append(Span(before[0], role, before[1], decision.at))
                del begun[role]
            if version is not None:
                begun[role] = (version, decision.at)
    lasting = [Span(version, role, since, None) for role, (version, since) in begun.items()]
    return sorted([*ended, *lasting], key=lambda span: span.since)


@dataclass(frozen=True)
class Training:
    """The flow run that made a version, and the reason and incident for which it started."""

    run: str
    reason: str
    incident: str | None


def trainings(ended: Sequence[Document]) -> dict[str, Training]:
    """The trainings by the version that each made, from the events `ended` of trainings."""
    made: dict[str, Training] = {}
    for event in ended:
        details = event["details"]
        if details.get("version") and details.get("result") != "unchanged":
            training = Training(str(event["subject"]), str(details.get("reason") or ""), details.get("incident"))
            made.setdefault(str(details["version"]), training)
    return made


ENDS_OF_TRIAL = (DecisionKind.PROMOTED, DecisionKind.DROPPED, DecisionKind.REFRESHED)
OF_OUTCOMES = (DecisionKind.MIXED, DecisionKind.RENEWED, DecisionKind.LEFT_OUT)
Cause = Literal["person", "incident", "schedule", "outcomes", "asked"]


def cause(decision: Decision, training: Training | None) -> Cause:
    """The cause of a decision: the person who took it, or the cause of the training that made the version."""
    if decision.by not in MACHINES:
        return "person"
    if decision.incident or (training and training.incident):
        return "incident"
    reason = training.reason if training else ""
    if reason.startswith("on schedule"):
        return "schedule"
    if decision.what in OF_OUTCOMES or reason.startswith("enough new outcomes"):
        return "outcomes"
    return "asked"


def cause_of(incident: str) -> str:
    """The cause in an incident's key: `drift`, or with a series, `economy:euribor3m`."""
    kind, *rest = incident.split(":")
    return f"{kind}:{rest[0]}" if kind == "economy" and rest else kind


def trial_evidence(decisions: Sequence[Decision], version: str) -> Mapping[str, Any]:
    """The figures at the end of the trial of `version`; empty where a guardrail ended it, or there was no trial."""
    ends = [end for end in decisions if end.version == version and end.what in ENDS_OF_TRIAL]
    return next((end.evidence for end in reversed(ends) if "score" in end.evidence), {})
