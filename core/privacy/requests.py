"""Erasing a person: who is meant, the request of a manager, its life, and the receipt it ends as.

A request is one document of `erasures`, and goes one way only:

    asked → erasing → watching → done
               ↑__________|

Each pass goes through every place (`core.privacy.reject_rows`), counts what lies there, removes it, and looks again.
What was under way while it went by (a call being recorded, a ranking being answered) may come in behind it, so a second
pass follows after `QUIET`, and passes go on until one finds nothing. Only then is the request done: the person's key
and whatever else was written down to find them leave the document, and a receipt without them stays. A process may be
killed at any point: the next one begins the pass again, and a pass changes nothing that is already as it should be.

Who was erased is kept as a keyed hash. It identifies the person in a second request, and in an import that would bring
back somebody who must stay out (`core.imports.kept_out`). With the key it can be told whether a given reference is
meant, so in the strict sense it is personal data still; without the key it says nothing.
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
from core.stores.mongo import SILENCE, Db, Document, reachable

QUIET = timedelta(seconds=SILENCE)
"""After this no operation is under way any more that began before: so long a server is waited for at most."""


class Status(StrEnum):
    """How far a request is."""

    ASKED = "asked"
    ERASING = "erasing"
    WATCHING = "watching"
    DONE = "done"


OPEN = tuple(status.value for status in Status if status is not Status.DONE)


@dataclass(frozen=True)
class Erasure:
    """A request as it stands. `person` is None once it is done. `found`: by place, what each pass found there."""

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
        """What places are told. Raises NotFound once the person is forgotten."""
        if self.person is None:
            raise NotFound(
                Sentence("Who was erased under {erasure} is forgotten.", erasure=self.id),
                next=Sentence("Its receipt says what was done."),
            )
        return Subject(self.person, self.id, self.traces)

    def removed(self, place: str) -> int:
        """What all passes together found in `place`, and removed."""
        return sum(self.found.get(place, {}).values())

    @classmethod
    def from_document(cls, document: Document) -> Self:
        """The request in a document of `erasures`."""
        named, progress = document["person"], document["progress"]
        return cls(
            id=document["_id"],
            pseudonym=document["pseudonym"],
            person=Person(named["ref"], named["campaign"]) if named else None,
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


def ask(db: Db, key: str, person: Person, *, by: str, keep_out: bool, clock: Clock = now) -> Erasure:
    """Ask for `person` to be erased everywhere; while that is under way, asking again finds the same request.

    Whoever asks for them to be kept out is heard also then.

    `keep_out`: they must not come in again by another import either. Raises Unavailable.
    """
    pseudonym = Pseudonyms(key).pseudonym(person)
    with reachable():
        while True:
            before = history(db, pseudonym)
            if before and before[0].status is not Status.DONE:
                if before[0].keep_out or not keep_out:
                    return before[0]
                under_way = {"_id": before[0].id, "status": {"$ne": Status.DONE.value}}
                db.erasures.update_one(under_way, {"$set": {"keep_out": True}})
                continue  # it has the wish now, or is done: then it is asked for once more
            asked: Document = {
                "_id": f"{pseudonym[:12]}-{len(before) + 1}",
                "pseudonym": pseudonym,
                "person": {"ref": person.ref, "campaign": person.campaign},
                "keep_out": keep_out,
                "asked": {"by": by, "at": clock()},
                "status": Status.ASKED.value,
                "progress": {"passes": 0, "due": None, "found": {}, "traces": [], "problem": ""},
                "retrain": None,
                "receipt": None,
            }
            try:
                db.erasures.insert_one(asked)
            except DuplicateKeyError:
                continue  # somebody asked for the same at the same moment
            return Erasure.from_document(asked)


def history(db: Db, pseudonym: str) -> list[Erasure]:
    """Every request for the person of this keyed hash, the newest first. Raises Unavailable."""
    with reachable():
        found = [Erasure.from_document(one) for one in db.erasures.find({"pseudonym": pseudonym})]
    return sorted(found, key=lambda one: int(one.id.rpartition("-")[2]), reverse=True)


def get(db: Db, id: str) -> Erasure:
    """The request `id`. Raises NotFound, Unavailable."""
    with reachable():
        found = db.erasures.find_one({"_id": id})
    if found is None:
        raise NotFound(Sentence("There is no erasure '{erasure}'.", erasure=id))
    return Erasure.from_document(found)


def newest(db: Db, many: int) -> list[Erasure]:
    """The last `many` requests, the newest first. Raises Unavailable."""
    with reachable():
        return [Erasure.from_document(one) for one in db.erasures.find().sort([("asked.at", DESCENDING)]).limit(many)]


def under_way(db: Db) -> list[Erasure]:
    """Every request that is not done, the oldest first. Raises Unavailable."""
    with reachable():
        found = [Erasure.from_document(one) for one in db.erasures.find({"status": {"$in": list(OPEN)}})]
    return sorted(found, key=lambda one: (one.asked_at, one.id))


def due(db: Db, at: datetime) -> list[Erasure]:
    """Those under way of whom a pass is to be made at the moment `at`. Raises Unavailable."""
    return [one for one in under_way(db) if one.due_at is None or one.due_at <= at]


def note(db: Db, erasure: Erasure, status: Status, **progress: Any) -> Erasure:
    """Write how far `erasure` is; `progress` has what changes of it. For who makes the pass. Raises Unavailable."""
    with reachable():
        stands = db.erasures.find_one({"_id": erasure.id}, {"progress": 1})
        changed = {"status": status.value, "progress": {**(stands or {})["progress"], **progress}}
        db.erasures.update_one({"_id": erasure.id, "status": {"$in": list(OPEN)}}, {"$set": changed})
    return get(db, erasure.id)


def forget(db: Db, erasure: Erasure, receipt: Mapping[str, Any]) -> Erasure:
    """End `erasure`: the receipt stays, and who it was is gone from it. Safe to repeat. Raises Unavailable."""
    progress: Document = {
        "passes": erasure.passes,
        "due": None,
        "found": dict(erasure.found),
        "traces": [],
        "problem": "",
    }
    ended = {"status": Status.DONE.value, "person": None, "progress": progress, "receipt": dict(receipt)}
    with reachable():
        db.erasures.update_one({"_id": erasure.id, "status": {"$in": list(OPEN)}}, {"$set": ended})
    return get(db, erasure.id)


def sealed(receipt: Mapping[str, Any]) -> str:
    """The sha256 of a receipt, which the event log keeps: whoever holds a receipt can show that it is the one."""
    return hashlib.sha256(json.dumps(receipt, sort_keys=True).encode()).hexdigest()


def ask_for_training(db: Db, id: str, *, by: str, clock: Clock = now) -> None:
    """Ask for models without this person; who asked first stands. Raises Unavailable."""
    wanted = {"by": by, "at": clock(), "run": "", "said": ""}
    with reachable():
        db.erasures.update_one({"_id": id, "retrain": None}, {"$set": {"retrain": wanted}})
