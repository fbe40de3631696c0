"""People who asked not to be called again, in whatever campaign they are.

A person is matched across campaigns by `ref`, the company's own key (the schema's `reference` column), letter by
letter. Without such a column a ref is only a row's number in one file, says nothing about another file's rows, and is
never put on this list: then the wish holds in its own campaign.

The list is asked at each import and again at each claim, so it also holds for a file that is coming in just now.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from pymongo.errors import DuplicateKeyError

from core.calls.lifecycle import LIVE, Result, Status, as_read, state
from core.stores.mongo import Db, Document, reachable


def add(db: Db, ref: str, *, by: str, at: datetime, call: str) -> None:
    """Put a person on the list, and off every campaign they are in. `call` is the key of the call that says so.

    Repeating it changes nothing. Raises Unavailable.
    """
    wished = {"wish": {"by": by, "at": at, "call": call}, "lifted": None}
    with reachable():
        try:
            db.do_not_call.insert_one({"_id": ref, **wished})
        except DuplicateKeyError:
            db.do_not_call.update_one({"_id": ref, "lifted.call": {"$gt": ""}}, {"$set": wished})
        for prospect in everywhere(db, ref):
            if prospect["status"] in LIVE:
                put_off(db, prospect, call)


def lift(db: Db, ref: str, *, at: datetime, call: str) -> None:
    """Take back what `add` did for `call`: the other campaigns are as they were. Raises Unavailable."""
    with reachable():
        db.do_not_call.update_one({"_id": ref, "wish.call": call}, {"$set": {"lifted": {"call": call, "at": at}}})
        for prospect in everywhere(db, ref):
            off = prospect.get("off") or {}
            if off.get("call") == call and off.get("was"):
                db.prospects.update_one({"_id": prospect["_id"], "off.call": call}, {"$set": off["was"]})


def wish(db: Db, ref: str) -> Document | None:
    """Who put this person on the list, when, after which call: `{by, at, call}`; None if they are not on it.

    Raises Unavailable.
    """
    with reachable():
        found = db.do_not_call.find_one({"_id": ref})
    return found["wish"] if found and not found["lifted"] else None


def keep_off(db: Db, prospects: Sequence[Document]) -> int:
    """Take those of `prospects`, as they were just written, off their lists who are on this one; returns how many.

    Raises Unavailable.
    """
    by_ref = {prospect["ref"]: prospect for prospect in prospects if prospect["status"] in LIVE}
    with reachable():
        found = [wish for wish in db.do_not_call.find({"_id": {"$in": list(by_ref)}}) if not wish["lifted"]]
        for listed in found:
            put_off(db, by_ref[listed["_id"]], listed["wish"]["call"])
    return len(found)


def listed(db: Db, refs: Sequence[str]) -> int:
    """How many of the people `refs` are on the list. Raises Unavailable."""
    if not refs:
        return 0
    with reachable():
        return sum(1 for wish in db.do_not_call.find({"_id": {"$in": list(refs)}}) if not wish["lifted"])


def everywhere(db: Db, ref: str) -> list[Document]:
    """The prospects who are this person, by key: one a campaign at most."""
    campaigns = [found["_id"] for found in db.campaigns.find({}, {"_id": 1})]
    return list(db.prospects.find({"_id": {"$in": [f"{campaign}:{ref}" for campaign in campaigns]}}))


def is_off(prospect: Document) -> bool:
    """Whether the prospect is off its list because the person asked not to be called."""
    off = prospect.get("off") or {}
    return prospect["status"] == Status.OFF and off.get("why") == Result.DO_NOT_CALL.value


def put_off(db: Db, prospect: Document, call: str) -> None:
    """Take `prospect`, as it was read, off its list because of `call`; nothing happens if it has moved on since."""
    db.prospects.update_one(*putting_off(prospect, call))


def putting_off(prospect: Document, call: str) -> tuple[Document, Document]:
    """The update that does so: whom it concerns, and what it changes."""
    off = {"why": Result.DO_NOT_CALL.value, "call": call, "was": state(prospect)}
    changed = {**state(prospect), "status": Status.OFF.value, "again": None, "due": None, "off": off, "claim": None}
    return as_read(prospect), {"$set": changed}
