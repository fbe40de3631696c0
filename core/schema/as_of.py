"""What a model reads of a person at a call: the values that were known then.

- The columns of the call (`Schema.of_the_call`) are those of the call: its month, its weekday, and its number.
- A date becomes the days that have passed until then.
- An optional column that nobody has given a value is blank: the file lacked it, or the kind has gained it since.

Ranking, training, the screens and the replay use this one function, so a model learns with the values that it is asked
with. The economy's indicators are apart (`core.schema.economy`); who is called, and how often, is known to
`core.lists.call_values`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from core.schema import Schema
from core.schema.column import BLANK, Value
from core.schema.dates import days_before

ANY_DAY = "any day"


def as_of(schema: Schema, recorded: Mapping[str, Value], at: datetime, *, calls: int | None) -> dict[str, Value]:
    """The values of `schema.features` for a call at the moment `at`, from those of `schema.recorded`.

    `calls`: how many calls were made to the person before it that `recorded` does not count. None for a call that a
    file reports: month, weekday and number in its row are the call's already, and stay. Other keys stay as they are,
    and so does a date that is a number of days already.
    """
    values = dict(recorded) if calls is None else {**recorded, **of_the_call(schema, recorded, at, calls)}
    for column in schema.recorded:
        if column.optional and column.name not in values:
            values[column.name] = BLANK if column.is_category else None
    for column in schema.dates:
        kept = values.get(column.name)
        if isinstance(kept, str):
            values[column.name] = days_before(kept, at)
    return values


def of_the_call(schema: Schema, recorded: Mapping[str, Value], at: datetime, calls: int) -> dict[str, Value]:
    """The values of the columns `Schema.of_the_call`, as `as_of` has them."""
    values: dict[str, Value] = {}
    if schema.calendar:
        values |= schema.calendar.words(at, schema.in_files)
    if schema.calls:
        values[schema.calls.column] = schema.calls.at_call(recorded.get(schema.calls.column), calls, schema.in_files)
    return values


def day_of_call(schema: Schema, at: datetime) -> str | None:
    """A short text that differs where the call's month or weekday do; None where no column is the call's own."""
    if not schema.of_the_call:
        return None
    return " ".join(schema.calendar.words(at, schema.in_files).values()) if schema.calendar else ANY_DAY
