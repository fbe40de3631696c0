"""The economy's indicators as the page Economy shows them: each with its periods, vintages, source and age."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.schema import Schema
from core.schema.column import Column
from core.schema.economy import indicators, span
from core.stores.events import cause_event
from core.stores.mongo import Db, Document, reachable

PUBLISHED = "doi:"
"""What the source of a figure begins with that came with Callwise; others were fetched from a statistical office."""


@dataclass(frozen=True)
class Vintage:
    """A value of a period, by which source, and since when it was known."""

    value: float
    source: str
    known_at: datetime


@dataclass(frozen=True)
class Point:
    """A period, the first day of it, and its vintages, the oldest first. `seen`: when its source last gave it."""

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
        """Whether it was another before."""
        return len(self.vintages) > 1


@dataclass(frozen=True)
class Indicator:
    """One column, its periods in order (none: nothing is known of it), and whether it was found too old.

    `why` is what monitoring said of it.
    """

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
        """When its source was last heard."""
        return max((point.seen for point in self.points if point.seen), default=None)

    def age(self, at: datetime) -> timedelta | None:
        """Time since the end of the newest period."""
        return max(timedelta(0), at - self.last.ends) if self.last else None

    @property
    def values(self) -> list[float]:
        """Every value in force, of all periods."""
        return [point.newest.value for point in self.points]


def read_indicators(db: Db, schema: Schema) -> list[Indicator]:
    """Each of the schema's indicators. Raises Unavailable."""
    columns = indicators(schema)
    keys = {f"monitor:economy:{column.name}": column.name for column in columns}
    with reachable():
        found = list(db.indicators.find({"series": {"$in": [column.name for column in columns]}}))
        judged = {keys[fact["_id"]]: fact for fact in db.appliance.find({"_id": {"$in": list(keys)}})}
        told = {
            name: db.events.find_one({"what": cause_event(f"economy:{name}", "stale"), "subject": fact["report"]})
            for name, fact in judged.items()
            if fact["state"] == "stale"
        }
    of: dict[str, list[Point]] = {}
    for document in found:
        of.setdefault(str(document["series"]), []).append(_point(document))
    return [
        Indicator(
            column,
            tuple(sorted(of.get(column.name, []), key=lambda point: (point.begins, point.ends))),
            stale=column.name in told,
            why=_why(told.get(column.name)),
        )
        for column in columns
    ]


def live(found: Sequence[Indicator]) -> bool:
    """Whether any value was ever fetched."""
    return any(
        not vintage.source.startswith(PUBLISHED)
        for indicator in found
        for point in indicator.points
        for vintage in point.vintages
    )


def _why(event: Mapping[str, object] | None) -> str:
    return str(event["why"]) if event else ""


def _point(document: Document) -> Point:
    begins, ends = span(str(document["period"]))
    vintages = tuple(
        Vintage(float(one["value"]), str(one["source"]), one["known"]["at"]) for one in document["vintages"]
    )
    seen = (document.get("seen") or {}).get("at")
    return Point(str(document["period"]), begins, ends, str(document.get("unit") or ""), vintages, seen)
