"""The economy as it was known: what an indicator's value was at a moment, never what became known of it later.

A document of `indicators`, `{series}:{period}`, carries its vintages, the oldest first:

    {series, period, unit, vintages: [{value, known: {at}, source}], revision, seen: {at}}

A revision adds a vintage; none is ever changed or taken away, so what was known at a moment is the same whenever it is
asked. `revision` counts the vintages; `seen` is when the source last gave the newest one (times stand inside nested
values, as everywhere). Series are named like the schema's columns of role `indicator`.

The bundled snapshot counts as known from the first day of its period: the published campaign file gives the value in
force at each call and no dates of publication, so nothing more exact can be said of it.
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
"""How long after the end of its period a figure may speak of a call made earlier: a quarter and what is published late
in the worst case (the usual two to three months), and a year in reserve. Older is another economy."""

_PERIODS = {
    re.compile(r"(\d{4})"): 12,
    re.compile(r"(\d{4})-S([12])"): 6,
    re.compile(r"(\d{4})-Q([1-4])"): 3,
    re.compile(r"(\d{4})-(0[1-9]|1[0-2])"): 1,
}


def span(period: str) -> tuple[datetime, datetime]:
    """When a period of SDMX begins and ends (the end is not in it): `2026`, `2026-S1`, `2026-Q1`, `2026-01`, a day.

    Formats are those of the observational time period, SDMX 2.1, section 6, chapter 4. Raises ValueError naming the
    period when it is none of these.
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
    """The value of one column: of which period, by which source, and since when it was known."""

    column: str
    value: float
    period: str
    source: str
    known_at: datetime

    def age(self, at: datetime) -> timedelta:
        """Time since the end of its period; negative while the period is under way."""
        return at - span(self.period)[1]


@dataclass(frozen=True)
class Known:
    """What was known at a moment: a figure for each indicator column of which anything was."""

    figures: Mapping[str, Figure]

    @property
    def values(self) -> dict[str, float]:
        """The features: value by column."""
        return {name: figure.value for name, figure in self.figures.items()}

    @property
    def hash(self) -> str:
        """16 hex digits that change when a value does."""
        return hashlib.sha256(json.dumps(self.values, sort_keys=True).encode()).hexdigest()[:16]

    def fill(self, features: Mapping[str, Any], schema: Schema) -> dict[str, Any]:
        """`features`, and what was known where one of the schema's indicators is missing, as far as it was."""
        absent = [column.name for column in missing(schema, features)]
        return {**features, **{name: self.figures[name].value for name in absent if name in self.figures}}

    def require(self, columns: Iterable[str], *, row: int | None = None, of: datetime | None = None) -> None:
        """Raise InputError, naming the column (and the row, if given), unless something was known of all `columns`.

        With `of`, the time of a call made earlier, it must also have been recent enough (`LONGEST`) to speak of it.
        """
        for name in columns:
            figure = self.figures.get(name)
            if figure is None:
                raise InputError(f"{UNKNOWN} at the time of the call", row=row, column=name)
            if of is not None and figure.age(of) > LONGEST:
                rule = f"{UNKNOWN} at the time of the call but one of {figure.period}"
                raise InputError(rule, row=row, column=name)


class Economy:
    """All vintages of a schema's indicators, in memory, for asking many times."""

    def __init__(self, documents: list[Document]) -> None:
        vintages: dict[str, list[tuple[datetime, datetime, Figure]]] = {}
        for document in documents:
            column, period = document["series"], document["period"]
            begins = span(period)[0]
            for vintage in document["vintages"]:
                at = vintage["known"]["at"]
                figure = Figure(column, float(vintage["value"]), period, str(vintage["source"]), at)
                vintages.setdefault(column, []).append((at, begins, figure))
        self._newest = {column: _newest(found) for column, found in vintages.items()}
        self._moments = sorted({at for newest in self._newest.values() for at, _ in newest})
        self._known: dict[int, Known] = {}

    def known(self, at: datetime) -> Known:
        """What was known at `at`."""
        place = bisect_right(self._moments, at)
        if place not in self._known:
            figures = {}
            for column, newest in self._newest.items():
                until = bisect_right(newest, at, key=lambda change: change[0])
                if until:
                    figures[column] = newest[until - 1][1]
            self._known[place] = Known(figures)
        return self._known[place]


def _newest(found: list[tuple[datetime, datetime, Figure]]) -> list[tuple[datetime, Figure]]:
    """The figure in force from each moment on at which it changed: of the latest period known, its newest vintage."""
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


def known(db: Db, schema: Schema, at: datetime) -> Known:
    """What was known of the schema's indicators at `at`: never a value that became known later. Raises Unavailable."""
    return read_vintages(db, schema).known(at)


def indicators(schema: Schema) -> tuple[Column, ...]:
    """The features that describe the economy."""
    return tuple(column for column in schema.features if column.role is Role.INDICATOR)


def missing(schema: Schema, features: Mapping[str, Any]) -> list[Column]:
    """The indicators that `features` says nothing of."""
    return [column for column in indicators(schema) if features.get(column.name) is None]
