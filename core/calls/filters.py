"""Whom an agent wants to call: conditions on the ranked list that leave it as fast as it is.

One category is looked for by an index of its own, in the order of the scores; so is a range of scores. Whatever else is
asked for is looked for among the best `AHEAD` of these, so that a rare wish never reads a whole list.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pymongo import ASCENDING, DESCENDING

from core.calls.lifecycle import Status
from core.schema import Schema
from core.schema.column import Column, Role
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
        """Whether anything is asked for."""
        return bool(self.equal or self.least or self.floor is not None or self.ceiling is not None)


EVERYBODY = CallFilter()


def best(db: Db, campaign: str, wanted: CallFilter, many: int) -> list[Document]:
    """The best `many` of `campaign` in the ranked list, held or free, whom `wanted` describes. Raises Unavailable."""
    with reachable():
        return list(db.prospects.aggregate([*_stages(campaign, wanted), {"$limit": many}]))


def categories(schema: Schema) -> list[Column]:
    """The categories that can be asked for: the schema's segments and what is known of earlier campaigns."""
    return [
        column
        for column in schema.features
        if column.is_category and _plain(column) and (column.name in schema.segments or column.role is Role.HISTORY)
    ]


def numbers(schema: Schema) -> list[Column]:
    """The numbers that can be asked for from some value on: a person's own, such as age or income."""
    return [c for c in schema.features if c.role is Role.PROFILE and not c.is_category and not c.special and _plain(c)]


def ensure_indexes(db: Db, schema: Schema) -> None:
    """Create the index of each of the `categories`; safe to repeat. Raises Unavailable."""
    with reachable():
        for column in categories(schema):
            db.prospects.create_index(index(column.name))


def index(column: str) -> list[tuple[str, int]]:
    """The index by which a category is found in the order of the scores."""
    front = [("campaign", ASCENDING), ("status", ASCENDING), (f"features.{column}", ASCENDING)]
    return [*front, ("score", DESCENDING), ("ref", ASCENDING)]


def _stages(campaign: str, wanted: CallFilter) -> Sequence[Mapping[str, Any]]:
    match: dict[str, Any] = {"campaign": campaign, "status": Status.OPEN.value}
    further: dict[str, Any] = {}
    for column, value in wanted.equal.items():
        (further if len(match) > 2 else match)[f"features.{column}"] = value
    further |= {f"features.{column}": {"$gte": number} for column, number in wanted.least.items()}
    if wanted.floor is not None:
        match["score"] = {"$gte": wanted.floor}
    if wanted.ceiling is not None:
        match["score"] = {**match.get("score", {}), "$lt": wanted.ceiling}
    stages: list[Mapping[str, Any]] = [{"$match": match}, {"$sort": {"score": -1, "ref": 1}}]
    return [*stages, {"$limit": AHEAD}, {"$match": further}] if further else stages


def _plain(column: Column) -> bool:
    """Whether the name can be asked for inside a prospect: MongoDB reads a dot as a step into another value."""
    return "." not in column.name and not column.name.startswith("$")
