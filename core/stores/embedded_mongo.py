"""Ways round what the embedded MongoDB-wire server (NX-27017) does otherwise than MongoDB.

MongoDB takes each of these ways too, so there is one code path, and `tests/contract/core/stores/test_mongo.py` runs the
same cases on whichever server `MONGODB_URI` names. What no function can hide (docs/decisions/0001):

- A time that is `$set` at the top level of a stored document becomes text. A time that changes therefore lives in a
  nested value that is written whole, such as a claim `{by, until}`.
- A pipeline that projects a time gives text, so times are read by `find`, or by a pipeline without a projection.
- Updates and removals use no index but that of `_id`, and forget the conditions beside an `$or`. What is to be changed
  is therefore read first, and then changed by key.
- A number that is `$set` is shortened to 15 digits, and NaN becomes null. A document with NaN is not inserted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from pymongo.collection import Collection

from core.stores.mongo import Document

Expression = str | Mapping[str, Any]
Step = Mapping[str, Any]

SEPARATOR = "\x1f"  # between the texts that a key is made of
REMOVED_AT_ONCE = 500
MINUTE = "%Y-%m-%dT%H:%M"


def count_between(collection: Collection[Document], field: str, bounds: Document, **more: Any) -> int:
    """How many documents have the time `field` within `bounds`, and fit `more`. A pipeline compares no times."""
    return collection.count_documents({field: bounds, **more})


def since_minute(field: str, at: datetime) -> list[Step]:
    """The steps of a pipeline that keep what has the time `field` at or after `at`, a full minute.

    A pipeline compares no times, but texts that are made of them.
    """
    minute = {"$dateToString": {"format": MINUTE, "date": f"${field}"}}
    return [{"$addFields": {"minute": minute}}, {"$match": {"minute": {"$gte": f"{at.astimezone(UTC):{MINUTE}}"}}}]


def local_time(field: str, minutes: int) -> Expression:
    """The time `field` on a clock `minutes` ahead of UTC. A pipeline leaves a time zone out, but moves times."""
    return {"$dateAdd": {"startDate": f"${field}", "unit": "minute", "amount": minutes}}


def tally(
    collection: Collection[Document], query: Mapping[str, Any], parts: Sequence[Expression]
) -> dict[tuple[str, ...], int]:
    """How many documents that fit `query` have each combination of the texts `parts`.

    The server groups by no document, so the parts are joined to one text.
    """
    key = {"$concat": [text for part in parts for text in (SEPARATOR, part)][1:]}
    steps: list[Step] = [{"$match": query}, {"$addFields": {"key": key}}, {"$group": {"_id": "$key", "n": {"$sum": 1}}}]
    groups = list(collection.aggregate(steps))
    return {tuple(str(group["_id"]).split(SEPARATOR, len(parts) - 1)): int(group["n"]) for group in groups}


def newest(collection: Collection[Document], field: str) -> Document | None:
    """The document with the latest time `field`, as a whole; only a pipeline finds it by index."""
    return next(iter(list(collection.aggregate([{"$sort": {field: -1}}, {"$limit": 1}]))), None)


def whole(*fields: str) -> dict[str, int]:
    """The projection on these fields. Raises ValueError for one inside another, which comes back under that name."""
    if nested := [field for field in fields if "." in field]:
        raise ValueError(f"{nested} would come back as fields with a dot in their names; ask for the whole field")
    return dict.fromkeys(fields, 1)


def rewritten(read: Document, fields: Mapping[str, Any]) -> tuple[Document, Document]:
    """The query and the update that set `fields` of the document `read`, unless its `revision` has gone on since.

    A list is set whole: what is pushed into one, or set at a place in one, becomes text.
    """
    revision = read["revision"]
    return {"_id": read["_id"], "revision": revision}, {"$set": {**fields, "revision": revision + 1}}


def first_kept(field: str, stamp: int) -> Document:
    """The update that sets `field` only at first, where stamps grow: a find-and-update forgets `$setOnInsert`."""
    return {"$min": {field: stamp}}


def milliseconds(at: datetime) -> int:
    """`at` in milliseconds since 1970, for a field that changes and is compared: numbers stay what they are."""
    return int(at.timestamp() * 1000)


def key_in_order(place: int, digits: int) -> str:
    """The `_id` at `place` of a sequence: text of fixed length, because keys are ordered as text."""
    return f"{place:0{digits}d}"


def remove_by_key(collection: Collection[Document], keys: Sequence[str]) -> None:
    """Remove the documents with these `_id`s, some at a time."""
    for start in range(0, len(keys), REMOVED_AT_ONCE):
        collection.delete_many({"_id": {"$in": list(keys[start : start + REMOVED_AT_ONCE])}})
