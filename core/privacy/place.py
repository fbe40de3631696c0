"""Where a person's records may lie: what every place of erasure offers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from core.schema.person import Person


class Place(Protocol):
    """Where somebody's records may lie. Every method raises Unavailable when it does not answer."""

    @property
    def name(self) -> str:
        """What a receipt calls it by."""
        ...

    def count(self, subject: Subject) -> int:
        """How many records of the subject lie here."""
        ...

    def erase(self, subject: Subject) -> None:
        """Remove them all. May be repeated, and killed and repeated."""
        ...


@dataclass(frozen=True)
class Subject:
    """The person to erase, the receipt, and keyed hashes of the rows that datasets held (`row_fingerprints`)."""

    person: Person
    receipt: str = ""
    traces: frozenset[str] = frozenset()
