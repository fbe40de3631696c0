"""What a migration is, and how it goes through a collection."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pymongo import ASCENDING

from core.stores.mongo import Db, Document

AT_ONCE = 500
"""Documents that are read and written between two looks at the lock."""

Keep = Callable[[], None]
"""Keeps the lock: called between two parts of the work. Raises Conflict if somebody else has taken it meanwhile."""


@dataclass(frozen=True)
class Migration:
    """One change of the stored form. `sentence`: what it does, for people.

    `run(db, keep)` changes one campaign kind's database and returns how many documents it changed. It may be killed at
    any point and run again, and changes nothing in data that has the new form.
    """

    number: int
    sentence: str
    run: Callable[[Db, Keep], int]


def pages(db: Db, collection: str, keep: Keep, fields: Mapping[str, Any] | None = None) -> Iterator[list[Document]]:
    """All documents of `collection` by key, `AT_ONCE` at a time; keeps the lock between two pages.

    By key alone: the embedded server finds no missing field by index.
    """
    after: Document = {}
    while page := list(db[collection].find(after, fields).sort([("_id", ASCENDING)]).limit(AT_ONCE)):
        yield page
        keep()
        after = {"_id": {"$gt": page[-1]["_id"]}}
