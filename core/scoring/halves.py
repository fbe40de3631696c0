"""Columns of rows, where a column whose values are all the same has its value once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from core.stores.mongo import Document

SAME, EACH = "same", "each"


@dataclass(frozen=True)
class Halves:
    """The columns of n rows: a value for all (`same`), or n values (`each`).

    `nested`: the columns of a field that has fields of its own.
    """

    same: Mapping[str, Any]
    each: Mapping[str, Sequence[Any]]
    nested: Mapping[str, Halves] = field(default_factory=dict)

    @classmethod
    def of(cls, columns: Mapping[str, Sequence[Any]], **nested: Mapping[str, Sequence[Any]]) -> Self:
        """The halves of `columns`, and of those of `nested` fields."""
        same = {name: values[0] for name, values in columns.items() if _all_same(values)}
        each = {name: values for name, values in columns.items() if name not in same}
        return cls(same, each, {name: cls.of(theirs) for name, theirs in nested.items()})

    @classmethod
    def of_document(cls, stored: Document) -> Self:
        """What `document` has stored."""
        nested = {name: cls.of_document(theirs) for name, theirs in stored.get("nested", {}).items()}
        return cls(stored[SAME], stored[EACH], nested)

    def document(self, start: int, end: int) -> Document:
        """The rows from `start` up to `end`."""
        made: Document = {SAME: self.same, EACH: {name: values[start:end] for name, values in self.each.items()}}
        if self.nested:
            made["nested"] = {name: theirs.document(start, end) for name, theirs in self.nested.items()}
        return made

    def values(self, name: str, many: int) -> Sequence[Any]:
        """The values of a column in `many` rows; None in each where there is no such column."""
        return self.each[name] if name in self.each else [self.same.get(name)] * many

    def row(self, place: int) -> Document:
        """The row at `place`."""
        row = {**self.same, **{name: values[place] for name, values in self.each.items()}}
        return row | {name: theirs.row(place) for name, theirs in self.nested.items()}


def _all_same(values: Sequence[Any]) -> bool:
    """Whether all are one word, one number of one type, or None; True and 1 and 1.0 are not the same."""
    first = values[0]
    if not isinstance(first, str | int | float | None) or values[-1] != first:
        return False
    if first == 0 and isinstance(first, float):
        return False  # 0.0 and -0.0 are equal
    return values.count(first) == len(values) and len(set(map(type, values))) == 1
