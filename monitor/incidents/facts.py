"""The facts behind an incident's next step: the newest judgement of its cause, its last training, and its model."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Self

from core.settings.loop import IncidentSettings


class RunEnd(StrEnum):
    """The end of a training. `HANDED_OVER`: its model is on trial or in use."""

    NOT_YET = "not yet"
    HANDED_OVER = "handed over"
    UNCHANGED = "unchanged"
    REFUSED = "refused"
    CRASHED = "crashed"
    CANCELLED = "cancelled"


class TrialState(StrEnum):
    """What became of a model. `ON_TRIAL`: also a refresh that waits for its list or is mixed with the champion.

    `ENDED`: dropped, replaced on trial by another, left out, or rolled back.
    """

    ON_TRIAL = "on trial"
    PROMOTED = "promoted"
    ENDED = "ended"


@dataclass(frozen=True)
class IncidentRules:
    """When to train again, and when to call for a person.

    `attempts`: trainings at most. `refusals`: how many refusals by a gate that judges models get a later training;
    unchanged data always get one. `fresh_outcomes`: new outcomes that the next training needs (after a crash none,
    because nothing was learnt). `patience`: how long to wait for them, and how long a cause that no training mends may
    stay bad.
    """

    attempts: int = 3
    refusals: int = 1
    fresh_outcomes: int = 200
    patience: timedelta = timedelta(days=14)

    @classmethod
    def from_settings(cls, settings: IncidentSettings) -> Self:
        """The rules that `settings` name."""
        return cls(
            attempts=settings.callwise_incident_attempts,
            fresh_outcomes=settings.callwise_incident_outcomes,
            patience=timedelta(days=settings.callwise_incident_days),
        )


@dataclass(frozen=True)
class Finding:
    """The newest judgement of a cause. `version`: the model it is about, or ""."""

    bad: bool
    report: str
    version: str
    why: str


@dataclass(frozen=True)
class Run:
    """The last training of an incident."""

    end: RunEnd
    why: str = ""
    gate: str = ""


@dataclass(frozen=True)
class Trial:
    """The version that the incident's training made.

    `tried`: it went on trial, not straight into use. `refresh`: it has the champion's recipe and is mixed with it.
    """

    version: str
    state: TrialState
    why: str
    tried: bool = True
    refresh: bool = False


@dataclass(frozen=True)
class Facts:
    """The facts at the moment `at`.

    `outcomes`: their number. `busy`: another training runs or waits, another canary is on trial, or a hold is in force.
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
        """Whether the finding is about the present champion, or about no model."""
        return self.finding is not None and self.finding.version in ("", self.champion)

    @property
    def well(self) -> bool:
        """Whether the cause is known to be well."""
        return self.judged and self.finding is not None and not self.finding.bad

    @property
    def bad(self) -> bool:
        """Whether the cause is known to be bad."""
        return self.judged and self.finding is not None and self.finding.bad
