"""The campaign schema: the columns of a record, read from one YAML file and checked.

All code that needs a column (import, data gate, model signature, forms, drift) reads this schema, so another company's
columns need another file and no code.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Self

from pydantic import Field, model_validator

from core.schema import checked_yaml
from core.schema.call_columns import Calendar, CallNumber
from core.schema.checked_yaml import Strict
from core.schema.column import Column, ColumnType, Role, Value
from core.schema.outcome import Outcome
from core.schema.words import Language, Words

RESERVED = "prospect"
FOR_READING = ("decimal", "thousands", "day_first", "region", "note")
"""Keys of a column that say how files are read, or why, and change no model."""
NEWER = ("optional", "blanks", "open", "contact", "zone")
"""Keys of a column that release 0.1 did not know."""


class Schema(Strict):
    """A campaign's columns, in file order, and its outcome."""

    name: str
    title: str
    reference: str | None = None
    outcome: Outcome
    calendar: Calendar | None = None
    calls: CallNumber | None = None
    segments: tuple[str, ...] = ()
    columns: tuple[Column, ...]
    words: dict[Language, Words] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        names = [column.name for column in self.columns]
        if len(set(names)) != len(names):
            raise ValueError("a column name occurs twice")
        if self.outcome.column in names:
            raise ValueError(f"the outcome '{self.outcome.column}' must not be among the columns")
        self._timed()
        if RESERVED in names:
            raise ValueError(f"a column must not be called '{RESERVED}': scoring routes by the key of that name")
        if not self.features:
            raise ValueError("at least one column must be a feature")
        if self.reference in names:
            raise ValueError(f"the reference '{self.reference}' must not be among the columns")
        known = set(names)
        for name in (*self.segments, *sorted(self.of_the_call)):
            if name not in known:
                raise ValueError(f"'{name}' is not a column")
        for one in (self.calendar, self.calls):
            if one is not None:
                one.check(self.in_files)
        self._hand_out_words()
        return self

    def _timed(self) -> None:
        """The time of the call is no feature: nobody knows it before the call."""
        at = self.outcome.at
        if at is None:
            return
        if at in (self.outcome.column, self.reference):
            raise ValueError(f"the outcome's time '{at}' must be a column of its own")
        if any(column.name == at and column.is_feature for column in self.columns):
            raise ValueError(f"the outcome's time '{at}' must not be a feature: it is known only after the call")

    def _hand_out_words(self) -> None:
        for language, words in self.words.items():
            for name, theirs in words.columns.items():
                column = self.by_name.get(name)
                if column is None:
                    raise ValueError(f"words in '{language}': '{name}' is not a column")
                known = {*column.categories, *column.special}
                if unknown := [value for value in (*theirs.categories, *theirs.special) if value not in known]:
                    raise ValueError(f"words in '{language}': column '{name}' has no value {unknown[0]!r} of that kind")
                if strange := [key for key in theirs.reason.values if not column.is_value(key)]:
                    raise ValueError(f"words in '{language}': column '{name}' has no value or group {strange[0]!r}")
                column._words[language] = theirs

    @cached_property
    def features(self) -> tuple[Column, ...]:
        """The columns that a model may read, as it reads them (`Column.as_feature`), in file order."""
        return tuple(column.as_feature() for column in self.recorded)

    @cached_property
    def recorded(self) -> tuple[Column, ...]:
        """The same columns as a person's document keeps them (`core.schema.as_of` makes the one of the other)."""
        return tuple(column for column in self.columns if column.is_feature)

    @cached_property
    def dates(self) -> tuple[Column, ...]:
        """Those of `recorded` that are dates."""
        return tuple(column for column in self.recorded if column.type is ColumnType.DATE)

    @cached_property
    def of_the_call(self) -> frozenset[str]:
        """Names of the features whose value is the call's own: month, weekday and the number of calls."""
        return frozenset(
            (*(self.calendar.columns if self.calendar else ()), *([self.calls.column] if self.calls else []))
        )

    @cached_property
    def details(self) -> tuple[Column, ...]:
        """The columns that are shown to people and are no features: free text, further keys, what the model omits."""
        return tuple(column for column in self.columns if column.role in (Role.PEOPLE_ONLY, Role.REFERENCE))

    @cached_property
    def contacts(self) -> tuple[Column, ...]:
        """The columns that say how to reach a person; they are kept apart from everything else."""
        return tuple(column for column in self.columns if column.role is Role.CONTACT)

    @cached_property
    def feature_names(self) -> list[str]:
        """Names of `features`, in the same order."""
        return [column.name for column in self.features]

    @cached_property
    def by_name(self) -> Mapping[str, Column]:
        """Columns by their name, features as a model reads them."""
        return {column.name: column.as_feature() for column in self.columns}

    @cached_property
    def in_files(self) -> Mapping[str, Column]:
        """Columns by their name, as files and a person's document have them."""
        return {column.name: column for column in self.columns}

    @property
    def segment_columns(self) -> tuple[Column, ...]:
        """The segments, without numbers that have no bounds: those make no groups."""
        return tuple(column for name in self.segments if (column := self.by_name[name]).is_grouped)

    def groups_of(self, record: Mapping[str, Value]) -> dict[str, str]:
        """The group of `record` in each segment."""
        return {column.name: column.group(record[column.name]) for column in self.segment_columns}

    def known_groups_of(self, features: Mapping[str, Value]) -> dict[str, str]:
        """The group of a person by segment, as a call records it: without segments whose value is unknown."""
        known = {c.name: features[c.name] for c in self.segment_columns if "." not in c.name and c.name in features}
        return {name: self.by_name[name].group(value) for name, value in known.items()}

    @cached_property
    def hash(self) -> str:
        """The sha256 of the content, for every model's lineage; it ignores layout and comments.

        The wording of reasons, other languages, the column with the time of a call and words for no outcome do not
        count: they do not change a model.
        """
        content = self.model_dump(
            mode="json", exclude={"words": True, "columns": {"__all__": {"reason"}}, "outcome": {"at", "undecided"}}
        )
        if self.calls is None:  # as with the newer keys of a column, below
            del content["calls"]
        for column in content["columns"]:
            for key in FOR_READING:
                del column[key]
            # A kind that uses none of the newer keys keeps the hash that its models were registered with.
            for key in NEWER:
                if column[key] in (Column.model_fields[key].default, []):
                    del column[key]
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def read_schema(path: Path) -> Schema:
    """The schema in the YAML file at `path`. Raises SchemaError naming what is wrong."""
    return checked_yaml.read(path, Schema, "campaign schema")
