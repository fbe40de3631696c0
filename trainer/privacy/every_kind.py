"""A place of erasure in all campaign kinds: one name on the receipt for the calls, the datasets, … of every kind."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Self

from core.privacy.place import Place, Subject
from core.schema.person import Person

MayHold = Callable[[Person], bool]
"""Whether a kind may hold a person. A number of a row in one kind is nobody in another."""


@dataclass(frozen=True)
class EveryKind:
    """The places of one `name`, each with whether its kind may hold somebody."""

    name: str
    parts: Sequence[tuple[MayHold, Place]]

    def count(self, subject: Subject) -> int:
        """How many records of the subject all kinds hold. Raises Unavailable."""
        return sum(place.count(subject) for may_hold, place in self.parts if may_hold(subject.person))

    def erase(self, subject: Subject) -> None:
        """Remove them from every kind; safe to interrupt and to repeat. Raises Unavailable."""
        for may_hold, place in self.parts:
            if may_hold(subject.person):
                place.erase(subject)

    @classmethod
    def places(cls, parts: Sequence[tuple[MayHold, Place]]) -> list[Self]:
        """`parts` by the names of their places, in the order of the first kind's."""
        names = list(dict.fromkeys(place.name for _, place in parts))
        return [cls(name, [part for part in parts if part[1].name == name]) for name in names]
