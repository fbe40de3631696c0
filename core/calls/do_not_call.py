"""People who asked not to be called again, in any campaign.

`ref`, the company's own key from the schema's `reference` column, identifies a person across campaigns, letter by
letter. Without that column a ref is only a row's number in one file: it is never put on this list, and the wish holds
in that campaign alone.

Each import and each claim checks the list, so it also covers a file that is being imported.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from pymongo.errors import DuplicateKeyError

from core.calls.lifecycle import LIVE, Result, Status, as_read, state
from core.stores.mongo import Db, Document, reachable


def add(db: Db, ref: str, *, by: str, at: datetime, call: str) -> None:
    """List a person who asked in `call`, and take them off all campaigns. Safe to repeat. Raises Unavailable."""
    entry = {"wish": {"by": by, "at": at, "call": call}, "lifted": None}
    with reachable():
        try:
            db.do_not_call.insert_one({"_id": ref, **entry})
        except DuplicateKeyError:
            db.do_not_call.update_one({"_id": ref, "lifted.call": {"$gt": ""}}, {"$set": entry})
        for prospect in everywhere(db, ref):
            if prospect["status"] in LIVE:
                put_off(db, prospect, call)


def lift(db: Db, ref: str, *, at: datetime, call: str) -> None:
    """Undo what `add` did for `call`, in all campaigns. Raises Unavailable."""
    with reachable():
        db.do_not_call.update_one({"_id": ref, "wish.call": call}, {"$set": {"lifted": {"call": call, "at": at}}})
        for prospect in everywhere(db, ref):
            off = prospect.get("off") or {}
            if off.get("call") == call and off.get("was"):
                db.prospects.update_one({"_id": prospect["_id"], "off.call": call}, {"$set": off["was"]})


def wish(db: Db, ref: str) -> Document | None:
    """This person's entry in the list, `{by, at, call}`, or None. Raises Unavailable."""
    with reachable():
        found = db.do_not_call.find_one({"_id": ref})
    return found["wish"] if found and not found["lifted"] else None


def keep_off(db: Db, prospects: Sequence[Document]) -> int:
    """Take listed people among the new `prospects` off their campaigns; returns how many. Raises Unavailable."""
    by_ref = {prospect["ref"]: prospect for prospect in prospects if prospect["status"] in LIVE}
    with reachable():
        entries = _entries(db, list(by_ref))
        for entry in entries:
            put_off(db, by_ref[entry["_id"]], entry["wish"]["call"])
    return len(entries)


def listed(db: Db, refs: Sequence[str]) -> int:
    """How many of the people `refs` are on the list. Raises Unavailable."""
    with reachable():
        return len(_entries(db, refs)) if refs else 0


def _entries(db: Db, refs: Sequence[str]) -> list[Document]:
    return [entry for entry in db.do_not_call.find({"_id": {"$in": list(refs)}}) if not entry["lifted"]]


def everywhere(db: Db, ref: str) -> list[Document]:
    """This person's prospects, at most one a campaign."""
    campaigns = [found["_id"] for found in db.campaigns.find({}, {"_id": 1})]
    return list(db.prospects.find({"_id": {"$in": [f"{campaign}:{ref}" for campaign in campaigns]}}))


def is_off(prospect: Document) -> bool:
    """Whether the prospect is off its list because the person asked not to be called."""
    off = prospect.get("off") or {}
    return prospect["status"] == Status.OFF and off.get("why") == Result.DO_NOT_CALL.value


def put_off(db: Db, prospect: Document, call: str) -> None:
    """Take `prospect` off its list because of `call`, unless it has changed since it was read."""
    db.prospects.update_one(*putting_off(prospect, call))


def putting_off(prospect: Document, call: str) -> tuple[Document, Document]:
    """The query and the update of `put_off`."""
    off = {"why": Result.DO_NOT_CALL.value, "call": call, "was": state(prospect)}
    changed = {**state(prospect), "status": Status.OFF.value, "again": None, "due": None, "off": off, "claim": None}
    return as_read(prospect), {"$set": changed}
