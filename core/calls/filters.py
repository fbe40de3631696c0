"""Filters of the ranked list that do not make it slower.

An index finds one category, or a range of scores, in the order of the scores. All other conditions are checked on the
best `AHEAD` of these only, so a rare combination never reads a whole list.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pymongo import ASCENDING, DESCENDING

from core.calls.lifecycle import Status
from core.schema import Schema
from core.schema.column import Column, Role
from core.stores.embedded_mongo import may_be_indexed
from core.stores.mongo import Db, Document, reachable

AHEAD = 5_000


@dataclass(frozen=True)
class CallFilter:
    """`equal`: categories by column. `least`: the smallest number by column. Scores from `floor` to below `ceiling`."""

    equal: Mapping[str, str] = field(default_factory=dict)
    least: Mapping[str, float] = field(default_factory=dict)
    floor: float | None = None
    ceiling: float | None = None

    def __bool__(self) -> bool:
        """Whether it has a condition."""
        return bool(self.equal or self.least or self.floor is not None or self.ceiling is not None)


EVERYBODY = CallFilter()


def best_prospects(
    db: Db, campaign: str, call_filter: CallFilter, many: int, zones: Sequence[str | None] | None = None
) -> list[Document]:
    """The best `many` of `campaign` that pass `call_filter`, held or free. Raises Unavailable.

    `zones`: only those with one of these in their field `zone`. Each is read by index and they are put together: one
    query for several would read everybody where few are left in them.
    """
    with reachable():
        if zones is None:
            return list(db.prospects.aggregate([*_stages(campaign, call_filter), {"$limit": many}]))
        each = [_stages(campaign, call_filter, {"zone": zone}) for zone in zones]
        found = [one for stages in each for one in db.prospects.aggregate([*stages, {"$limit": many}])]
    return sorted(found, key=_place)[:many]


def _place(prospect: Document) -> tuple[bool, float, str]:
    """The place in the order of the list: scores from the top, whoever has none last."""
    score = prospect.get("score")
    return score is None, -(score or 0.0), str(prospect["ref"])


def categories(schema: Schema) -> list[Column]:
    """The categories to filter by: the schema's segments and the history of earlier campaigns."""
    return [
        column
        for column in schema.features
        if column.is_category and _plain(column) and (column.name in schema.segments or column.role is Role.HISTORY)
    ]


def numbers(schema: Schema) -> list[Column]:
    """The numbers to filter by from a value on: a person's own, such as age or income."""
    return [c for c in schema.features if c.role is Role.PROFILE and not c.is_category and not c.special and _plain(c)]


def ensure_indexes(db: Db, schema: Schema) -> None:
    """Create the index of each of the `categories`, but of names with blanks; safe to repeat. Raises Unavailable."""
    with reachable():
        for column in categories(schema):
            if may_be_indexed(column.name):
                db.prospects.create_index(index(column.name))


def index(column: str) -> list[tuple[str, int]]:
    """The index that finds a category in the order of the scores."""
    equal = ("campaign", "status", f"features.{column}")
    return [*((name, ASCENDING) for name in equal), ("score", DESCENDING), ("ref", ASCENDING)]


def _stages(
    campaign: str, wanted: CallFilter, place: Mapping[str, str | None] | None = None
) -> Sequence[Mapping[str, Any]]:
    plain = {"campaign": campaign, "status": Status.OPEN.value}
    match: dict[str, Any] = {**plain, **(place or {})}
    further: dict[str, Any] = {}
    for column, value in wanted.equal.items():
        (further if len(match) > len(plain) else match)[f"features.{column}"] = value
    further |= {f"features.{column}": {"$gte": number} for column, number in wanted.least.items()}
    if wanted.floor is not None:
        match["score"] = {"$gte": wanted.floor}
    if wanted.ceiling is not None:
        match["score"] = {**match.get("score", {}), "$lt": wanted.ceiling}
    stages: list[Mapping[str, Any]] = [{"$match": match}, {"$sort": {"score": -1, "ref": 1}}]
    return [*stages, {"$limit": AHEAD}, {"$match": further}] if further else stages


def _plain(column: Column) -> bool:
    """Whether a query can name the column: MongoDB reads a dot as a step into a nested value."""
    return "." not in column.name and not column.name.startswith("$")
