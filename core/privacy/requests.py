"""A manager's requests to erase a person, from the request to the receipt.

A request is one document of `erasures`:

    asked → erasing → watching → done
               ↑__________|

Each pass goes through every place (`core.privacy.place`), counts the person's records, removes them, and counts again.
An operation under way (recording a call, ranking) may write a record behind the pass. So another pass follows after
`QUIET`, until one finds nothing. Then the request is done: everything that helped to find the person leaves the
document, and a receipt without it stays. A killed process does no harm: the next one repeats the pass.

The pseudonym stays. It identifies the person in a second request, and in an import that would bring back a person who
must stay out (`core.imports.kept_out`). Whoever has the key can test a reference against it, so it is strictly still
personal data; without the key it says nothing.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Self

from pymongo import DESCENDING
from pymongo.errors import DuplicateKeyError

from core.clock import Clock, now
from core.errors import NotFound
from core.privacy.place import Subject
from core.schema.person import Person, Pseudonyms
from core.sentences import Sentence
from core.stores.mongo import SOCKET_TIMEOUT_SECONDS, Db, Document, reachable

QUIET = timedelta(seconds=SOCKET_TIMEOUT_SECONDS)
"""Every operation that began before this time has ended, because nobody waits longer for a server."""


class Status(StrEnum):
    """The progress of a request."""

    ASKED = "asked"
    ERASING = "erasing"
    WATCHING = "watching"
    DONE = "done"


OPEN = tuple(status.value for status in Status if status is not Status.DONE)
_NO_PROGRESS: Mapping[str, Any] = {"passes": 0, "due": None, "found": {}, "traces": [], "problem": ""}


@dataclass(frozen=True)
class Erasure:
    """A request. `person` is None once it is done. `found`: by place, the number of records that each pass found."""

    id: str
    pseudonym: str
    person: Person | None
    keep_out: bool
    by: str
    asked_at: datetime
    status: Status
    passes: int = 0
    due_at: datetime | None = None
    found: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    traces: frozenset[str] = frozenset()
    problem: str = ""
    draft: Mapping[str, Any] = field(default_factory=dict)
    retrain: Mapping[str, Any] = field(default_factory=dict)
    receipt: Mapping[str, Any] = field(default_factory=dict)

    @property
    def subject(self) -> Subject:
        """The person, for the places. Raises NotFound once the request is done."""
        if self.person is None:
            raise NotFound(
                Sentence("The erasure {erasure} is done and no longer names the person.", erasure=self.id),
                next=Sentence("Its receipt says what was removed."),
            )
        return Subject(self.person, self.id, self.traces)

    def removed(self, place: str) -> int:
        """The number of records that all passes removed from `place`."""
        return sum(self.found.get(place, {}).values())

    @classmethod
    def from_document(cls, document: Document) -> Self:
        """The request in a document of `erasures`."""
        named, progress = document["person"], document["progress"]
        return cls(
            id=document["_id"],
            pseudonym=document["pseudonym"],
            person=Person(named["ref"], named["campaign"], named.get("kind", "")) if named else None,
            keep_out=document["keep_out"],
            by=document["asked"]["by"],
            asked_at=document["asked"]["at"],
            status=Status(document["status"]),
            passes=progress["passes"],
            due_at=progress["due"],
            found=progress["found"],
            traces=frozenset(progress["traces"]),
            problem=progress["problem"],
            draft=progress.get("draft") or {},
            retrain=document["retrain"] or {},
            receipt=document["receipt"] or {},
        )


def request_erasure(db: Db, key: str, person: Person, *, by: str, keep_out: bool, clock: Clock = now) -> Erasure:
    """Request the erasure of `person` everywhere; returns the request that is under way, if there is one.

    `keep_out`: no import may bring the person back. A second request may add this wish. Raises Unavailable.
    """
    pseudonym, *others = Pseudonyms(key).pseudonyms(person)
    with reachable():
        while True:
            before = history(db, pseudonym)
            # One that was made under a former key, or of the reference as it was written then, serves as well.
            earlier = [erasure for other in others for erasure in history(db, other)]
            if open_now := [erasure for erasure in [*before, *earlier] if erasure.status is not Status.DONE]:
                if open_now[0].keep_out or not keep_out:
                    return open_now[0]
                under_way = {"_id": open_now[0].id, "status": {"$ne": Status.DONE.value}}
                db.erasures.update_one(under_way, {"$set": {"keep_out": True}})
                continue  # the request now has the wish, or has become done and needs a successor
            document: Document = {
                "_id": f"{pseudonym[:12]}-{len(before) + 1}",
                "pseudonym": pseudonym,
                "person": {"ref": person.ref, "campaign": person.campaign, "kind": person.kind},
                "keep_out": keep_out,
                "asked": {"by": by, "at": clock()},
                "status": Status.ASKED.value,
                "progress": _NO_PROGRESS,
                "retrain": None,
                "receipt": None,
            }
            try:
                db.erasures.insert_one(document)
            except DuplicateKeyError:
                continue  # another process made the same request at the same moment
            return Erasure.from_document(document)


def history(db: Db, pseudonym: str) -> list[Erasure]:
    """Every request for the person with this pseudonym, the newest first. Raises Unavailable."""
    with reachable():
        requests = [Erasure.from_document(document) for document in db.erasures.find({"pseudonym": pseudonym})]
    return sorted(requests, key=lambda request: int(request.id.rpartition("-")[2]), reverse=True)


def get(db: Db, id: str) -> Erasure:
    """The request `id`. Raises NotFound, Unavailable."""
    with reachable():
        document = db.erasures.find_one({"_id": id})
    if document is None:
        raise NotFound(Sentence("There is no erasure '{erasure}'.", erasure=id))
    return Erasure.from_document(document)


def newest(db: Db, many: int) -> list[Erasure]:
    """The last `many` requests, the newest first. Raises Unavailable."""
    with reachable():
        documents = db.erasures.find().sort([("asked.at", DESCENDING)]).limit(many)
        return [Erasure.from_document(document) for document in documents]


def under_way(db: Db) -> list[Erasure]:
    """Every request that is not done, the oldest first. Raises Unavailable."""
    with reachable():
        requests = [Erasure.from_document(document) for document in db.erasures.find({"status": {"$in": list(OPEN)}})]
    return sorted(requests, key=lambda request: (request.asked_at, request.id))


def due(db: Db, at: datetime) -> list[Erasure]:
    """The requests under way that need a pass at the moment `at`. Raises Unavailable."""
    return [request for request in under_way(db) if request.due_at is None or request.due_at <= at]


def write_progress(db: Db, erasure: Erasure, status: Status, **progress: Any) -> Erasure:
    """Write the status of `erasure` and the fields of `progress` that changed. Raises Unavailable."""
    with reachable():
        stored = db.erasures.find_one({"_id": erasure.id}, {"progress": 1})
        changed = {"status": status.value, "progress": {**(stored or {})["progress"], **progress}}
        db.erasures.update_one({"_id": erasure.id, "status": {"$in": list(OPEN)}}, {"$set": changed})
    return get(db, erasure.id)


def complete(db: Db, erasure: Erasure, receipt: Mapping[str, Any]) -> Erasure:
    """End `erasure`: it keeps the receipt and loses the person. Safe to repeat. Raises Unavailable."""
    progress = {**_NO_PROGRESS, "passes": erasure.passes, "found": dict(erasure.found)}
    ended = {"status": Status.DONE.value, "person": None, "progress": progress, "receipt": dict(receipt)}
    with reachable():
        db.erasures.update_one({"_id": erasure.id, "status": {"$in": list(OPEN)}}, {"$set": ended})
    return get(db, erasure.id)


def seal(receipt: Mapping[str, Any]) -> str:
    """The sha256 of a receipt. The event log stores it, so the owner of a receipt can prove that it is genuine."""
    return hashlib.sha256(json.dumps(receipt, sort_keys=True).encode()).hexdigest()


def request_training(db: Db, id: str, *, by: str, clock: Clock = now) -> None:
    """Request models without this person; only the first request is stored. Raises Unavailable."""
    request = {"by": by, "at": clock(), "run": "", "said": ""}
    with reachable():
        db.erasures.update_one({"_id": id, "retrain": None}, {"$set": {"retrain": request}})
