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
from core.calls.lifecycle import LIVE, claim_holder, epoch_seconds
from core.clock import Clock, now
from core.errors import InputError, NotFound
from core.sentences import Sentence
from core.stores import event_log
from core.stores.embedded_mongo import milliseconds
from core.stores.events import Event
from core.stores.mongo import Db, Document, count, reachable
from core.values.keys import same_key
from core.wishes.lookup import entries, forms
from core.wishes.wish import (
    MANAGER,
    Wish,
    gives_way,
    in_place_of,
    is_weaker,
    keys_of,
    person_key,
    scope_of,
    stored_form,
)

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
            listed = len(_on(db, batch, now()))
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
    source: str = MANAGER,
    until: datetime | None = None,
    campaign: str = "",
    progress: Callable[[int], None] = lambda _people: None,
    clock: Clock = now,
) -> Hits:
    """Put the people `refs` on the list, take them off every campaign, and return how many that affected.

    `source`: where the wish comes from (`core.wishes.wish`). `until`: when it ends. `campaign`: it holds there alone.
    Raises InputError without a reason, and Unavailable; people listed before the failure stay on the list.
    """
    require_reason(why)
    at, hits = clock(), Hits()
    require_later(until, at)
    scope = scope_of(db, campaign) if campaign else ""
    for batch in _batches(refs):
        with reachable():
            on = _on(db, batch, at, scope)
            new = [ref for ref in batch if ref not in on or is_weaker(on[ref], _end(until), at)]
            written = [ref for ref in batch if ref not in on or gives_way(on[ref], source, _end(until), at)]
            if written:
                wished = {
                    ref: _entry(ref, scope, Wish(_key(ref, at, scope), by, at, source, why, _end(until)))
                    for ref in written
                }
                keys = {ref: person_key(ref, scope) for ref in written}
                made = [UpdateOne({"_id": keys[ref]}, {"$setOnInsert": wished[ref]}, upsert=True) for ref in written]
                found = db.do_not_call.find({"_id": {"$in": list(keys.values())}})
                known = {entry["_id"]: entry for entry in found}
                again = [
                    UpdateOne(
                        {"_id": key, "wish.call": known[key]["wish"]["call"]},
                        {"$set": in_place_of(wished[ref], known[key])},
                    )
                    for ref, key in keys.items()
                    if key in known
                ]
                db.do_not_call.bulk_write([*made, *again])
            calls = {ref: entry["wish"]["call"] for ref, entry in _on(db, batch, at, scope).items()}
            # Not only the new ones: a run that died may have listed people and not yet taken them off.
            live = [person for person in _live(db, batch) if not campaign or person["campaign"] == campaign]
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


def remove_person(db: Db, ref: str, *, by: str, why: str, campaign: str = "", clock: Clock = now) -> list[str]:
    """Take a person off the list and return the campaigns in which the person is as before again.

    `campaign`: lifts the wish that holds there alone. Raises InputError without a reason, NotFound when the person is
    not on the list (any more), and Unavailable.
    """
    require_reason(why)
    at = clock()
    with reachable():
        scope = scope_of(db, campaign) if campaign else ""
        keys = [person_key(form, scope) for form in forms(ref)]
        found = list(entries(db, "do_not_call", keys, at).values())
    if not found:
        raise NotFound(
            Sentence("{ref} is not on the do-not-call list.", ref=ref),
            next=Sentence("Check that the key is written as in the file."),
        )
    with reachable():
        # The list first: whoever comes back is looked for in it. If this dies half way, the monitor brings them back.
        for entry in found:
            lifted = {"call": entry["wish"]["call"], "by": by, "at": at, "why": why}
            theirs = {"_id": entry["_id"], "wish.call": entry["wish"]["call"]}
            db.do_not_call.update_one(theirs, {"$set": {"lifted": lifted, "order": milliseconds(at)}})
        back = do_not_call.bring_back(
            db, do_not_call.prospects_of(db, ref), {key for entry in found for key in keys_of(entry)}, at
        )
    campaigns = sorted(key.partition(":")[0] for key in back)
    event_log.append(
        db, who=by, what=Event.TAKEN_OFF_DO_NOT_CALL, subject="do_not_call", why=why, people=1, campaigns=campaigns
    )
    return campaigns


def wish_of_person(db: Db, ref: str, *, campaign: str = "", clock: Clock = now) -> Wish | None:
    """The person's wish for all campaigns, or for `campaign` alone; None if there is none. Raises Unavailable."""
    with reachable():
        found = _on(db, [same_key(ref)], clock(), scope_of(db, campaign) if campaign else "")
    return next((Wish.from_entry(entry) for entry in found.values()), None)


def size(db: Db) -> int:
    """How many people are on the list. Raises Unavailable."""
    with reachable():
        return count(db.do_not_call, {}) - count(db.do_not_call, {"lifted.call": {"$gt": ""}})


def require_reason(why: str) -> None:
    """Raise InputError if the reason is missing."""
    if not why.strip():
        raise InputError(
            Sentence("The reason is missing"),
            kept=Sentence("Nothing was changed."),
            next=Sentence("Say in a few words why."),
        )


def require_later(until: datetime | None, at: datetime) -> None:
    """Raise InputError if the end of a wish is over at that moment."""
    if until is not None and until <= at:
        raise InputError(
            Sentence("The end of the wish is over"),
            kept=Sentence("Nothing was changed."),
            next=Sentence("Choose a later day, or no end."),
        )


def _key(ref: str, at: datetime, scope: str) -> str:
    """The key of a wish that no call made, in place of a call's."""
    return f"list:{epoch_seconds(at)}:{hashlib.sha256((scope + ref).encode()).hexdigest()[:16]}"


def _entry(ref: str, scope: str, wish: Wish) -> Document:
    """The document of a person's wish. `person`: of a wish for one campaign, whose key is not the reference alone."""
    return {**stored_form(wish, scope), **({"person": ref} if scope else {})}


def _end(until: datetime | None) -> int | None:
    return milliseconds(until) if until else None


def _on(db: Db, refs: Sequence[str], at: datetime, scope: str = "") -> dict[str, Document]:
    """The entries of those of `refs` who have a wish that holds, by their key."""
    keys = {person_key(form, scope): same_key(form) for ref in refs for form in forms(ref)}
    return {keys[key]: entry for key, entry in entries(db, "do_not_call", keys, at).items()}


def _live(db: Db, refs: Sequence[str]) -> list[Document]:
    """The prospects of these people, in all campaigns, who are still to be called."""
    statuses = {status.value for status in LIVE}
    prospects: list[Document] = []
    for campaign in list(db.campaigns.find({}, {"_id": 1})):
        keys = [f"{campaign['_id']}:{form}" for ref in refs for form in forms(ref)]
        prospects += db.prospects.find({"_id": {"$in": keys}})
    return [prospect for prospect in prospects if prospect["status"] in statuses]


def _batches(refs: Iterable[str]) -> Iterable[list[str]]:
    """The keys of `refs`, each once, in batches."""
    each = iter(dict.fromkeys(key for ref in refs if (key := same_key(ref))))
    while batch := list(islice(each, BATCH)):
        yield batch
