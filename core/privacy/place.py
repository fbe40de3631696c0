"""What every place of erasure offers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from core.schema.person import Person


class Place(Protocol):
    """Where a person's records may be stored. Every method raises Unavailable."""

    @property
    def name(self) -> str:
        """The place's name in a receipt."""
        ...

    def count(self, subject: Subject) -> int:
        """How many records of the subject are stored here."""
        ...

    def erase(self, subject: Subject) -> None:
        """Remove all records of the subject; safe to interrupt and to repeat."""
        ...


@dataclass(frozen=True)
class Subject:
    """The person to erase, the receipt, and keyed hashes of the person's rows in datasets (`row_fingerprints`)."""

    person: Person
    receipt: str = ""
    traces: frozenset[str] = frozenset()
