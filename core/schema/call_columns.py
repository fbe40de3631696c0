"""The columns whose value is the call's own: its month, its weekday, and which call to the person it is."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from core.schema.calendar import MONTHS, WEEKDAYS, CampaignCalendar
from core.schema.checked_yaml import Strict
from core.schema.column import Column, ColumnType, Value


class Calendar(Strict):
    """The columns with the month and the weekday of a call.

    For files in time order that hold nothing else of the time, `start` is the first call's month, `YYYY-MM`.
    """

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

    def words(self, at: datetime, columns: Mapping[str, Column]) -> dict[str, str]:
        """The values of the `columns` for a call at `at`, in UTC.

        On a day that the columns have no word for, such as a Saturday in a kind whose team calls from Monday to Friday,
        they are those of the next day that they have words for: the list is called then.
        """
        day = at.astimezone(UTC).date()
        while True:
            words = {}
            if self.month:
                words[self.month] = MONTHS[day.month - 1]
            if self.weekday:
                words[self.weekday] = WEEKDAYS[day.weekday()]
            if all(word in columns[name].categories for name, word in words.items()):
                return words
            day += timedelta(days=1)

    def check(self, columns: Mapping[str, Column]) -> None:
        """Raise ValueError unless the calendar's `columns` hold words that a date can be made of."""
        for name, known in ((self.month, MONTHS), (self.weekday, WEEKDAYS)):
            column = columns[name] if name else None
            if column is None:
                continue
            if column.open or column.optional:
                raise ValueError(f"the calendar's '{name}' can be neither open nor optional")
            if not column.is_feature:
                raise ValueError(f"the calendar's '{name}' must be known before the call")
            if not column.is_category or not set(column.categories) <= set(known):
                raise ValueError(f"the calendar's '{name}' must be a category of {', '.join(known)}")

    @model_validator(mode="after")
    def _named(self) -> Self:
        if not self.columns:
            raise ValueError("a calendar names a column: month, weekday or both; without one leave it out")
        return self


class CallNumber(Strict):
    """The column that counts the calls to a person in this campaign.

    `first` is its value at the first call: 1 where it counts the call that is being made, 0 where it counts those
    before.
    """

    column: str
    first: Literal[0, 1]

    def at_call(self, recorded: Value, calls: int, columns: Mapping[str, Column]) -> int:
        """The column's value at a call that comes after `calls` calls which the value `recorded` does not count.

        `recorded`, the file's value for somebody who is to be called, is the value at the next call: with first 1 a 3
        means that two calls had been made. A blank, or less than `first`, means that none had been made. The column's
        maximum is never exceeded: no model could be asked with more.
        """
        number = max(self.first, int(recorded) if isinstance(recorded, int | float) else self.first) + calls
        most = columns[self.column].maximum
        return number if most is None else min(number, int(most))

    def check(self, columns: Mapping[str, Column]) -> None:
        """Raise ValueError unless the column can hold the number of calls."""
        name, column = self.column, columns[self.column]
        if not column.is_feature:
            raise ValueError(f"the number of calls '{name}' must be known before the call")
        if column.type is not ColumnType.INTEGER:
            raise ValueError(f"the number of calls '{name}' must be a whole number, of type integer")
        if column.special:
            raise ValueError(f"the number of calls '{name}' can have no special values: a code is no number of calls")
        try:
            column.number(float(self.first))
        except ValueError:
            raise ValueError(f"the number of calls '{name}' cannot be {self.first}, its value at the first") from None
