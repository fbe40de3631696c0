"""Claims of prospects on the call list: who is next, and who is left.

A claim is `{by, until}` and expires. One find-and-update on the state that was read takes it, so two agents never get
the same person. It is one nested value: such a value is read atomically, and the embedded server turns a time that is
set at the top level of a stored document into text.

The next prospect is read from the index, and then taken by key: updates of the embedded server use no other index than
that of keys, and ignore conditions beside an `$or`.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime

from core.calls import campaigns, do_not_call
from core.calls.filters import EVERYBODY, CallFilter, best
from core.calls.lifecycle import CALLABLE, LIVE, STANDARD, CallRules, Status, holder, seconds
from core.calls.recording import finish_any, take
from core.clock import Clock, now
from core.stores.mongo import Db, Document, count, reachable

LOOK, DUE, WAKE = 50, 200, 200
"""Prospects read at once: to find a free one, a due callback, and pauses that are over."""


def claim(
    db: Db,
    campaign: str,
    agent: str,
    *,
    wanted: CallFilter = EVERYBODY,
    all_of_them: bool = False,
    rules: CallRules = STANDARD,
    clock: Clock = now,
) -> Document | None:
    """Claim the next prospect of `campaign` for `agent`; None when nobody is free.

    An agent who already holds a prospect gets it again, with its claim renewed. Then come the agent's own callbacks
    that are due, then overdue callbacks of all agents, then the best free prospect that passes the filter `wanted`
    (callbacks need not pass it). Where many agents claim at once, the slower ones get others of the best.

    Raises Conflict when `campaign` is not open, or not assigned to `agent` (unless `all_of_them`); Unavailable.
    """
    at = clock()
    campaigns.require(db, campaign, agent, all_of_them=all_of_them)
    with reachable():
        for candidates in _in_turn(db, campaign, agent, at, wanted, rules):
            for seen in _first_then_any(candidates):
                held = take(db, seen, agent, at, rules)
                if held is None:
                    continue  # another agent was quicker
                wish = do_not_call.wish(db, held["ref"])
                if not wish:
                    return held
                do_not_call.put_off(db, held, wish["call"])
    return None


def mine(db: Db, campaign: str, agent: str, at: datetime) -> list[Document]:
    """The prospects of `campaign` that `agent` holds at `at`; more than one only after an undo. Raises Unavailable."""
    with reachable():
        held = list(db.prospects.aggregate([{"$match": {"claim.by": agent}}]))
    return [p for p in held if p["campaign"] == campaign and p["status"] in CALLABLE and holder(p, at)]


def promised(db: Db, campaign: str, agent: str, many: int) -> list[Document]:
    """The next `many` callbacks of `agent` in `campaign`, the earliest first. Raises Unavailable."""
    theirs = {"campaign": campaign, "status": Status.CALLBACK.value, "again.by": agent}
    with reachable():
        return list(db.prospects.aggregate([{"$match": theirs}, {"$sort": {"due": 1}}, {"$limit": many}]))


def release(db: Db, prospect: str, agent: str) -> None:
    """End the claim of `agent` on a prospect, if there is one. Raises Unavailable."""
    with reachable():
        db.prospects.update_one({"_id": prospect, "claim.by": agent}, {"$set": {"claim": None}})


def wake(db: Db, campaign: str, at: datetime) -> int:
    """Put prospects whose pause is over back into the ranked list, at most `WAKE`; returns how many."""
    with reachable():
        keys = [found["_id"] for found in _due(db, campaign, Status.PAUSED, seconds(at), WAKE)]
        if not keys:
            return 0
        over = {"_id": {"$in": keys}, "status": Status.PAUSED.value}
        return db.prospects.update_many(over, {"$set": {"status": Status.OPEN.value, "due": None}}).modified_count


def settle_calls(db: Db, *, clock: Clock = now) -> int:
    """Finish calls that a process which died left half recorded, and end pauses; returns how many were closed."""
    closed = 0
    with reachable():
        for prospect in list(db.prospects.aggregate([{"$match": {"claim.by": {"$gt": ""}}}])):
            if prospect["status"] not in CALLABLE:
                continue  # an undo is under way: `core.calls.undo`
            if finish_any(db, f"{prospect['_id']}:{int(prospect.get('calls') or 0) + 1}"):
                closed += 1
            elif db.outcomes.find_one({"_id": f"{prospect['_id']}:1"}):  # by a release that did not store calls
                done = {"status": Status.DONE.value, "claim": None}
                db.prospects.update_one({"_id": prospect["_id"]}, {"$set": done})
                closed += 1
        for campaign in list(db.campaigns.find({}, {"_id": 1})):
            while wake(db, campaign["_id"], clock()) == WAKE:
                pass
    return closed


def counts(db: Db, campaign: str) -> dict[str, int]:
    """Prospects of `campaign` still to be called, prospects done, and sales."""
    with reachable():
        return {
            "open": sum(count(db.prospects, {"campaign": campaign, "status": status.value}) for status in LIVE),
            "done": count(db.prospects, {"campaign": campaign, "status": "done"}),
            "sold": count(db.outcomes, {"campaign": campaign, "positive": True}),
        }


def _in_turn(
    db: Db, campaign: str, agent: str, at: datetime, wanted: CallFilter, rules: CallRules
) -> Iterator[list[Document]]:
    """The free prospects for `agent` at that moment, group by group, the most urgent group first."""
    yield mine(db, campaign, agent, at)
    moment, overdue = seconds(at), seconds(at - rules.overdue)
    due = [found for found in _due(db, campaign, Status.CALLBACK, moment, DUE) if not holder(found, at)]
    yield [found for found in due if found["again"]["by"] == agent]
    yield [found for found in due if found["again"]["by"] != agent and found["due"] <= overdue]
    # Held prospects come before free ones. There are no more of them than agents, so `LOOK` is nearly always enough.
    many = LOOK
    while True:
        found = best(db, campaign, wanted, many)
        yield [prospect for prospect in found if not holder(prospect, at)]
        if len(found) < many:
            break
        many *= 4
    if wake(db, campaign, at):  # `settle_calls` does so too, now and then
        yield [prospect for prospect in best(db, campaign, wanted, LOOK) if not holder(prospect, at)]


def _first_then_any(candidates: list[Document]) -> Iterator[Document]:
    """The first, then the rest in random order: the agent who won the first may now be trying the second."""
    yield from candidates[:1]
    yield from random.sample(candidates[1:], len(candidates) - 1) if len(candidates) > 1 else ()


def _due(db: Db, campaign: str, status: Status, until: int, many: int) -> list[Document]:
    """At most `many` prospects with `status` that are due at `until` (`seconds`), the longest waiting first."""
    waiting = {"campaign": campaign, "status": status.value, "due": {"$lte": until}}
    return list(db.prospects.aggregate([{"$match": waiting}, {"$sort": {"due": 1}}, {"$limit": many}]))
