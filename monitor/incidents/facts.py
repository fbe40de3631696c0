"""What an incident's next step rests on: the cause as last judged, the training that was asked for, and its model."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class RunEnd(StrEnum):
    """What became of a training that was asked for. `HANDED_OVER`: its model is on trial or in use."""

    NOT_YET = "not yet"
    HANDED_OVER = "handed over"
    UNCHANGED = "unchanged"
    REFUSED = "refused"
    CRASHED = "crashed"
    CANCELLED = "cancelled"


class TrialState(StrEnum):
    """What became of the model. `ENDED`: dropped, replaced on trial by another, or rolled back."""

    ON_TRIAL = "on trial"
    PROMOTED = "promoted"
    ENDED = "ended"


@dataclass(frozen=True)
class IncidentRules:
    """When to try again, and when to call for a person.

    `attempts`: trainings asked for at most. `refusals`: how often a refusal by a gate that judges models is answered by
    a later training; unchanged data always are. `fresh_outcomes`: outcomes that must have come in before another
    training is worth asking for (after a crash none: nothing was learnt from). `patience`: how long those are waited
    for, and how long a cause that no training mends may stay bad.
    """

    attempts: int = 3
    refusals: int = 1
    fresh_outcomes: int = 200
    patience: timedelta = timedelta(days=14)


@dataclass(frozen=True)
class Finding:
    """The newest judgement of a cause. `version`: the model it is about, "" where it is about none."""

    bad: bool
    report: str
    version: str
    why: str


@dataclass(frozen=True)
class Run:
    """The training that was asked for last."""

    end: RunEnd
    why: str = ""
    gate: str = ""


@dataclass(frozen=True)
class Trial:
    """The version that the incident's training made. `tried`: it was put on trial, not straight into use."""

    version: str
    state: TrialState
    why: str
    tried: bool = True


@dataclass(frozen=True)
class Facts:
    """What is known at the moment `at`.

    `outcomes`: how many there are. `busy`: another training runs or waits, another's canary is on trial, or the line
    is held.
    """

    at: datetime
    finding: Finding | None
    champion: str | None
    outcomes: int
    busy: bool = False
    run: Run | None = None
    trial: Trial | None = None

    @property
    def judged(self) -> bool:
        """Whether the finding is about the champion of now, or about no model at all."""
        return self.finding is not None and self.finding.version in ("", self.champion)

    @property
    def well(self) -> bool:
        """Whether the cause is known to be well."""
        return self.judged and self.finding is not None and not self.finding.bad

    @property
    def bad(self) -> bool:
        """Whether the cause is known to be bad."""
        return self.judged and self.finding is not None and self.finding.bad
