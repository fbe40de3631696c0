"""Prospects and what came of calling them: claim, release, record.

A prospect is `open` until it has a final outcome, then `done`. A claim is a lease, `{by, until}`, and taking it is one
find-and-update, so two agents never get the same person. It is one nested value because that also makes it atomic to
read, and because the embedded server turns a time that is set at the top level of a stored document into text.

The outcome is the truth and is written first; closing the prospect follows from it and is repeated by `settle` if a
process died between the two.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from pymongo import ReturnDocument

from core.clock import Clock, now
from core.errors import Conflict, NotFound
from core.mongo import Db, Document, count, reachable


class Result(StrEnum):
    """What came of a call."""

    SOLD = "sold"
    REFUSED = "refused"


def claim(db: Db, campaign: str, agent: str, *, minutes: float = 15.0, clock: Clock = now) -> Document | None:
    """The best free prospect of `campaign`, now held by `agent` for `minutes`; None when none is free.

    An agent who already holds one gets that one again, with its lease renewed.
    """
    at = clock()
    hold = {"$set": {"claim": {"by": agent, "until": at + timedelta(minutes=minutes)}}}
    waiting = {"campaign": campaign, "status": "open"}
    with reachable():
        mine = db.prospects.find_one_and_update(
            {**waiting, "claim.by": agent, "claim.until": {"$gt": at}}, hold, return_document=ReturnDocument.AFTER
        )
        return mine or db.prospects.find_one_and_update(
            {**waiting, "$or": [{"claim": None}, {"claim.until": {"$lte": at}}]},
            hold,
            sort=[("score", -1), ("ref", 1)],  # the order of the index
            return_document=ReturnDocument.AFTER,
        )


def release(db: Db, prospect: str, agent: str) -> None:
    """Give a claimed prospect back to the list. Nothing happens if `agent` does not hold it."""
    with reachable():
        db.prospects.update_one({"_id": prospect, "claim.by": agent, "status": "open"}, {"$set": {"claim": None}})


def record(
    db: Db, prospect: str, agent: str, result: Result, *, call: int = 1, at: datetime | None = None, clock: Clock = now
) -> Document:
    """Write the outcome of call number `call` and close the prospect. Repeating it changes nothing.

    Raises NotFound, and Conflict when another agent holds the prospect or another outcome was already recorded.
    """
    with reachable():
        found = db.prospects.find_one({"_id": prospect})
        if found is None:
            raise NotFound(f"There is no prospect '{prospect}'.", next="Take the next one from the list.")
        held = found["claim"]
        if found["status"] == "open" and held and held["until"] > clock() and held["by"] != agent:
            raise Conflict(
                f"'{prospect}' is now held by {held['by']}.",
                kept="Nothing was recorded.",
                next="Take the next one from the list; your hold on this one ran out.",
            )
        outcome: Document = {
            "_id": f"{prospect}:{call}",
            "prospect": prospect,
            "campaign": found["campaign"],
            "call": call,
            "result": result.value,
            "positive": result is Result.SOLD,
            "agent": agent,
            "at": at or clock(),
        }
        db.outcomes.update_one({"_id": outcome["_id"]}, {"$setOnInsert": outcome}, upsert=True)
        stored = db.outcomes.find_one({"_id": outcome["_id"]})
        if stored is None or stored["result"] != result.value or stored["agent"] != agent:
            raise Conflict(
                f"'{prospect}' already has the outcome '{stored['result'] if stored else 'none'}'.",
                kept="The first outcome stands.",
                next="Take the next one from the list.",
            )
        _close(db, stored)
        return stored


def settle(db: Db) -> int:
    """Close open prospects that have an outcome (a process died between the two writes); returns how many."""
    closed = 0
    with reachable():
        claimed = {"status": "open", "claim.by": {"$gt": ""}}
        for prospect in db.prospects.find(claimed, {"_id": 1}):
            outcome = db.outcomes.find_one({"prospect": prospect["_id"]})
            if outcome is not None:
                _close(db, outcome)
                closed += 1
    return closed


def counts(db: Db, campaign: str) -> dict[str, int]:
    """How many prospects of `campaign` are open, how many done, and how many sales there are."""
    with reachable():
        return {
            "open": count(db.prospects, {"campaign": campaign, "status": "open"}),
            "done": count(db.prospects, {"campaign": campaign, "status": "done"}),
            "sold": count(db.outcomes, {"campaign": campaign, "positive": True}),
        }


def _close(db: Db, outcome: Document) -> None:
    db.prospects.update_one({"_id": outcome["prospect"]}, {"$set": {"status": "done", "claim": None}})
