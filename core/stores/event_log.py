"""The event log: who did what, when and why. It only grows, and each event seals the one before it.

An event's `_id` is its place in the sequence, so no two writers take the same place. Its `seal` is the sha256 of its
content and of the seal before it, so a changed or removed event breaks every later seal.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pymongo import DESCENDING
from pymongo.errors import DuplicateKeyError

from core.clock import Clock, now
from core.sentences import with_said
from core.stores.embedded_mongo import key_in_order
from core.stores.events import CauseEvent, Event
from core.stores.mongo import Db, Document, reachable

GENESIS = "0" * 64


def seal(event: Document, before: str) -> str:
    """sha256 of the seal `before` and the event's content without its own seal."""
    content = {key: value for key, value in event.items() if key != "seal"}
    text = json.dumps(content, sort_keys=True, default=_plain, ensure_ascii=False)
    return hashlib.sha256(f"{before}\n{text}".encode()).hexdigest()


def key(place: int) -> str:
    """The `_id` of the event at `place`, counted from 1."""
    return key_in_order(place, 12)


def append(
    db: Db,
    *,
    who: str,
    what: Event | CauseEvent,
    subject: str,
    why: str = "",
    clock: Clock = now,
    once: Mapping[str, Any] | None = None,
    **details: Any,
) -> int:
    """Add an event and return its place in the sequence. Raises Unavailable.

    A `why` that is a `core.sentences.Sentence` is kept as such, too, so that screens can translate it.

    `once` is a query: if an event matches it, its place is returned and none is added, even with concurrent writers.
    """
    with reachable():
        while True:
            last = db.events.find_one(sort=[("_id", DESCENDING)])
            # This read comes after that of the last place: a writer who adds the event from now on takes our place.
            logged = db.events.find_one(once) if once is not None else None
            if logged is not None:
                return int(logged["_id"])
            event: Document = {
                "_id": key(int(last["_id"]) + 1 if last else 1),
                "at": clock(),
                "who": who,
                "what": str(what),
                "subject": subject,
                **with_said({}, why),
                "details": details,
            }
            event["seal"] = seal(event, last["seal"] if last else GENESIS)
            try:
                db.events.insert_one(event)
                return int(event["_id"])
            except DuplicateKeyError:
                continue  # another writer took this place


def first_broken(db: Db) -> int | None:
    """The first place in the sequence with a wrong seal, or None."""
    before, expected = GENESIS, 1
    with reachable():
        for event in db.events.find(sort=[("_id", 1)]):
            if event["_id"] != key(expected) or event["seal"] != seal(event, before):
                return expected
            before, expected = event["seal"], expected + 1
    return None


def _plain(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
