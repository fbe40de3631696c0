"""Claims of prospects on the call list: who is next, and who is left.

A claim is `{by, until}` and expires. One find-and-update on the state that was read takes it, so two agents never get
the same person. It is one nested value: such a value is read atomically, and the embedded server turns a time that is
set at the top level of a stored document into text.

The next prospect is read from the index, and then taken by key: updates of the embedded server use no other index than
that of keys, and ignore conditions beside an `$or`.

Where the campaign has calling rules (`core.calling_rules`), only people are claimed whom these allow to call now.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime

from core.calling_rules import stored
from core.calling_rules.campaign_zones import Zone, is_open, zones_of
from core.calling_rules.rules import CallingRules
from core.calls import campaigns, do_not_call
from core.calls.filters import EVERYBODY, CallFilter, best_prospects
from core.calls.lifecycle import (
    CALLABLE,
    LIVE,
    STANDARD,
    CallRules,
    Result,
    Status,
    claim_holder,
    epoch_seconds,
    unchanged_query,
    whole_seconds_from,
)
from core.calls.rank_key import OFF_THE_LIST, rank_again
from core.calls.recording import TAKE_THE_NEXT, TRIES, claim_conflict, finish_by_key, take_claim
from core.clock import Clock, now
from core.errors import Conflict, NotFound
from core.sentences import Sentence
from core.stores.mongo import Db, Document, reachable
from core.values.time_zones import NO_NUMBER
from core.wishes.lookup import wish_of

LOOK, DUE, WAKE = 50, 200, 200
"""Prospects read at once: to find a free one, a due callback, and pauses that are over."""

LATE = 3_200
"""The most due callbacks that are read to find one within the hours."""


def claim(
    db: Db,
    campaign: str,
    agent: str,
    *,
    call_filter: CallFilter = EVERYBODY,
    all_of_them: bool = False,
    rules: CallRules = STANDARD,
    clock: Clock = now,
) -> Document | None:
    """Claim the next prospect of `campaign` for `agent`; None when nobody is free.

    An agent who already holds a prospect gets it again, with its claim renewed. Then come the agent's own callbacks
    that are due, then overdue callbacks of all agents, then the best free prospect that passes the filter `call_filter`
    (callbacks need not pass it). Where many agents claim at once, the slower ones get others of the best. Whoever the
    campaign's calling rules forbid to call now is passed over, but not a prospect that the agent holds already.

    Raises Conflict when `campaign` is not open, or not assigned to `agent` (unless `all_of_them`); Unavailable.
    """
    at = clock()
    campaigns.require(db, campaign, agent, all_of_them=all_of_them)
    limits = stored.read_rules(db, campaign)
    with reachable():
        for candidates in _in_turn(db, campaign, agent, at, call_filter, rules, limits):
            for seen in _first_then_any(candidates):
                if limits and claim_holder(seen, at) != agent and not _is_allowed(db, seen, limits, at):
                    continue
                held = take_claim(db, seen, agent, at, rules)
                if held is None:
                    continue  # another agent was quicker
                wish = wish_of(db, held, at)
                if not wish:
                    return held
                do_not_call.take_off_list(db, held, wish.key)
    return None


def claim_person(
    db: Db,
    prospect: str,
    agent: str,
    *,
    calls_in: bool = True,
    all_of_them: bool = False,
    rules: CallRules = STANDARD,
    clock: Clock = now,
) -> Document:
    """Claim this `prospect` for `agent`. `calls_in`: the person is on the phone already, so any hour will do.

    Raises NotFound; Conflict when the campaign is not open or not the agent's, the person is off the list, asked not to
    be called, may not be called now, or another agent holds them; Unavailable.
    """
    for _ in range(TRIES):
        with reachable():
            seen = db.prospects.find_one({"_id": prospect})
        if seen is None:
            raise NotFound(Sentence("There is no prospect '{prospect}'.", prospect=prospect), next=TAKE_THE_NEXT)
        campaigns.require(db, seen["campaign"], agent, all_of_them=all_of_them)
        with reachable():
            wish = wish_of(db, seen, clock())
            if wish and seen["status"] in LIVE:
                do_not_call.take_off_list(db, seen, wish.key)
            if wish or seen["status"] not in LIVE:
                raise Conflict(Sentence("'{prospect}' is off the list.", prospect=seen["ref"]), next=TAKE_THE_NEXT)
            if not calls_in and claim_holder(seen, clock()) != agent:
                _require_allowed(db, seen, clock())
            if seen["status"] == Status.PAUSED:  # whoever calls back need not wait for the next attempt
                opened = {"$set": {"status": Status.OPEN.value, "due": None, **rank_again(seen["campaign"])}}
                db.prospects.update_one(unchanged_query(seen), opened)
                continue
            if held := take_claim(db, seen, agent, clock(), rules):
                return held
    raise claim_conflict(prospect)


def held_by(db: Db, campaign: str, agent: str, at: datetime) -> list[Document]:
    """The prospects of `campaign` that `agent` holds at `at`; more than one only after an undo. Raises Unavailable."""
    with reachable():
        held = list(db.prospects.aggregate([{"$match": {"claim.by": agent}}]))
    return [p for p in held if p["campaign"] == campaign and p["status"] in CALLABLE and claim_holder(p, at)]


def callbacks_of(db: Db, campaign: str, agent: str, many: int) -> list[Document]:
    """The next `many` callbacks of `agent` in `campaign`, the earliest first. Raises Unavailable."""
    theirs = {"campaign": campaign, "status": Status.CALLBACK.value, "again.by": agent}
    with reachable():
        return list(db.prospects.aggregate([{"$match": theirs}, {"$sort": {"due": 1}}, {"$limit": many}]))


def release(db: Db, prospect: str, agent: str) -> None:
    """End the claim of `agent` on a prospect, if there is one. Raises Unavailable."""
    with reachable():
        db.prospects.update_one({"_id": prospect, "claim.by": agent}, {"$set": {"claim": None}})


def end_pauses(db: Db, campaign: str, at: datetime) -> int:
    """Put prospects whose pause is over back into the ranked list, at most `WAKE`; returns how many."""
    with reachable():
        keys = [found["_id"] for found in _due(db, campaign, Status.PAUSED, epoch_seconds(at), WAKE)]
        if not keys:
            return 0
        over = {"_id": {"$in": keys}, "status": Status.PAUSED.value}
        opened = {"status": Status.OPEN.value, "due": None, **rank_again(campaign)}
        return db.prospects.update_many(over, {"$set": opened}).modified_count


def settle_calls(db: Db, *, clock: Clock = now) -> int:
    """Finish calls that a process which died left half recorded, and end pauses; returns how many were closed."""
    closed = 0
    with reachable():
        for prospect in list(db.prospects.aggregate([{"$match": {"claim.by": {"$gt": ""}}}])):
            if prospect["status"] not in CALLABLE:
                continue  # an undo is under way: `core.calls.undo`
            if finish_by_key(db, f"{prospect['_id']}:{int(prospect.get('calls') or 0) + 1}"):
                closed += 1
            elif db.outcomes.find_one({"_id": f"{prospect['_id']}:1"}):  # by a release that did not store calls
                done = {"status": Status.DONE.value, "claim": None}
                db.prospects.update_one({"_id": prospect["_id"]}, {"$set": done})
                closed += 1
        for campaign in list(db.campaigns.find({}, {"_id": 1})):
            while end_pauses(db, campaign["_id"], clock()) == WAKE:
                pass
    return closed


def _in_turn(
    db: Db,
    campaign: str,
    agent: str,
    at: datetime,
    call_filter: CallFilter,
    rules: CallRules,
    limits: CallingRules | None,
) -> Iterator[list[Document]]:
    """The free prospects for `agent` at that moment, group by group, the most urgent group first.

    With `limits`, only those of zones in which it is within the hours.
    """
    yield held_by(db, campaign, agent, at)
    overdue = epoch_seconds(at - rules.overdue)
    due = [found for found in _due_callbacks(db, campaign, at, limits) if not claim_holder(found, at)]
    yield [found for found in due if found["again"]["by"] == agent]
    yield [found for found in due if found["again"]["by"] != agent and found["due"] <= overdue]
    # Held prospects come before free ones. There are no more of them than agents, so `LOOK` is nearly always enough.
    many, zones = LOOK, _open_zones(db, campaign, at, limits)
    while True:
        found = best_prospects(db, campaign, call_filter, many, zones)
        yield [prospect for prospect in found if not claim_holder(prospect, at)]
        if len(found) < many:
            break
        many *= 4
    if end_pauses(db, campaign, at):  # `settle_calls` does so too, now and then
        found = best_prospects(db, campaign, call_filter, LOOK, _open_zones(db, campaign, at, limits))
        yield [prospect for prospect in found if not claim_holder(prospect, at)]


def _open_zones(db: Db, campaign: str, at: datetime, limits: CallingRules | None) -> list[Zone] | None:
    """The zones of open prospects in which it is within the hours; None if that is everybody."""
    if limits is None:
        return None
    zones = zones_of(db, campaign, Status.OPEN)
    within = [zone for zone in zones if is_open(limits, zone, at)]
    return None if within == zones else within


def _due_callbacks(db: Db, campaign: str, at: datetime, limits: CallingRules | None) -> list[Document]:
    """The first `DUE` callbacks that are due and, with `limits`, within the hours; of the first `LATE` that are due."""
    many, moment = DUE, epoch_seconds(at)
    while True:
        found = _due(db, campaign, Status.CALLBACK, moment, many)
        within = [one for one in found if limits is None or is_open(limits, _zone_of_callback(one), at)]
        if within or len(found) < many or many >= LATE:
            return within[:DUE]
        many *= 4


def _zone_of_callback(prospect: Document) -> Zone:
    """The zone of somebody who was promised a call, so that the agent knows a number whatever the file says."""
    return "" if prospect.get("zone") == NO_NUMBER else prospect.get("zone")


def _is_allowed(db: Db, seen: Document, limits: CallingRules, at: datetime) -> bool:
    """Whether the limits of attempts allow to call `seen` now, whose hours allow it.

    Whoever is in the ranked list against them, because they changed after the last call, is put off until they allow
    it, so that nobody reads the prospect again meanwhile.
    """
    if not seen.get("calls"):
        return True
    person, is_promised = stored.person_of(db, seen, limits), seen["status"] == Status.CALLBACK
    if person.why_not(at, promised=is_promised) is None:
        return True
    if not is_promised:
        later = person.earliest(at)
        due = None if later is None else whole_seconds_from(later)
        last = {"why": Result.NO_ANSWER.value, "call": f"{seen['_id']}:{int(seen['calls'])}"}
        put_off = (
            {"status": Status.OFF.value, "off": last} if due is None else {"status": Status.PAUSED.value, "due": due}
        )
        db.prospects.update_one(unchanged_query(seen), {"$set": {**put_off, **OFF_THE_LIST}})
    return False


def _require_allowed(db: Db, seen: Document, at: datetime) -> None:
    """Raise Conflict if the campaign's calling rules forbid to call `seen` now."""
    person = stored.person_under_rules(db, seen)
    why = person.why_not(at, promised=seen["status"] == Status.CALLBACK) if person else None
    if why is not None:
        raise Conflict(
            why,
            kept=Sentence("You were given no person to call."),
            next=Sentence("Take the person when the rules allow the call."),
        )


def _first_then_any(candidates: list[Document]) -> Iterator[Document]:
    """The first, then the rest in random order: the agent who won the first may now be trying the second."""
    yield from candidates[:1]
    yield from random.sample(candidates[1:], len(candidates) - 1) if len(candidates) > 1 else ()


def _due(db: Db, campaign: str, status: Status, until: int, many: int) -> list[Document]:
    """At most `many` prospects with `status` that are due at `until` (`epoch_seconds`), the longest waiting first."""
    waiting = {"campaign": campaign, "status": status.value, "due": {"$lte": until}}
    return list(db.prospects.aggregate([{"$match": waiting}, {"$sort": {"due": 1}}, {"$limit": many}]))
