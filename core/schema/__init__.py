"""The campaign schema: the columns of a record, read from one YAML file and checked.

All code that needs a column (import, data gate, model signature, forms, drift) reads this schema, so another company's
columns need another file and no code.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Self

from pydantic import Field, model_validator

from core.schema import checked_yaml
from core.schema.calendar import MONTHS, WEEKDAYS, CampaignCalendar
from core.schema.column import Column, Strict, Value
from core.schema.words import Language, Words
from core.sentences import Sentence

RESERVED = "prospect"


class Outcome(Strict):
    """The column that holds the outcome of a call."""

    column: str
    positive: str
    negative: str
    label: str

    def parse(self, raw: Any) -> bool | None:
        """True for a sale, False for a refusal, None for an empty cell. Raises ValueError with the rule, a Sentence."""
        text = "" if raw is None or (isinstance(raw, float) and math.isnan(raw)) else str(raw).strip()
        if not text:
            return None
        if text not in (self.positive, self.negative):
            raise ValueError(
                Sentence(
                    "{value} is not one of {positive}, {negative}, or empty",
                    value=repr(text),
                    positive=self.positive,
                    negative=self.negative,
                )
            )
        return text == self.positive


class Calendar(Strict):
    """For files in time order that hold only month, weekday or both; `start` is the first call's month, `YYYY-MM`."""

    month: str | None = None
    weekday: str | None = None
    start: str = Field(pattern=r"^\d{4}-(0[1-9]|1[0-2])$")

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that say when a call was made."""
        return tuple(name for name in (self.month, self.weekday) if name)

    def moment(self, calendar: CampaignCalendar, row: Mapping[str, Any]) -> datetime:
        """The moment that `calendar`, which has seen the rows before it, gives the call of `row`.

        Raises ValueError or OverflowError where the rows go on past the last year there is.
        """
        if self.month:
            return calendar.at(str(row[self.month]))
        return calendar.on(str(row[self.weekday or ""]))

    @model_validator(mode="after")
    def _named(self) -> Self:
        if not self.columns:
            raise ValueError("a calendar names a column: month, weekday or both; without one leave it out")
        return self


class Schema(Strict):
    """A campaign's columns, in file order, and its outcome."""

    name: str
    title: str
    reference: str | None = None
    outcome: Outcome
    calendar: Calendar | None = None
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
        if RESERVED in names:
            raise ValueError(f"a column must not be called '{RESERVED}': scoring routes by the key of that name")
        if not self.features:
            raise ValueError("at least one column must be a feature")
        known = set(names)
        for name in (*self.segments, *(self.calendar.columns if self.calendar else ())):
            if name not in known:
                raise ValueError(f"'{name}' is not a column")
        self._readable()
        self._hand_out_words()
        return self

    def _readable(self) -> None:
        """A calendar's columns hold words that a date can be made of."""
        if self.calendar is None:
            return
        for name, known in ((self.calendar.month, MONTHS), (self.calendar.weekday, WEEKDAYS)):
            column = self.by_name[name] if name else None
            if column is None:
                continue
            if not column.is_feature:
                raise ValueError(f"the calendar's '{name}' must be known before the call")
            if not column.is_category or not set(column.categories) <= set(known):
                raise ValueError(f"the calendar's '{name}' must be a category of {', '.join(known)}")

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
        """The columns that a model may read, in file order."""
        return tuple(column for column in self.columns if column.is_feature)

    @cached_property
    def feature_names(self) -> list[str]:
        """Names of `features`, in the same order."""
        return [column.name for column in self.features]

    @cached_property
    def by_name(self) -> Mapping[str, Column]:
        """Columns by their name."""
        return {column.name: column for column in self.columns}

    @property
    def segment_columns(self) -> tuple[Column, ...]:
        """The segments, without numbers that have no bounds: those make no groups."""
        return tuple(column for name in self.segments if (column := self.by_name[name]).is_grouped)

    def groups_of(self, record: Mapping[str, Value]) -> dict[str, str]:
        """The group of `record` in each segment."""
        return {column.name: column.group(record[column.name]) for column in self.segment_columns}

    @cached_property
    def hash(self) -> str:
        """The sha256 of the content, for every model's lineage; it ignores layout and comments.

        The wording of reasons and other languages do not count: they do not change a model.
        """
        content = self.model_dump(mode="json", exclude={"words": True, "columns": {"__all__": {"reason"}}})
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def read_schema(path: Path) -> Schema:
    """The schema in the YAML file at `path`. Raises SchemaError naming what is wrong."""
    return checked_yaml.read(path, Schema, "campaign schema")
