"""The scoring service's spool as a place: a person's predictions may wait on that service's own disk.

No other service opens the spool. The scoring service reads who is being erased, removes them itself, and lists the
requests that it has finished (`forgotten` in its state). Erasure waits for that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from core.errors import Unavailable
from core.privacy.place import Subject


class Scoring(Protocol):
    """The scoring service; `core.scoring.client.ScoringClient` is the real one."""

    def state(self) -> Mapping[str, str | int | float]:
        """The state that the service reports. Raises Unavailable."""
        ...


@dataclass(frozen=True)
class Spool:
    """The spool as a place: without the subject once the service reports so."""

    scoring: Scoring
    name: str = "spool"

    def count(self, subject: Subject) -> int:
        """0, once the service has searched its spool. Raises Unavailable until then."""
        if subject.receipt not in str(self.scoring.state()["forgotten"]).split(","):
            raise Unavailable(
                "The scoring service has not searched its spool yet.",
                kept="Other places stay erased.",
                next="It searches every few seconds; if this persists, read the log of the mlserver service.",
            )
        return 0

    def erase(self, subject: Subject) -> None:
        """Nothing: the service erases in its spool itself."""
