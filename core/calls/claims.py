"""Prospects on the call list: who is next, who has claimed them, and who is left.

A claim is `{by, until}` and expires. Taking it is one find-and-update of one prospect upon the state that was read,
so two agents never get the same person. It is one nested value because that also makes it atomic to read, and because
the embedded server turns a time that is set at the top level of a stored document into text.

Who is next is read first, from the index, and then taken by key: the embedded server's updates use no other index, and
its updates forget the other conditions beside an `$or`.
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
"""Prospects looked at in one go: for a free one, for a promise that is due, and for pauses that are over."""


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
    """The next prospect of `campaign` for `agent`, now held for them; None when nobody is free.

    An agent who already holds one gets that one again, with its claim renewed. Then come calls that this agent
    promised and that are due, then promised calls of anybody that are overdue, then the best free prospect whom
    `wanted` describes; a promise is kept whatever is wanted. Where many claim at once, who is not quick enough for the
    best gets another of the best.

    Raises Conflict when `campaign` is not being called, or is assigned to others and not `all_of_them` are theirs.
    """
    at = clock()
    campaigns.require(db, campaign, agent, all_of_them=all_of_them)
    with reachable():
        for candidates in _in_turn(db, campaign, agent, at, wanted, rules):
            for seen in _first_then_any(candidates):
                held = take(db, seen, agent, at, rules)
                if held is None:
                    continue  # somebody else was quicker
                if wish := do_not_call.wish(db, held["ref"]):
                    do_not_call.put_off(db, held, wish["call"])
                    continue
                return held
    return None


def mine(db: Db, campaign: str, agent: str, at: datetime) -> list[Document]:
    """The prospects that `agent` holds in `campaign` at that moment; one, but for a claim taken back by undoing."""
    with reachable():
        held = list(db.prospects.aggregate([{"$match": {"claim.by": agent}}]))
    return [p for p in held if p["campaign"] == campaign and p["status"] in CALLABLE and holder(p, at)]


def promised(db: Db, campaign: str, agent: str, many: int) -> list[Document]:
    """The next `many` prospects of `campaign` whom `agent` promised to call, the earliest first. Raises Unavailable."""
    theirs = {"campaign": campaign, "status": Status.CALLBACK.value, "again.by": agent}
    with reachable():
        return list(db.prospects.aggregate([{"$match": theirs}, {"$sort": {"due": 1}}, {"$limit": many}]))


def release(db: Db, prospect: str, agent: str) -> None:
    """Give a claimed prospect back to the list. Nothing happens if `agent` does not hold it."""
    with reachable():
        db.prospects.update_one({"_id": prospect, "claim.by": agent}, {"$set": {"claim": None}})


def wake(db: Db, campaign: str, at: datetime) -> int:
    """Put those of `campaign` whose pause is over back into the ranked list, at most `WAKE`; returns how many."""
    with reachable():
        keys = [found["_id"] for found in _due(db, campaign, Status.PAUSED, seconds(at), WAKE)]
        if not keys:
            return 0
        over = {"_id": {"$in": keys}, "status": Status.PAUSED.value}
        return db.prospects.update_many(over, {"$set": {"status": Status.OPEN.value, "due": None}}).modified_count


def settle_calls(db: Db, *, clock: Clock = now) -> int:
    """Finish what a process that died left half recorded, and end pauses; returns how many were closed."""
    closed = 0
    with reachable():
        for prospect in list(db.prospects.aggregate([{"$match": {"claim.by": {"$gt": ""}}}])):
            if prospect["status"] not in CALLABLE:
                continue  # being taken back: `core.calls.undo`
            if finish_any(db, f"{prospect['_id']}:{int(prospect.get('calls') or 0) + 1}"):
                closed += 1
            elif db.outcomes.find_one({"_id": f"{prospect['_id']}:1"}):  # written by a release that kept no calls
                db.prospects.update_one(
                    {"_id": prospect["_id"]}, {"$set": {"status": Status.DONE.value, "claim": None}}
                )
                closed += 1
        for campaign in list(db.campaigns.find({}, {"_id": 1})):
            while wake(db, campaign["_id"], clock()) == WAKE:
                pass
    return closed


def counts(db: Db, campaign: str) -> dict[str, int]:
    """How many prospects of `campaign` are still to be called, how many done, and how many sales there are."""
    with reachable():
        return {
            "open": sum(count(db.prospects, {"campaign": campaign, "status": status.value}) for status in LIVE),
            "done": count(db.prospects, {"campaign": campaign, "status": "done"}),
            "sold": count(db.outcomes, {"campaign": campaign, "positive": True}),
        }


def _in_turn(
    db: Db, campaign: str, agent: str, at: datetime, wanted: CallFilter, rules: CallRules
) -> Iterator[list[Document]]:
    """The free prospects that `agent` may be given at that moment, in groups in the order in which they should be."""
    yield mine(db, campaign, agent, at)
    moment, overdue = seconds(at), seconds(at - rules.overdue)
    due = [found for found in _due(db, campaign, Status.CALLBACK, moment, DUE) if not holder(found, at)]
    yield [found for found in due if found["again"]["by"] == agent]
    yield [found for found in due if found["again"]["by"] != agent and found["due"] <= overdue]
    # Those who are held stand in front of the free ones; there are as many as there are agents, so one look does
    # nearly always.
    many = LOOK
    while True:
        found = best(db, campaign, wanted, many)
        yield [prospect for prospect in found if not holder(prospect, at)]
        if len(found) < many:
            break
        many *= 4
    if wake(db, campaign, at):  # otherwise `settle` does, now and then
        yield [prospect for prospect in best(db, campaign, wanted, LOOK) if not holder(prospect, at)]


def _first_then_any(candidates: list[Document]) -> Iterator[Document]:
    """The first of `candidates`; after it, in any order, as whoever was quicker is after the second just now."""
    yield from candidates[:1]
    yield from random.sample(candidates[1:], len(candidates) - 1) if len(candidates) > 1 else ()


def _due(db: Db, campaign: str, status: Status, until: int, many: int) -> list[Document]:
    """At most `many` prospects whose time has come by `until` (`seconds`), the longest waiting first."""
    waiting = {"campaign": campaign, "status": status.value, "due": {"$lte": until}}
    return list(db.prospects.aggregate([{"$match": waiting}, {"$sort": {"due": 1}}, {"$limit": many}]))
