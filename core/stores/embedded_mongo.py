"""Workarounds for the differences between the embedded MongoDB-wire server (NX-27017) and MongoDB.

Each works on MongoDB too, so there is one code path; `tests/contract/core/stores/test_mongo.py` runs the same cases on
the server that `MONGODB_URI` names. No function can hide these differences (docs/decisions/0001):

- A time that is `$set` at the top level of a stored document becomes text. So a time that changes is part of a nested
  value that is written whole, such as a claim `{by, until}`.
- A pipeline that projects a time gives text, so times are read by `find`, or by a pipeline without a projection.
- Updates and removals use no index but that of `_id`, and forget the conditions beside an `$or`. So documents are read
  first, and then changed by key.
- `$ne` beside another condition finds no document without the field; `$nin` with that one value does.
- An index is named after its fields, and a name has letters, digits and underscores alone.
- A number that is `$set` is shortened to 15 digits, and NaN becomes null. A document with NaN is not inserted.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from pymongo.collection import Collection

from core.stores.mongo import Document

Expression = str | Mapping[str, Any]
Step = Mapping[str, Any]

SEPARATOR = "\x1f"  # between the texts of a key
REMOVED_AT_ONCE = 500


def count_between(collection: Collection[Document], field: str, bounds: Document, **more: Any) -> int:
    """The number of documents with the time `field` within `bounds` that fit `more`. A pipeline compares no times."""
    return collection.count_documents({field: bounds, **more})


def local_time(field: str, minutes: int) -> Expression:
    """The time `field` on a clock `minutes` ahead of UTC. A pipeline ignores time zones, but can move times."""
    return {"$dateAdd": {"startDate": f"${field}", "unit": "minute", "amount": minutes}}


def count_by(
    collection: Collection[Document], query: Mapping[str, Any], parts: Sequence[Expression]
) -> dict[tuple[str, ...], int]:
    """The number of documents that fit `query` by their texts `parts`, joined: the server cannot group by documents."""
    key = {"$concat": [text for part in parts for text in (SEPARATOR, part)][1:]}
    steps: list[Step] = [{"$match": query}, {"$addFields": {"key": key}}, {"$group": {"_id": "$key", "n": {"$sum": 1}}}]
    groups = list(collection.aggregate(steps))
    return {tuple(str(group["_id"]).split(SEPARATOR, len(parts) - 1)): int(group["n"]) for group in groups}


def newest(collection: Collection[Document], field: str) -> Document | None:
    """The whole document with the latest time `field`; only a pipeline finds it by index."""
    return next(iter(list(collection.aggregate([{"$sort": {field: -1}}, {"$limit": 1}]))), None)


def projection(*fields: str) -> dict[str, int]:
    """The projection on these fields. Raises ValueError for a nested one, which would come back under a dotted name."""
    if nested := [field for field in fields if "." in field]:
        raise ValueError(f"{nested} would come back as fields with a dot in their names; ask for the whole field")
    return dict.fromkeys(fields, 1)


def revision_update(read: Document, fields: Mapping[str, Any]) -> tuple[Document, Document]:
    """The query and the update that set `fields` of the document `read`, unless its `revision` changed since.

    A list is set whole: a value that is pushed into a list, or set at a place in it, becomes text.
    """
    revision = read["revision"]
    return {"_id": read["_id"], "revision": revision}, {"$set": {**fields, "revision": revision + 1}}


def set_once(field: str, stamp: int) -> Document:
    """The update that sets `field` only once, as stamps grow: a find-and-update forgets `$setOnInsert`."""
    return {"$min": {field: stamp}}


def milliseconds(at: datetime) -> int:
    """`at` in milliseconds since 1970, for a field that changes and is compared: numbers stay numbers."""
    return int(at.timestamp() * 1000)


def key_in_order(place: int, digits: int) -> str:
    """The `_id` at `place` of a sequence: text of fixed length, because keys sort as text."""
    return f"{place:0{digits}d}"


def remove_by_key(collection: Collection[Document], keys: Sequence[str]) -> None:
    """Remove the documents with these `_id`s, `REMOVED_AT_ONCE` at a time."""
    for start in range(0, len(keys), REMOVED_AT_ONCE):
        collection.delete_many({"_id": {"$in": list(keys[start : start + REMOVED_AT_ONCE])}})


def may_be_indexed(field: str) -> bool:
    """Whether an index can have the field: the server names it after its fields, in letters, digits and underscores."""
    return re.fullmatch(r"[A-Za-z0-9_.]+", field) is not None
