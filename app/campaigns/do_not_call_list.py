"""The do-not-call list as whoever looks after it works on it: whole lists put on, one person put on or taken off.

Everything holds at once in every campaign (`core.calls.do_not_call`). Putting on the same list again changes nothing,
so one that was stopped half way goes on. Who did it and why stays with the person's entry; the event log has the
numbers and no keys of people, because nothing can be taken out of it.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice

from pymongo import UpdateOne

from core.calls import do_not_call
from core.calls.lifecycle import LIVE, Status, holder, seconds
from core.clock import Clock, now
from core.errors import InputError, NotFound
from core.sentences import Sentence
from core.stores import event_log
from core.stores.events import Event
from core.stores.mongo import Db, Document, count, reachable

BATCH = 1_000


@dataclass
class Hits:
    """Whom a list concerns: people on it `new` and `known`, and how many are still to be called, by campaign."""

    new: int = 0
    known: int = 0
    campaigns: Counter[str] = field(default_factory=Counter)


def preview(db: Db, refs: Iterable[str]) -> Hits:
    """Whom putting on `refs` would concern. Raises Unavailable."""
    hits = Hits()
    for batch in _batches(refs):
        with reachable():
            on = _on(db, batch)
            hits.known += len(on)
            hits.new += len(batch) - len(on)
            hits.campaigns.update(prospect["campaign"] for prospect in _live(db, batch))
    return hits


def put_on(
    db: Db,
    refs: Iterable[str],
    *,
    by: str,
    why: str,
    progress: Callable[[int], None] = lambda _people: None,
    clock: Clock = now,
) -> Hits:
    """Put the people `refs` on the list, and off every campaign they are in, and say whom it concerned.

    Raises InputError without a reason, and Unavailable; who is on the list by then stays on it.
    """
    _require(why)
    at, hits = clock(), Hits()
    for batch in _batches(refs):
        with reachable():
            on = _on(db, batch)
            new = [ref for ref in batch if ref not in on]
            wished = {ref: {"wish": _wish(ref, by, why, at), "lifted": None} for ref in new}
            if new:
                made = [UpdateOne({"_id": ref}, {"$setOnInsert": wished[ref]}, upsert=True) for ref in new]
                again = [UpdateOne({"_id": ref, "lifted.call": {"$gt": ""}}, {"$set": wished[ref]}) for ref in new]
                db.do_not_call.bulk_write([*made, *again])
            calls = {ref: wish["call"] for ref, wish in _on(db, batch).items()}
            # All of them, not the new ones alone: a run that died may have listed them and gone no further.
            live = _live(db, batch)
            # Who is on the phone just now stays on their agent's desk, so that what they say can still be recorded;
            # the wish holds from the next call on, because it is looked for at each. Whoever is claimed between these
            # lines is not as they were read, and stays, too.
            free = [person for person in live if not holder(person, at)]
            off = [UpdateOne(*do_not_call.putting_off(person, calls[person["ref"]])) for person in free]
            if off:
                db.prospects.bulk_write(off, ordered=False)
        hits.new += len(new)
        hits.known += len(on)
        hits.campaigns.update(prospect["campaign"] for prospect in live)
        progress(hits.new + hits.known)
    if hits.new or hits.campaigns:
        concerned = dict(hits.campaigns)
        event_log.append(
            db,
            who=by,
            what=Event.PUT_ON_DO_NOT_CALL,
            subject="do_not_call",
            why=why,
            people=hits.new,
            campaigns=concerned,
        )
    return hits


def take_off(db: Db, ref: str, *, by: str, why: str, clock: Clock = now) -> list[str]:
    """Take a person off the list; the campaigns in which they stand as before again. Repeating it raises NotFound.

    Raises InputError without a reason, NotFound when they are not on the list, and Unavailable.
    """
    _require(why)
    wish = do_not_call.wish(db, ref)
    if wish is None:
        raise NotFound(
            Sentence("{ref} is not on the do-not-call list.", ref=ref),
            next=Sentence("Look whether the key is written as in the file."),
        )
    back = []
    with reachable():
        # First the campaigns: if this dies half way, the person is still on the list, and taking off again goes on.
        for prospect in do_not_call.everywhere(db, ref):
            before = _before(db, prospect, wish["call"])
            if before is not None:
                seen = {"_id": prospect["_id"], "status": Status.OFF.value, "off.call": wish["call"]}
                db.prospects.update_one(seen, {"$set": before})
                back.append(str(prospect["campaign"]))
        lifted = {"call": wish["call"], "by": by, "at": clock(), "why": why}
        db.do_not_call.update_one({"_id": ref, "wish.call": wish["call"]}, {"$set": {"lifted": lifted}})
    event_log.append(
        db, who=by, what=Event.TAKEN_OFF_DO_NOT_CALL, subject="do_not_call", why=why, people=1, campaigns=sorted(back)
    )
    return sorted(back)


def size(db: Db) -> int:
    """How many people are on the list. Raises Unavailable."""
    with reachable():
        return count(db.do_not_call, {}) - count(db.do_not_call, {"lifted.call": {"$gt": ""}})


def _require(why: str) -> None:
    if not why.strip():
        raise InputError(
            Sentence("The reason is missing"),
            kept=Sentence("Nothing was changed."),
            next=Sentence("Say in a few words why."),
        )


def _wish(ref: str, by: str, why: str, at: datetime) -> Document:
    """What is kept of who put a person on; its `call` is none, but a key of its own, as that of a call would be."""
    return {
        "by": by,
        "at": at,
        "call": f"list:{seconds(at)}:{hashlib.sha256(ref.encode()).hexdigest()[:16]}",
        "why": why,
    }


def _before(db: Db, prospect: Document, call: str) -> Document | None:
    """What `prospect` was before the wish `call` took it off; None if something else did, or nothing."""
    off = prospect.get("off") or {}
    if prospect["status"] != Status.OFF or off.get("call") != call:
        return None
    if off.get("was"):
        return dict(off["was"])
    made = db.calls.find_one({"_id": call})  # the call in which they said so
    return {**made["before"], "claim": None} if made else None


def _on(db: Db, refs: Sequence[str]) -> dict[str, Document]:
    found = db.do_not_call.find({"_id": {"$in": list(refs)}})
    return {entry["_id"]: entry["wish"] for entry in found if not entry["lifted"]}


def _live(db: Db, refs: Sequence[str]) -> list[Document]:
    """The prospects who are these people and still to be called."""
    statuses = {status.value for status in LIVE}
    campaigns = [found["_id"] for found in db.campaigns.find({}, {"_id": 1})]
    found: list[Document] = []
    for campaign in campaigns:
        found += db.prospects.find({"_id": {"$in": [f"{campaign}:{ref}" for ref in refs]}})
    return [prospect for prospect in found if prospect["status"] in statuses]


def _batches(refs: Iterable[str]) -> Iterable[list[str]]:
    """`refs` without repetitions and gaps, in batches."""
    each = iter(dict.fromkeys(ref.strip() for ref in refs if ref.strip()))
    while batch := list(islice(each, BATCH)):
        yield batch
