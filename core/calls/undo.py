"""Undo of the last result, for a minute: the agent holds the prospect again, as before the click.

The call stays stored, marked as undone; its number is not used again. Its outcome is removed, because no reader of
outcomes may see it. If a training has read the outcome already, that model keeps what it learnt, the next one learns
without it, and the agent gets a message.

If a process dies on the way, `settle_undos` completes the undo of a marked call; an unmarked call keeps its result.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.calls import do_not_call, recording
from core.calls.lifecycle import CALLABLE, STANDARD, CallRules, Result, changes_state, state
from core.calls.rank_key import rank_if_open
from core.clock import Clock, now
from core.errors import Conflict, NotFound
from core.sentences import Sentence
from core.stores.events import Event
from core.stores.mongo import Db, Document, reachable

UNCHANGED = Sentence("The result is unchanged.")


@dataclass(frozen=True)
class Undone:
    """A call that was undone; `learnt` if a training had read its outcome."""

    call: Document
    learnt: bool


def last_undoable(
    db: Db, campaign: str, agent: str, *, rules: CallRules = STANDARD, clock: Clock = now
) -> Document | None:
    """The call of `agent` in `campaign` that `undo` can take back now, or None. Raises Unavailable."""
    latest: list[Mapping[str, Any]] = [{"$match": {"agent": agent}}, {"$sort": {"at": -1}}, {"$limit": 1}]
    with reachable():
        for call in db.calls.aggregate(latest):
            if call["campaign"] == campaign and not call.get("undone") and clock() < call["at"] + rules.undo:
                return call
    return None


def undo(db: Db, key: str, agent: str, *, rules: CallRules = STANDARD, clock: Clock = now) -> Undone:
    """Take back the call `key`; `agent` holds the prospect again. Repeating it changes nothing.

    Raises NotFound; Conflict when the call is another agent's or too old, or another agent has the prospect by now.
    """
    at = clock()
    with reachable():
        call = db.calls.find_one({"_id": key})
        if call is None:
            raise NotFound(Sentence("There is no call '{call}'.", call=key))
        if call["agent"] != agent:
            raise Conflict(Sentence("{agent} recorded this, not you.", agent=call["agent"]), kept=UNCHANGED)
        if not call.get("undone"):
            if at >= call["at"] + rules.undo:
                raise Conflict(Sentence("It is too late to take this result back."), kept=UNCHANGED)
            recording.finish(db, call)
            if changes_state(call):
                _hold(db, call, agent, at, rules)
            db.outcomes.delete_one({"_id": key})
            call["undone"] = {"by": agent, "at": at}
            db.calls.update_one({"_id": key}, {"$set": {"undone": call["undone"]}})
        if changes_state(call):
            was_callable = call["before"]["status"] in CALLABLE
            _restore(db, call, {"by": agent, "until": at + rules.claim, "since": at} if was_callable else None, at)
        return Undone(call, has_been_learnt(db, call))


def settle_undos(db: Db, *, clock: Clock = now) -> int:
    """Complete the undos of processes that died; returns how many."""
    settled = 0
    with reachable():
        for prospect in list(db.prospects.aggregate([{"$match": {"claim.by": {"$gt": ""}}}])):
            if prospect["claim"]["until"] > clock():
                continue  # an undo may be under way
            made = int(prospect.get("calls") or 0)
            if recording.finish_by_key(db, f"{prospect['_id']}:{made + 1}"):
                settled += 1  # a late result (`core.calls.late_results`) of a prospect who may not be called any more
                continue
            call = db.calls.find_one({"_id": f"{prospect['_id']}:{made}"})
            if call and call.get("undone"):
                settled += changes_state(call) and _restore(db, call, None, clock())
            elif call and prospect["status"] not in CALLABLE:  # only an undo holds such a prospect
                recording.finish(db, call)
                claimed = {"_id": prospect["_id"], "calls": prospect["calls"], "claim.by": prospect["claim"]["by"]}
                db.prospects.update_one(claimed, {"$set": {"claim": None}})
                settled += 1
    return settled


def _hold(db: Db, call: Document, agent: str, at: datetime, rules: CallRules) -> None:
    """Claim the prospect of `call` for `agent`. Raises Conflict when its state has changed after the call."""
    seen = _as_left(db, call)
    if (
        seen
        and (not seen["claim"] or seen["claim"]["by"] == agent)
        and recording.take_claim(db, seen, agent, at, rules)
    ):
        return
    raise Conflict(
        Sentence("{ref} is with another agent by now, or has changed since.", ref=call["ref"]),
        kept=UNCHANGED,
        next=Sentence("If the result is wrong, tell your manager."),
    )


def _restore(db: Db, call: Document, claim: Document | None, at: datetime) -> bool:
    """Give the prospect of the undone `call` its state before the call; False if it has changed after the call."""
    if Result(call["result"]) is Result.DO_NOT_CALL and call["everywhere"]:
        do_not_call.lift(db, call["ref"], at=at, call=call["_id"])
    if call.get("numbers"):
        do_not_call.lift_numbers(db, call, at)
    if (seen := _as_left(db, call)) is None:
        return False
    unchanged = {"_id": seen["_id"], "calls": call["call"], "status": call["after"]["status"]}
    again = {
        "taken_back": int(seen.get("taken_back") or 0) + 1,
        **rank_if_open(seen["campaign"], call["before"]["status"]),
    }
    db.prospects.update_one(unchanged, {"$set": {**call["before"], "claim": claim, **again}})
    return True


def _as_left(db: Db, call: Document) -> Document | None:
    """The prospect of `call` if it is in the state that the call left, or None."""
    seen = db.prospects.find_one({"_id": call["prospect"]})
    return seen if seen and seen.get("calls") == call["call"] and state(seen) == call["after"] else None


def has_been_learnt(db: Db, call: Document) -> bool:
    """Whether a training read the outcomes after `call` was recorded. Raises Unavailable."""
    if not Result(call["result"]).is_outcome:
        return False
    newest: list[Mapping[str, Any]] = [{"$match": {"what": Event.OUTCOMES_READ}}, {"$sort": {"_id": -1}}, {"$limit": 1}]
    return any(event["at"] >= call["at"] for event in db.events.aggregate(newest))
