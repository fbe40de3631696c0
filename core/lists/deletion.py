"""A manager's requests to delete a campaign, from the request to the receipt.

A request is one document of `deletions`, `{campaign}:{when the campaign was made, in seconds}`:

    asked → deleting → watching → done

The campaign is closed and marked at once, so that nobody is offered and no file comes in. Everything is counted before
the first removal, and these counts become the receipt; so a process that dies on the way is repeated, with the same
end. An operation under way may write a record behind the pass, so another pass follows after `QUIET`. The worker
deletes (`trainer.privacy.campaigns`), because no training may read a campaign that is half there.

What goes: the campaign with its script, its people, their calls, outcomes and predictions, its imports and the files of
rejected rows. What stays: datasets and models that learnt from it, with their lineage, so that each model can be
reproduced; wishes not to be called; events, which name nobody; this receipt. The next training learns without it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Self

from pymongo import DESCENDING
from pymongo.errors import DuplicateKeyError

from core.calls.campaigns import State, title_of
from core.calls.lifecycle import claim_holder, epoch_seconds
from core.clock import Clock, now
from core.errors import Conflict, InputError, NotFound
from core.lists import import_log, logged_import
from core.scoring.packed import count_rows
from core.sentences import Sentence
from core.stores.embedded_mongo import remove_by_key
from core.stores.mongo import SOCKET_TIMEOUT_SECONDS, Db, Document, count, reachable

QUIET = timedelta(seconds=SOCKET_TIMEOUT_SECONDS)
"""Every operation that began before this time has ended, because nobody waits longer for a server."""
BATCH = 5_000
LONGEST = 200  # characters of a reason
NOTHING_DELETED = Sentence("Nothing was deleted.")


class Status(StrEnum):
    """The progress of a request."""

    ASKED = "asked"
    DELETING = "deleting"
    WATCHING = "watching"
    DONE = "done"


@dataclass(frozen=True)
class Deletion:
    """A request. `counts`: the number of records by place, as they were before the first removal."""

    id: str
    campaign: str
    title: str
    by: str
    why: str
    asked_at: datetime
    status: Status
    due_at: datetime | None = None
    counts: Mapping[str, int] = field(default_factory=dict)
    ended_at: datetime | None = None

    @classmethod
    def from_document(cls, document: Document) -> Self:
        """The request in a document of `deletions`."""
        asked, progress = document["asked"], document["progress"]
        return cls(
            id=document["_id"],
            campaign=document["campaign"],
            title=document["title"],
            by=asked["by"],
            why=asked["why"],
            asked_at=asked["at"],
            status=Status(document["status"]),
            due_at=progress["due"],
            counts=progress["counts"],
            ended_at=progress["ended"],
        )

    def receipt(self) -> dict[str, Any]:
        """What was deleted, for people and programs."""
        return {
            "number": self.id,
            "campaign": self.campaign,
            "title": self.title,
            "by": self.by,
            "why": self.why,
            "asked_at": self.asked_at.isoformat(),
            "done_at": self.ended_at.isoformat() if self.ended_at else None,
            "deleted": dict(self.counts),
        }


def places(campaign: str) -> list[tuple[str, Document]]:
    """The queries of a campaign's documents with their collections, in the order in which they are removed.

    Calls go first, because `core.calls.claims.settle_calls` makes missing records of them. Outcomes go before
    prospects, because an outcome without a prospect would stop a training.
    """
    of_campaign: Document = {"campaign": campaign}
    # `;` follows `:`. A packed record names its campaign; its people may be of none (`core.scoring.packed`).
    of_one: Document = {"prospect": {"$gte": f"{campaign}:", "$lt": f"{campaign};"}, "campaign": {"$in": [None]}}
    return [
        ("calls", of_campaign),
        ("contacts", of_campaign),
        ("outcomes", of_campaign),
        ("prospects", of_campaign),
        ("predictions", of_campaign),
        ("predictions", of_one),
        ("imports", of_campaign),
    ]


def ask(db: Db, campaign: str, *, typed: str, by: str, why: str, clock: Clock = now) -> Deletion:
    """Request the deletion of `campaign`, whose title is `typed` to confirm; returns the request under way, if any.

    Raises NotFound; InputError for another title or without a reason; Conflict while agents have people of the campaign
    or a file is imported; Unavailable.
    """
    with reachable():
        found = db.campaigns.find_one({"_id": campaign})
        if found is None:
            raise NotFound(Sentence("There is no campaign '{campaign}'.", campaign=campaign))
        why = _confirmed(found, typed, why)
        if not found.get("deleting"):
            _refuse_under_way(db, campaign, clock)
        at = clock()
        key = f"{campaign}:{epoch_seconds(found['created_at'])}"
        request: Document = {
            "_id": key,
            "campaign": campaign,
            "title": title_of(found),
            "asked": {"by": by, "at": at, "why": why},
            "status": Status.ASKED.value,
            "order": epoch_seconds(at),
            "progress": {"due": None, "counts": {}, "ended": None},
        }
        with suppress(DuplicateKeyError):  # asked for before, by a process that died or by a colleague
            db.deletions.insert_one(request)
        closed = {"state": {"is": State.CLOSED.value, "by": by, "at": at}, "deleting": {"by": by, "at": at}}
        db.campaigns.update_one({"_id": campaign}, {"$set": closed})
    return get(db, key)


def get(db: Db, id: str) -> Deletion:
    """The request `id`. Raises NotFound, Unavailable."""
    with reachable():
        document = db.deletions.find_one({"_id": id})
    if document is None:
        raise NotFound(Sentence("There is no deletion '{deletion}'.", deletion=id))
    return Deletion.from_document(document)


def newest(db: Db, many: int) -> list[Deletion]:
    """The last `many` requests, the newest first. Raises Unavailable."""
    with reachable():
        return [Deletion.from_document(d) for d in db.deletions.find().sort([("order", DESCENDING)]).limit(many)]


def due(db: Db, at: datetime) -> list[Deletion]:
    """The requests that need a pass at the moment `at`. Raises Unavailable."""
    open_ones = [status.value for status in Status if status is not Status.DONE]
    with reachable():
        found = [Deletion.from_document(d) for d in db.deletions.find({"status": {"$in": open_ones}})]
    return [one for one in sorted(found, key=lambda one: one.id) if one.due_at is None or one.due_at <= at]


def note(db: Db, deletion: Deletion, status: Status, **progress: Any) -> Deletion:
    """Write the status of `deletion` and the fields of `progress` that changed. Raises Unavailable."""
    with reachable():
        stored = db.deletions.find_one({"_id": deletion.id}, {"progress": 1}) or {}
        changed = {"status": status.value, "progress": {**stored["progress"], **progress}}
        db.deletions.update_one({"_id": deletion.id}, {"$set": changed})
    return get(db, deletion.id)


def counts(db: Db, campaign: str) -> dict[str, int]:
    """The number of documents in each place. Raises Unavailable."""
    found: Counter[str] = Counter()
    with reachable():
        for name, query in places(campaign):
            found[name] += _rows(db, query) if name == "predictions" else count(db[name], query)
    return dict(found)


def _rows(db: Db, query: Document) -> int:
    return sum(count_rows(record) for record in db.predictions.find(query, {"many": 1}))


def remove(db: Db, campaign: str) -> int:
    """Remove the documents of `campaign` in every place; returns how many. Safe to repeat. Raises Unavailable."""
    many = 0
    with reachable():
        for name, query in places(campaign):
            fields = {"many": 1} if name == "predictions" else {"_id": 1}
            while found := list(db[name].find(query, fields).limit(BATCH)):
                remove_by_key(db[name], [str(document["_id"]) for document in found])
                many += sum(map(count_rows, found))
    return many


def _confirmed(campaign: Document, typed: str, why: str) -> str:
    if typed.strip() != title_of(campaign):
        raise InputError(
            Sentence("The name typed to confirm is not '{title}'", title=title_of(campaign)),
            kept=NOTHING_DELETED,
            next=Sentence("Type the campaign's name, letter by letter."),
        )
    why = " ".join(why.split())
    if not why or len(why) > LONGEST:
        raise InputError(
            Sentence("A reason has 1 to {longest} characters", longest=LONGEST),
            kept=NOTHING_DELETED,
            next=Sentence("Say in a few words why the campaign is deleted."),
        )
    return why


def _refuse_under_way(db: Db, campaign: str, clock: Clock) -> None:
    claims = [p for p in db.prospects.aggregate([{"$match": {"claim.by": {"$gt": ""}}}]) if p["campaign"] == campaign]
    if held := [claim_holder(p, clock()) for p in claims if claim_holder(p, clock())]:
        raise Conflict(
            Sentence(
                "Agents are calling people of this campaign: {agents}.", agents=", ".join(sorted(set(map(str, held))))
            ),
            kept=NOTHING_DELETED,
            next=Sentence("Close the campaign, and delete it when they have recorded their results."),
        )
    going = (logged_import.State.RUNNING, logged_import.State.UNDOING)
    if any(entry.state in going for entry in import_log.into(db, campaign, clock)):
        raise Conflict(
            Sentence("A file is being imported into this campaign, or undone."),
            kept=NOTHING_DELETED,
            next=Sentence("Wait for its end."),
        )
