"""Finishes, after a restore, the calls of the seconds in which MongoDB was copied collection by collection.

The copy has prospects first, then outcomes, then calls (`bootstrap.backup.copies.mongo_dump`). So it may have a call
that its prospect does not know yet, and the outcome of a call that was taken back since. All that follows from a call
is in the call itself: `core.calls.recording.finish` writes it again. Only calls from shortly before the copy on are
looked at.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from core.calls import do_not_call
from core.calls.lifecycle import STANDARD, Result, changes_state, state
from core.calls.rank_key import rank_if_open
from core.calls.recording import finish
from core.stores.mongo import Db, Document, reachable

BEFORE = timedelta(minutes=2) + STANDARD.undo
"""How long before the copy a call may have been recorded whose last write, or whose undo, came during the copy."""


def mend(db: Db, copied_at: datetime) -> int:
    """Finish the calls of one kind's database that are half there; returns how many. Safe to repeat.

    Raises Unavailable.
    """
    mended = 0
    with reachable():
        calls = sorted(
            db.calls.find({"at": {"$gte": copied_at - BEFORE}}), key=lambda call: (call["prospect"], call["call"])
        )
        for call in calls:
            prospect = db.prospects.find_one({"_id": call["prospect"]})
            if prospect is None:
                continue  # a late call of somebody who was withdrawn or deleted since
            made = int(prospect.get("calls") or 0)
            if call.get("undone"):
                mended += _take_back(db, call, prospect, made)
            elif made < call["call"]:
                finish(db, call)
                mended += 1
    return mended


def _take_back(db: Db, call: Document, prospect: Document, made: int) -> bool:
    """Make sure that nothing of an undone call is left, and that its number is not given again."""
    outcome = db.outcomes.delete_one({"_id": call["_id"]}).deleted_count
    as_left = made == call["call"] and state(prospect) == call["after"] and changes_state(call)
    if made >= call["call"] and not as_left:
        return bool(outcome)
    if Result(call["result"]) is Result.DO_NOT_CALL and call["everywhere"]:
        do_not_call.lift(db, call["ref"], at=call["undone"]["at"], call=call["_id"])
    again: Document = {"calls": call["call"]}
    if changes_state(call):
        listed = rank_if_open(call["campaign"], call["before"]["status"])
        taken_back = int(prospect.get("taken_back") or 0) + 1
        again |= {**call["before"], "taken_back": taken_back, "claim": None, **listed}
    db.prospects.update_one({"_id": prospect["_id"], "calls": prospect.get("calls")}, {"$set": again})
    return True
