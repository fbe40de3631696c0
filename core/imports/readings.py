"""How the numbers and dates of a file's columns are read: as chosen, as all their values show, or asked.

Where the values of a column do not tell, the column's own rule may: `4,857` is no interest rate of 4857. Else the other
columns of the file tell, because one program wrote them. Else the kind's default holds. Else somebody has to choose,
because a number must never be read as another one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

from core.files.campaign_file import CampaignFile
from core.files.evidence import evidence
from core.schema import Schema
from core.schema.column import Column, ColumnType, Role
from core.values.dates import DateEvidence, DateReading
from core.values.numbers import MOSTLY, NumberEvidence, NumberReading


class Evidence(Protocol):
    """What the cells of a column show of their numbers and dates."""

    numbers: NumberEvidence
    dates: DateEvidence


@dataclass(frozen=True)
class Readings:
    """The readings by the schema's column, and the columns that are `asked`: their values can be read in two ways."""

    numbers: Mapping[str, NumberReading] = field(default_factory=dict)
    dates: Mapping[str, DateReading] = field(default_factory=dict)
    asked: tuple[str, ...] = ()


def is_number(column: Column) -> bool:
    """Whether the column's values are numbers in a file."""
    return str(column.type) in ("integer", "number")


def is_date(column: Column) -> bool:
    """Whether the column's values are dates in a file."""
    return str(column.type) == "date"


def column_of(schema: Schema, name: str) -> Column | None:
    """The schema's column; for the time of the outcome a column of dates."""
    if name == schema.outcome.at:
        return Column(name=name, label=name, type=ColumnType.DATE, role=Role.AFTER_CALL)
    return schema.in_files.get(name)


def settle(schema: Schema, file: CampaignFile, columns: Mapping[str, str], chosen: Readings) -> Readings:
    """The readings of `columns`, the file's by the schema's; those in `chosen` stay. Reads the file if it has to."""
    open_ = {
        name: source
        for name, source in columns.items()
        if (column := column_of(schema, name)) and name != schema.reference and (is_number(column) or is_date(column))
        if name not in chosen.numbers and name not in chosen.dates
    }
    if not open_:
        return chosen
    return by_evidence(schema, columns, evidence(file, open_.values()), chosen)


def by_evidence(
    schema: Schema, columns: Mapping[str, str], found: Mapping[str, Evidence], chosen: Readings
) -> Readings:
    """The readings that follow from what was `found` by the file's columns."""
    told = {name: found[source] for name, source in columns.items() if source in found and name != schema.reference}
    return of_columns([(column, seen) for name, seen in told.items() if (column := column_of(schema, name))], chosen)


def of_columns(theirs: Collection[tuple[Column, Evidence]], chosen: Readings) -> Readings:
    """The readings of columns of one file, each with what its cells show; those in `chosen` stay."""
    numbers, dates, asked = dict(chosen.numbers), dict(chosen.dates), []
    usual = _usual_decimal(seen for column, seen in theirs if is_number(column))
    order = _usual_order(seen for column, seen in theirs if is_date(column))
    for column, seen in theirs:
        name = column.name
        if is_number(column) and name not in numbers:
            reading = number_reading(column, seen, usual)
            if reading is None:
                asked.append(name)
            else:
                numbers[name] = reading
        elif is_date(column) and name not in dates:
            date = seen.dates.reading or _date(order if order is not None else column.day_first, seen)
            if date is None:
                asked.append(name)
            else:
                dates[name] = date
    return Readings(numbers, dates, tuple(asked))


def number_reading(column: Column, seen: Evidence, usual: str = "") -> NumberReading | None:
    """How the numbers of `column` are written, or None if that has to be asked. `usual`: the file's decimal sign."""
    numbers = seen.numbers
    default = column.decimal or ""
    if numbers.unit == "?" or numbers.decimal == "?":
        return numbers.reading(default) if default and numbers.unit != "?" else None
    if numbers.decimal:
        return numbers.reading(numbers.decimal)
    if not numbers.unclear:
        return numbers.reading(usual or default or ".")
    if ruled := _by_rule(column, seen):
        return ruled
    # Only the kind's own word makes a thousand of 1,234, and a person wrote it; so it counts more than other columns.
    if column.thousands:
        reading = numbers.reading(default or ".")
        return reading if reading.grouping else replace(reading, grouping=column.thousands)
    sign = usual or default
    return numbers.reading(sign) if sign else None


def _by_rule(column: Column, seen: Evidence) -> NumberReading | None:
    """The one reading under which all unclear values fit the column's rule, if none fits under the other."""
    unit = seen.numbers.unit
    fits = {}
    for decimal in ".,":
        reading = NumberReading(decimal, "," if decimal == "." else ".", unit)
        fits[reading] = [_fits(column, reading, text) for text in seen.numbers.examples]
    (one, first), (other, second) = fits.items()
    best, fit = (one, first) if all(first) and not any(second) else (other, second)
    if not all(fit) or any(second if best is one else first):
        return None
    # The sign of grouping is part of it only if the values have it.
    return best if seen.numbers.unclear[best.grouping] else NumberReading(best.decimal, "", unit)


def _fits(column: Column, reading: NumberReading, text: str) -> bool:
    try:
        column.parse(reading.plain(text))
    except ValueError:
        return False
    return True


def _usual_decimal(columns: Iterable[Evidence]) -> str:
    """The decimal sign that the file's columns show, "" if none does or they differ."""
    point = comma = 0
    for seen in columns:
        point += seen.numbers.decimal == "."
        comma += seen.numbers.decimal == ","
    told = point + comma
    if not told or max(point, comma) < MOSTLY * told:
        return ""
    return "." if point > comma else ","


def _usual_order(columns: Iterable[Evidence]) -> bool | None:
    orders = {seen.dates.reading.day_first for seen in columns if seen.dates.reading} - {None}
    return orders.pop() if len(orders) == 1 else None


def _date(day_first: bool | None, seen: Evidence) -> DateReading | None:
    """The reading of dates that do not tell; dates that show both orders are asked about."""
    both = seen.dates.day_first and seen.dates.month_first
    return DateReading(day_first) if day_first is not None and not both else None
