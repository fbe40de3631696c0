"""The economy: the values of indicators as they were known at a moment, without later revisions.

A document of `indicators`, `{series}:{period}`, holds its vintages, the oldest first:

    {series, period, unit, vintages: [{value, known: {at}, source}], revision, seen: {at}}

A revision adds a vintage and changes no other, so the values known at a moment never change. `revision` counts the
vintages; `seen` is when the source last gave the newest one (times are in nested values, as everywhere). Series have
the names of the schema's columns of role `indicator`.

Values of the bundled snapshot count as known from the first day of their period: the published campaign file has the
value in force at each call, but no dates of publication.
"""

from __future__ import annotations

import hashlib
import json
import re
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from core.errors import InputError
from core.schema import Schema
from core.schema.column import Column, Role
from core.stores.mongo import Db, Document, reachable

UNKNOWN = "is not in the file, and no value of it was known"
LONGEST = timedelta(days=400)
"""How long after its period a figure may describe the economy of a call made earlier: a quarter, with the late
publication of two to three months, and a year in reserve."""

_PERIODS = {
    re.compile(r"(\d{4})"): 12,
    re.compile(r"(\d{4})-S([12])"): 6,
    re.compile(r"(\d{4})-Q([1-4])"): 3,
    re.compile(r"(\d{4})-(0[1-9]|1[0-2])"): 1,
}


def period_bounds(period: str) -> tuple[datetime, datetime]:
    """Begin and end (not in it) of an SDMX period: `2026`, `2026-S1`, `2026-Q1`, `2026-01`, or a day.

    The formats are the observational time periods of SDMX 2.1, section 6, chapter 4. Raises ValueError for any other.
    """
    for pattern, months in _PERIODS.items():
        if found := pattern.fullmatch(period):
            year, place = int(found[1]), int(found[2]) - 1 if pattern.groups > 1 else 0
            first, after = place * months, (place + 1) * months
            return (
                datetime(year, first + 1, 1, tzinfo=UTC),
                datetime(year + after // 12, after % 12 + 1, 1, tzinfo=UTC),
            )
    try:
        day = datetime.strptime(period, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        raise ValueError(f"{period!r} is not a year, half-year, quarter, month or day") from None
    return day, day + timedelta(days=1)


@dataclass(frozen=True)
class Figure:
    """The value of one column, with its period, its source, and the time when it became known."""

    column: str
    value: float
    period: str
    source: str
    known_at: datetime

    def age(self, at: datetime) -> timedelta:
        """Time since the end of its period; negative while the period is under way."""
        return at - period_bounds(self.period)[1]


@dataclass(frozen=True)
class KnownFigures:
    """What was known at a moment: figures by indicator column; a column without a known value is not there."""

    figures: Mapping[str, Figure]

    @property
    def values(self) -> dict[str, float]:
        """The values by column, as features."""
        return {name: figure.value for name, figure in self.figures.items()}

    @property
    def hash(self) -> str:
        """16 hex digits that change when a value does."""
        return hashlib.sha256(json.dumps(self.values, sort_keys=True).encode()).hexdigest()[:16]

    def fill(self, features: Mapping[str, Any], schema: Schema) -> dict[str, Any]:
        """`features` with the known values of the schema's indicators that are missing there."""
        absent = [column.name for column in missing_indicators(schema, features)]
        return {**features, **{name: self.figures[name].value for name in absent if name in self.figures}}

    def require(self, columns: Iterable[str], *, row: int | None = None, of: datetime | None = None) -> None:
        """Raise InputError naming the first of `columns` without a known value.

        With `of`, the time of a call made earlier, the value must be recent enough for that call (`LONGEST`).
        """
        for name in columns:
            figure = self.figures.get(name)
            if figure is None:
                raise InputError(f"{UNKNOWN} at the time of the call", row=row, column=name)
            if of is not None and figure.age(of) > LONGEST:
                rule = f"{UNKNOWN} at the time of the call but one of {figure.period}"
                raise InputError(rule, row=row, column=name)


class Economy:
    """All vintages of a schema's indicators, in memory for many queries."""

    def __init__(self, documents: list[Document]) -> None:
        vintages: dict[str, list[tuple[datetime, datetime, Figure]]] = {}
        for document in documents:
            column, period = document["series"], document["period"]
            begins = period_bounds(period)[0]
            for vintage in document["vintages"]:
                at = vintage["known"]["at"]
                figure = Figure(column, float(vintage["value"]), period, str(vintage["source"]), at)
                vintages.setdefault(column, []).append((at, begins, figure))
        self._newest = {column: _newest(found) for column, found in vintages.items()}
        self._moments = sorted({at for newest in self._newest.values() for at, _ in newest})
        self._known: dict[int, KnownFigures] = {}

    def figures_at(self, at: datetime) -> KnownFigures:
        """What was known at `at`."""
        place = bisect_right(self._moments, at)
        if place not in self._known:
            figures = {}
            for column, newest in self._newest.items():
                until = bisect_right(newest, at, key=lambda change: change[0])
                if until:
                    figures[column] = newest[until - 1][1]
            self._known[place] = KnownFigures(figures)
        return self._known[place]


def _newest(found: list[tuple[datetime, datetime, Figure]]) -> list[tuple[datetime, Figure]]:
    """The moments of change, each with the figure from then on: the newest vintage of the latest known period."""
    newest: list[tuple[datetime, Figure]] = []
    latest: datetime | None = None
    for at, begins, figure in sorted(found, key=lambda entry: entry[:2]):
        if latest is None or begins >= latest:
            latest = begins
            newest.append((at, figure))
    return newest


def read_vintages(db: Db, schema: Schema) -> Economy:
    """The vintages of the schema's indicators. Raises Unavailable."""
    series = [column.name for column in indicators(schema)]
    with reachable():
        return Economy(list(db.indicators.find({"series": {"$in": series}})))


def figures_at(db: Db, schema: Schema, at: datetime) -> KnownFigures:
    """What was known of the schema's indicators at `at`. Raises Unavailable."""
    return read_vintages(db, schema).figures_at(at)


def indicators(schema: Schema) -> tuple[Column, ...]:
    """The features that describe the economy."""
    return tuple(column for column in schema.features if column.role is Role.INDICATOR)


def missing_indicators(schema: Schema, features: Mapping[str, Any]) -> list[Column]:
    """The indicators without a value in `features`."""
    return [column for column in indicators(schema) if features.get(column.name) is None]
