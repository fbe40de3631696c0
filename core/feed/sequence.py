"""The sequence of changes, `changes`: an entry's `_id` is its place, and places follow one another without a gap.

    {_id, source, what, kind, at, prospect, content}

`source` names the record that the entry is about, so that it is added once however often it is looked at. A reader who
has all entries up to a place has missed nothing: an entry is added behind the last one that anybody can see, never
before it. The fact `feed` in `appliance` knows the last place given, which an erasure may have emptied.

`content` has keys, results and times: no name, no number, and no column of a person.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from pymongo import DESCENDING
from pymongo.errors import DuplicateKeyError

from core.stores.embedded_mongo import key_in_order
from core.stores.mongo import Db, Document, reachable

FACT, DIGITS = "feed", 12


class What(StrEnum):
    """What happened."""

    CALL_RECORDED = "call.recorded"
    CALL_TAKEN_BACK = "call.taken_back"
    CALL_REVISED = "call.revised"
    WISH_ADDED = "wish.added"
    WISH_LIFTED = "wish.lifted"


@dataclass(frozen=True)
class Change:
    """Something that happened, found in the record `source` of the kind `kind` ("" for the shipped one)."""

    source: str
    what: What
    kind: str
    at: datetime
    prospect: str
    content: Mapping[str, Any]


@dataclass(frozen=True)
class Entry:
    """A change at its place in the sequence."""

    place: int
    change: Change


def append(home: Db, found: Iterable[Change]) -> int:
    """Add those of `found` that are not in the sequence, in their order; returns how many. Raises Unavailable."""
    added = 0
    with reachable():
        for change in found:
            # One by one: of several values, the embedded server finds none by an index.
            if home.changes.find_one({"source": change.source}, {"_id": 1}) is None:
                _add(home, change)
                added += 1
        if added:
            last = home.changes.find_one(sort=[("_id", DESCENDING)])
            if last:
                home.appliance.update_one({"_id": FACT}, {"$max": {"place": int(last["_id"])}}, upsert=True)
    return added


def _add(home: Db, change: Change) -> None:
    while True:
        place = last_place(home) + 1
        document: Document = {
            "_id": key_in_order(place, DIGITS),
            "source": change.source,
            "what": change.what.value,
            "kind": change.kind,
            "at": change.at,
            "prospect": change.prospect,
            "content": dict(change.content),
        }
        try:
            home.changes.insert_one(document)
            return
        except DuplicateKeyError:
            continue  # the job of another kind took this place


def last_place(home: Db) -> int:
    """The last place that was given; 0 before the first. Raises Unavailable."""
    with reachable():
        last = home.changes.find_one(sort=[("_id", DESCENDING)])
        fact = home.appliance.find_one({"_id": FACT}) or {}
    return max(int(last["_id"]) if last else 0, int(fact.get("place") or 0))


def after(home: Db, place: int, many: int) -> list[Entry]:
    """At most `many` entries behind `place`, in their order. Raises Unavailable."""
    with reachable():
        behind = {"_id": {"$gt": key_in_order(place, DIGITS)}}
        found = list(home.changes.find(behind).sort([("_id", 1)]).limit(many))
    return [_entry(document) for document in found]


def _entry(document: Document) -> Entry:
    change = Change(
        document["source"],
        What(document["what"]),
        document["kind"],
        document["at"],
        document["prospect"],
        document["content"],
    )
    return Entry(int(document["_id"]), change)
