"""People who asked not to be called again, in any campaign.

`ref`, the company's own key from the schema's `reference` column, identifies a person across campaigns, in every
spelling (`core.values.keys`); entries of earlier releases have the spelling of their file. Without that column a ref is
only a row's number in one file: it is never put on this list, and the wish holds in that campaign alone.

Each import and each claim checks the list, so it also covers a file that is being imported.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from pymongo.errors import DuplicateKeyError

from core.calls.lifecycle import LIVE, Result, Status, state, unchanged_query
from core.calls.rank_key import OFF_THE_LIST, rank_if_open
from core.clock import Clock, now
from core.schema.person import Person
from core.stores.mongo import Db, Document, reachable
from core.values.keys import same_key

FOLLOWED = "do-not-call"
"""The fact in `appliance` that says up to when `follow` has read the list."""
OVERLAP = timedelta(minutes=5)
"""Wishes are read again for this long, because a wish has the time of its call and is written a little later."""


def add(db: Db, ref: str, *, by: str, at: datetime, call: str) -> None:
    """List a person who asked in `call`, and take them off all campaigns. Safe to repeat. Raises Unavailable."""
    entry = {"wish": {"by": by, "at": at, "call": call}, "lifted": None}
    with reachable():
        try:
            db.do_not_call.insert_one({"_id": same_key(ref), **entry})
        except DuplicateKeyError:
            db.do_not_call.update_one({"_id": same_key(ref), "lifted.call": {"$gt": ""}}, {"$set": entry})
        for prospect in prospects_of(db, ref):
            if prospect["status"] in LIVE:
                take_off_list(db, prospect, call)


def lift(db: Db, ref: str, *, at: datetime, call: str) -> None:
    """Undo what `add` did for `call`, in all campaigns. Raises Unavailable."""
    with reachable():
        theirs = {"_id": {"$in": forms(ref)}, "wish.call": call}
        db.do_not_call.update_many(theirs, {"$set": {"lifted": {"call": call, "at": at}}})
        for prospect in prospects_of(db, ref):
            off = prospect.get("off") or {}
            if off.get("call") == call and off.get("was"):
                back = {**off["was"], **rank_if_open(prospect["campaign"], off["was"]["status"])}
                db.prospects.update_one({"_id": prospect["_id"], "off.call": call}, {"$set": back})


def entry_of(db: Db, ref: str) -> Document | None:
    """This person's entry in the list, `{by, at, call}`, or None. Raises Unavailable."""
    with reachable():
        entries = _entries(db, [ref])
    return entries[0]["wish"] if entries else None


def take_off_listed(db: Db, prospects: Sequence[Document]) -> int:
    """Take listed people among the new `prospects` off their campaigns; returns how many. Raises Unavailable."""
    live, many = [prospect for prospect in prospects if prospect["status"] in LIVE], 0
    with reachable():
        calls = {entry["_id"]: entry["wish"]["call"] for entry in _entries(db, [p["ref"] for p in live])}
        for prospect in live:
            if call := next((calls[form] for form in forms(prospect["ref"]) if form in calls), None):
                take_off_list(db, prospect, call)
                many += 1
    return many


def follow(db: Db, *, clock: Clock = now) -> int:
    """Take people off this kind's lists whose wish was recorded in another campaign kind; returns how many.

    Nobody with a wish is claimed anyway; this keeps the lists true. Safe to repeat. Raises Unavailable.
    """
    at, many = clock(), 0
    with reachable():
        mark = db.appliance.find_one({"_id": FOLLOWED})
        since = {"wish.at": {"$gte": mark["seen"]["at"] - OVERLAP}} if mark else {}
        for entry in list(db.do_not_call.find(since)):
            if entry["lifted"]:
                continue
            for prospect in prospects_of(db, entry["_id"]):
                if prospect["status"] in LIVE:
                    take_off_list(db, prospect, entry["wish"]["call"])
                    many += 1
        db.appliance.update_one({"_id": FOLLOWED}, {"$set": {"seen": {"at": at}}}, upsert=True)
    return many


def count_listed(db: Db, refs: Sequence[str]) -> int:
    """How many of the people `refs` are on the list. Raises Unavailable."""
    with reachable():
        return len(_entries(db, refs)) if refs else 0


def forms(ref: str) -> list[str]:
    """The keys under which the list and the campaigns can hold the person; earlier releases kept them as written."""
    return list(Person(ref).forms)


def _entries(db: Db, refs: Sequence[str]) -> list[Document]:
    keys = list(dict.fromkeys(form for ref in refs for form in forms(ref)))
    return [entry for entry in db.do_not_call.find({"_id": {"$in": keys}}) if not entry["lifted"]]


def prospects_of(db: Db, ref: str) -> list[Document]:
    """This person's prospects, at most one a campaign."""
    campaigns = [found["_id"] for found in db.campaigns.find({}, {"_id": 1})]
    return list(db.prospects.find({"_id": {"$in": Person(ref).keys(campaigns)}}))


def is_off(prospect: Document) -> bool:
    """Whether the prospect is off its list because the person asked not to be called."""
    off = prospect.get("off") or {}
    return prospect["status"] == Status.OFF and off.get("why") == Result.DO_NOT_CALL.value


def take_off_list(db: Db, prospect: Document, call: str) -> None:
    """Take `prospect` off its list because of `call`, unless it has changed since it was read."""
    db.prospects.update_one(*take_off_update(prospect, call))


def take_off_update(prospect: Document, call: str) -> tuple[Document, Document]:
    """The query and the update of `take_off_list`."""
    off = {"why": Result.DO_NOT_CALL.value, "call": call, "was": state(prospect)}
    changed = {
        **state(prospect),
        "status": Status.OFF.value,
        "again": None,
        "due": None,
        "off": off,
        "claim": None,
        **OFF_THE_LIST,
    }
    return unchanged_query(prospect), {"$set": changed}
