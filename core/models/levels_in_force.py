"""The levels in force: one document `level:{version}` of `appliance` for each model version.

Monitoring writes it, scoring reads it. A version without one has the level it was trained at.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime
from typing import Self

from core.errors import InputError
from core.models.level import LARGEST
from core.stores.mongo import Db, Document, reachable

KEY = "level:"


@dataclass(frozen=True)
class Level:
    """A version's shift since `at`, when these were its newest `outcomes` calls with `sales` sales.

    Its own scores had `expected` sales. A shift that they do not contradict is older than they are.
    """

    shift: float
    outcomes: int
    sales: int
    expected: float
    at: datetime

    @classmethod
    def from_document(cls, document: Document) -> Self:
        """The level in a document of `appliance`. Raises InputError where it holds none."""
        try:
            level = cls(**{field.name: document["level"][field.name] for field in fields(cls)})
            usable = abs(level.shift) <= LARGEST  # a NaN is refused too
        except (KeyError, TypeError):
            usable = False
        if not usable:
            raise InputError(
                f"'{document['_id']}' in the collection appliance holds no level whose shift is a number from "
                f"{-LARGEST:g} to {LARGEST:g}.",
                next="Remove the document; monitoring writes it anew.",
            )
        return replace(level, shift=float(level.shift))


def in_force(db: Db) -> dict[str, Level]:
    """Every version's level, by version. Raises Unavailable, and InputError where a document holds none."""
    with reachable():
        documents = list(db.appliance.find({"_id": {"$gte": KEY, "$lt": KEY[:-1] + ";"}}))
    return {document["_id"].removeprefix(KEY): Level.from_document(document) for document in documents}


def put_in_force(db: Db, version: str, level: Level) -> None:
    """Put `level` in force for `version`; safe to repeat. Raises Unavailable."""
    with reachable():
        db.appliance.update_one({"_id": f"{KEY}{version}"}, {"$set": {"level": asdict(level)}}, upsert=True)
