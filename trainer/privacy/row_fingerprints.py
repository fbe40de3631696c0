"""Recognises a person's rows where they carry no key: in the rows beside a registered model.

Such a row has features and no name. The keyed hash of its values, its trace, identifies it, and is taken from the
dataset rows before these are removed. A model's proof also holds rows of people with one category changed, or one
number blanked, so each of these is also left out of a hash. Another person with the same values leaves the same trace;
then a figure loses one more of several thousand rows.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from typing import Any

from core.schema import Schema
from core.schema.person import Pseudonyms


class RowFingerprints:
    """The traces of rows under `schema`, with the key of `Pseudonyms`."""

    def __init__(self, pseudonyms: Pseudonyms, schema: Schema) -> None:
        self._pseudonyms = pseudonyms
        self._names = [column.name for column in schema.features]
        self._categories = [column.name for column in schema.features if column.is_category or column.optional]

    def of_row(self, row: Mapping[str, Any]) -> set[str]:
        """The row's own trace, and one for each category that may be changed; under each key."""
        return {trace for name in ("", *self._categories) for trace in self._traces(row, name)}

    def of_all(self, rows: Iterable[Mapping[str, Any]]) -> frozenset[str]:
        """The traces of all `rows`."""
        return frozenset().union(*(self.of_row(row) for row in rows))

    def is_row(self, row: Mapping[str, Any], traces: frozenset[str]) -> bool:
        """Whether `row` left one of `traces`."""
        return not traces.isdisjoint(self._traces(row, ""))

    def is_made_from(self, row: Mapping[str, Any], traces: frozenset[str]) -> bool:
        """Whether `row` left one of `traces`, as it is or with one category changed."""
        return not traces.isdisjoint(self.of_row(row))

    def _traces(self, row: Mapping[str, Any], without: str) -> list[str]:
        values = [without, *(_plain(row.get(name)) for name in self._names if name != without)]
        return self._pseudonyms.digests(json.dumps(values))


def _plain(value: Any) -> Any:
    """One form for a number that is stored as integer or float; an empty cell is None."""
    if value is None or isinstance(value, str):
        return value
    number = float(value)
    return None if math.isnan(number) else number
