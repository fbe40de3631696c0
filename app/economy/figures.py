"""The indicators for the page Economy: each with its periods, vintages, source and age."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.schema import Schema
from core.schema.column import Column
from core.schema.economy import indicators, period_bounds
from core.sentences import said_in
from core.stores.events import cause_event
from core.stores.mongo import Db, Document, reachable

PUBLISHED = "doi:"
"""The source of a figure that came with Callwise begins with this; other figures come from a statistical office."""


@dataclass(frozen=True)
class Vintage:
    """A published value of a period, its source, and the moment from which it was known."""

    value: float
    source: str
    known_at: datetime


@dataclass(frozen=True)
class Point:
    """A period from `begins` to `ends` and its vintages, the oldest first. `seen`: when its source last gave it."""

    period: str
    begins: datetime
    ends: datetime
    unit: str
    vintages: tuple[Vintage, ...]
    seen: datetime | None

    @property
    def newest(self) -> Vintage:
        """The value in force."""
        return self.vintages[-1]

    @property
    def revised(self) -> bool:
        """Whether the value was different before."""
        return len(self.vintages) > 1


@dataclass(frozen=True)
class Indicator:
    """One column, its periods in order (empty without any value), whether monitoring found it too old, and why."""

    column: Column
    points: tuple[Point, ...]
    stale: bool
    why: str

    @property
    def last(self) -> Point | None:
        """The newest period."""
        return self.points[-1] if self.points else None

    @property
    def seen(self) -> datetime | None:
        """When its source last answered."""
        return max((point.seen for point in self.points if point.seen), default=None)

    def age(self, at: datetime) -> timedelta | None:
        """Time since the end of the newest period."""
        return max(timedelta(0), at - self.last.ends) if self.last else None

    @property
    def values(self) -> list[float]:
        """The value in force of every period."""
        return [point.newest.value for point in self.points]


def read_indicators(db: Db, schema: Schema) -> list[Indicator]:
    """Each of the schema's indicators. Raises Unavailable."""
    columns = indicators(schema)
    keys = {f"monitor:economy:{column.name}": column.name for column in columns}
    with reachable():
        documents = list(db.indicators.find({"series": {"$in": [column.name for column in columns]}}))
        judged = {keys[fact["_id"]]: fact for fact in db.appliance.find({"_id": {"$in": list(keys)}})}
        stale = {
            name: db.events.find_one({"what": cause_event(f"economy:{name}", "stale"), "subject": fact["report"]})
            for name, fact in judged.items()
            if fact["state"] == "stale"
        }
    points: dict[str, list[Point]] = {column.name: [] for column in columns}
    for document in documents:
        points[str(document["series"])].append(_point(document))
    return [
        Indicator(
            column,
            tuple(sorted(points[column.name], key=lambda point: (point.begins, point.ends))),
            stale=column.name in stale,
            why=said_in(event) if (event := stale.get(column.name)) else "",
        )
        for column in columns
    ]


def has_fetched_values(found: Sequence[Indicator]) -> bool:
    """Whether any value was ever fetched."""
    return any(
        not vintage.source.startswith(PUBLISHED)
        for indicator in found
        for point in indicator.points
        for vintage in point.vintages
    )


def _point(document: Document) -> Point:
    begins, ends = period_bounds(str(document["period"]))
    vintages = tuple(Vintage(float(v["value"]), str(v["source"]), v["known"]["at"]) for v in document["vintages"])
    seen = (document.get("seen") or {}).get("at")
    return Point(str(document["period"]), begins, ends, str(document.get("unit") or ""), vintages, seen)
