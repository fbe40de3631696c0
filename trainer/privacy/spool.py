"""The scoring service's spool, as a place where a person's predictions may wait: on that service's own disk.

Nobody else opens it. The service reads who is being erased, takes them out by itself, and says for which requests it
has looked (`forgotten` in its state); that is waited for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from core.errors import Unavailable
from core.privacy.place import Subject


class Scoring(Protocol):
    """What is asked; `core.scoring.client.ScoringClient` is the real one."""

    def state(self) -> Mapping[str, str | int | float]:
        """What the service says of itself. Raises Unavailable."""
        ...


@dataclass(frozen=True)
class Spool:
    """The spool as a place: empty of the subject once the service says so."""

    scoring: Scoring
    name: str = "spool"

    def count(self, subject: Subject) -> int:
        """0, once the service has looked. Raises Unavailable until then."""
        if subject.receipt not in str(self.scoring.state()["forgotten"]).split(","):
            raise Unavailable(
                "The scoring service has not looked through its spool yet.",
                kept="What was removed elsewhere is.",
                next="It looks every few seconds; if this persists, look at the log of the mlserver service.",
            )
        return 0

    def erase(self, subject: Subject) -> None:
        """Nothing: the service does it."""
