"""An import as the log has it: its key, its state, and what the file is for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from core.errors import CallwiseError

STOPPED_AFTER = timedelta(seconds=90)
"""Time without an update after which an import counts as stopped. Its longest steps are one batch, and counting the
rows of a large file."""


class State(StrEnum):
    """The state of an import."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    STOPPED = "stopped"  # its process ended without an update of the log
    UNDOING = "undoing"
    UNDONE = "undone"


ENDED = (State.DONE, State.UNDONE)
"""The states after which the same file is a new import."""


class Kind(StrEnum):
    """What a file is for."""

    PEOPLE = "people"
    WITHDRAWAL = "withdrawal"
    NUMBERS = "numbers"  # wishes not to be called
    REGISTER = "register"


class Cancelled(CallwiseError):
    """A person ended the import, or began it again."""


@dataclass(frozen=True)
class Entry:
    """An import as read at the moment `at`."""

    document: Mapping[str, Any]
    at: datetime

    @property
    def key(self) -> str:
        """The key in the log."""
        return str(self.document["_id"])

    @property
    def campaign(self) -> str:
        """The key of the campaign that the file goes to."""
        return str(self.document["campaign"])

    @property
    def kind(self) -> Kind:
        """What the file is for."""
        return Kind(self.document.get("kind") or Kind.PEOPLE)

    @property
    def state(self) -> State:
        """The state; a running import without an update for `STOPPED_AFTER` has stopped."""
        state = State(self.document["state"])
        silent = self.at - self.document["times"]["heard"] > STOPPED_AFTER
        return State.STOPPED if state is State.RUNNING and silent else state

    @property
    def begun(self) -> datetime:
        """When the first try began."""
        begun: datetime = self.document["times"]["begun"]
        return begun

    @property
    def is_fresh(self) -> bool:
        """Whether the import ended within the last hour."""
        ended = self.document["times"].get("ended")
        return ended is not None and self.at - ended < timedelta(hours=1)


def number(place: str) -> int:
    """The number of an entry among those of its file, from 1."""
    return int(place.rpartition(":")[2].partition("-")[2] or 1)
