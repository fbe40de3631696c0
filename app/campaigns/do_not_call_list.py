"""Changes to the do-not-call list: a whole list is put on, one person is put on or taken off.

A change applies at once in every campaign (`core.calls.do_not_call`). Putting on the same list again changes nothing,
so a run that stopped half way is simply repeated. Name and reason are stored with the person's entry. The event log
records only numbers, because no person's key could ever be removed from it.
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
from core.calls.lifecycle import LIVE, Status, claim_holder, epoch_seconds
from core.calls.rank_key import rank_if_open
from core.clock import Clock, now
from core.errors import InputError, NotFound
from core.sentences import Sentence
from core.stores import event_log
from core.stores.events import Event
from core.stores.mongo import Db, Document, count, reachable
from core.values.keys import same_key

BATCH = 1_000


@dataclass
class Hits:
    """The people a list affects: `new` and `known` ones, and by campaign how many are still to be called."""

    new: int = 0
    known: int = 0
    campaigns: Counter[str] = field(default_factory=Counter)


def preview(db: Db, refs: Iterable[str]) -> Hits:
    """The people whom putting on `refs` would affect. Raises Unavailable."""
    hits = Hits()
    for batch in _batches(refs):
        with reachable():
            listed = len(_on(db, batch))
            hits.known += listed
            hits.new += len(batch) - listed
            hits.campaigns.update(prospect["campaign"] for prospect in _live(db, batch))
    return hits


def add_people(
    db: Db,
    refs: Iterable[str],
    *,
    by: str,
    why: str,
    progress: Callable[[int], None] = lambda _people: None,
    clock: Clock = now,
) -> Hits:
    """Put the people `refs` on the list, take them off every campaign, and return how many that affected.

    Raises InputError without a reason, and Unavailable; people listed before the failure stay on the list.
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
            # Not only the new ones: a run that died may have listed people and not yet taken them off.
            live = _live(db, batch)
            # A person on the phone stays claimed, so that the agent can still record the result. Every claim checks
            # the list, so nobody calls the person after that. An update matches only what was read, so a person who
            # is claimed between these lines stays claimed, too.
            free = [person for person in live if not claim_holder(person, at)]
            off = [UpdateOne(*do_not_call.take_off_update(person, calls[same_key(person["ref"])])) for person in free]
            if off:
                db.prospects.bulk_write(off, ordered=False)
        hits.new += len(new)
        hits.known += len(on)
        hits.campaigns.update(prospect["campaign"] for prospect in live)
        progress(hits.new + hits.known)
    if hits.new or hits.campaigns:
        what, campaigns = Event.PUT_ON_DO_NOT_CALL, dict(hits.campaigns)
        event_log.append(db, who=by, what=what, subject="do_not_call", why=why, people=hits.new, campaigns=campaigns)
    return hits


def remove_person(db: Db, ref: str, *, by: str, why: str, clock: Clock = now) -> list[str]:
    """Take a person off the list and return the campaigns in which the person is as before again.

    Raises InputError without a reason, NotFound when the person is not on the list (any more), and Unavailable.
    """
    _require(why)
    wish = do_not_call.entry_of(db, ref)
    if wish is None:
        raise NotFound(
            Sentence("{ref} is not on the do-not-call list.", ref=ref),
            next=Sentence("Check that the key is written as in the file."),
        )
    back = []
    with reachable():
        # Campaigns first: if this dies half way, the person is still listed, and a second try does the rest.
        for prospect in do_not_call.prospects_of(db, ref):
            before = _before(db, prospect, wish["call"])
            if before is not None:
                seen = {"_id": prospect["_id"], "status": Status.OFF.value, "off.call": wish["call"]}
                listed = rank_if_open(str(prospect["campaign"]), before["status"])
                db.prospects.update_one(seen, {"$set": {**before, **listed}})
                back.append(str(prospect["campaign"]))
        lifted = {"call": wish["call"], "by": by, "at": clock(), "why": why}
        theirs = {"_id": {"$in": do_not_call.forms(ref)}, "wish.call": wish["call"]}
        db.do_not_call.update_many(theirs, {"$set": {"lifted": lifted}})
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
    """The entry of a person whom no call put on the list; its `call` is a key in place of a call's."""
    return {
        "by": by,
        "at": at,
        "call": f"list:{epoch_seconds(at)}:{hashlib.sha256(ref.encode()).hexdigest()[:16]}",
        "why": why,
    }


def _before(db: Db, prospect: Document, call: str) -> Document | None:
    """The state of `prospect` before the wish `call` took it off; None if that wish did not take it off."""
    off = prospect.get("off") or {}
    if prospect["status"] != Status.OFF or off.get("call") != call:
        return None
    if off.get("was"):
        return dict(off["was"])
    wishing = db.calls.find_one({"_id": call})  # the call in which the person asked not to be called
    return {**wishing["before"], "claim": None} if wishing else None


def _on(db: Db, refs: Sequence[str]) -> dict[str, Document]:
    """The wishes of those of `refs` who are on the list, by their key."""
    entries = db.do_not_call.find({"_id": {"$in": [form for ref in refs for form in do_not_call.forms(ref)]}})
    return {same_key(entry["_id"]): entry["wish"] for entry in entries if not entry["lifted"]}


def _live(db: Db, refs: Sequence[str]) -> list[Document]:
    """The prospects of these people, in all campaigns, who are still to be called."""
    statuses = {status.value for status in LIVE}
    prospects: list[Document] = []
    for campaign in list(db.campaigns.find({}, {"_id": 1})):
        keys = [f"{campaign['_id']}:{form}" for ref in refs for form in do_not_call.forms(ref)]
        prospects += db.prospects.find({"_id": {"$in": keys}})
    return [prospect for prospect in prospects if prospect["status"] in statuses]


def _batches(refs: Iterable[str]) -> Iterable[list[str]]:
    """The keys of `refs`, each once, in batches."""
    each = iter(dict.fromkeys(key for ref in refs if (key := same_key(ref))))
    while batch := list(islice(each, BATCH)):
        yield batch
