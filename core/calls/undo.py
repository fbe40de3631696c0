"""Taking back the last result, for a minute: the prospect is on the agent's desk again, as before the click.

The call stays on record, marked as taken back; its number is not used again. The outcome it wrote is removed, the only
document that Callwise ever removes here, because whatever reads outcomes must not see it. Where a training had read it
already, that model keeps what it learnt; the next one learns without it, and the agent is told.

If a process dies on the way, `finish` goes on where the call is marked; where it is not, the result stands.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.calls import do_not_call, recording
from core.calls.lifecycle import CALLABLE, STANDARD, CallRules, Result, moves, state
from core.clock import Clock, now
from core.errors import Conflict, NotFound
from core.sentences import Sentence
from core.stores.events import Event
from core.stores.mongo import Db, Document, reachable

"""What the event is called that training leaves when it has read the outcomes."""

STANDS = Sentence("What was recorded stands.")


@dataclass(frozen=True)
class Undone:
    """A call that was taken back; `learnt` if a training had read its outcome."""

    call: Document
    learnt: bool


def last(db: Db, campaign: str, agent: str, *, rules: CallRules = STANDARD, clock: Clock = now) -> Document | None:
    """The call of `agent` in `campaign` that `undo` would take back now, if there is one. Raises Unavailable."""
    latest: list[Mapping[str, Any]] = [{"$match": {"agent": agent}}, {"$sort": {"at": -1}}, {"$limit": 1}]
    with reachable():
        for call in db.calls.aggregate(latest):
            if call["campaign"] == campaign and not call.get("undone") and clock() < call["at"] + rules.undo:
                return call
    return None


def undo(db: Db, key: str, agent: str, *, rules: CallRules = STANDARD, clock: Clock = now) -> Undone:
    """Take back the call `key`; the prospect is held by `agent` again. Repeating it changes nothing.

    Raises NotFound; Conflict when it is another agent's, too old, or somebody has the person on the phone by now.
    """
    at = clock()
    with reachable():
        call = db.calls.find_one({"_id": key})
        if call is None:
            raise NotFound(Sentence("There is no call '{call}'.", call=key))
        if call["agent"] != agent:
            raise Conflict(
                Sentence("{agent} recorded this, not you.", agent=call["agent"]), kept=Sentence("It stands.")
            )
        if not call.get("undone"):
            if at >= call["at"] + rules.undo:
                raise Conflict(Sentence("The time to take this back is over."), kept=STANDS)
            recording.finish(db, call)
            if moves(call):
                _hold(db, call, agent, at, rules)
            db.outcomes.delete_one({"_id": key})
            call["undone"] = {"by": agent, "at": at}
            db.calls.update_one({"_id": key}, {"$set": {"undone": call["undone"]}})
        if moves(call):
            callable_ = call["before"]["status"] in CALLABLE
            _restore(db, call, {"by": agent, "until": at + rules.claim} if callable_ else None, at)
        return Undone(call, _learnt(db, call))


def settle_undos(db: Db, *, clock: Clock = now) -> int:
    """Go on with what a process that died was taking back; returns how many results that concerned."""
    settled = 0
    with reachable():
        for prospect in list(db.prospects.aggregate([{"$match": {"claim.by": {"$gt": ""}}}])):
            if prospect["claim"]["until"] > clock():
                continue  # whoever takes it back may be at it
            made = int(prospect.get("calls") or 0)
            if recording.finish_any(db, f"{prospect['_id']}:{made + 1}"):
                settled += 1  # a late result (`core.calls.late_results`), for a prospect who may not be called any more
                continue
            call = db.calls.find_one({"_id": f"{prospect['_id']}:{made}"})
            if call and call.get("undone"):
                settled += moves(call) and _restore(db, call, None, clock())
            elif call and prospect["status"] not in CALLABLE:  # such a one is held only by who takes back
                recording.finish(db, call)
                let_go = {"_id": prospect["_id"], "calls": prospect["calls"], "claim.by": prospect["claim"]["by"]}
                db.prospects.update_one(let_go, {"$set": {"claim": None}})
                settled += 1
    return settled


def _hold(db: Db, call: Document, agent: str, at: datetime, rules: CallRules) -> None:
    """Keep everybody else away from the prospect of `call`. Raises Conflict when it is not as the call left it."""
    seen = db.prospects.find_one({"_id": call["prospect"]})
    if seen and seen.get("calls") == call["call"] and state(seen) == call["after"]:
        claim = seen["claim"]
        if (not claim or claim["by"] == agent) and recording.take(db, seen, agent, at, rules):
            return
    raise Conflict(
        Sentence("{ref} is with somebody else by now, or has moved on.", ref=call["ref"]),
        kept=STANDS,
        next=Sentence("Tell whoever looks after the list if it has to be changed."),
    )


def _restore(db: Db, call: Document, claim: Document | None, at: datetime) -> bool:
    """Give the prospect of `call`, marked as taken back, the state of before; False if it has not that of after."""
    if Result(call["result"]) is Result.DO_NOT_CALL and call["everywhere"]:
        do_not_call.lift(db, call["ref"], at=at, call=call["_id"])
    seen = db.prospects.find_one({"_id": call["prospect"]})
    if seen and seen.get("calls") == call["call"] and state(seen) == call["after"]:
        as_left = {"_id": seen["_id"], "calls": call["call"], "status": call["after"]["status"]}
        db.prospects.update_one(as_left, {"$set": {**call["before"], "claim": claim}})
        return True
    return False


def _learnt(db: Db, call: Document) -> bool:
    """Whether a training read the outcomes after `call` was recorded."""
    if not Result(call["result"]).is_outcome:
        return False
    newest: list[Mapping[str, Any]] = [{"$match": {"what": Event.OUTCOMES_READ}}, {"$sort": {"_id": -1}}, {"$limit": 1}]
    return any(event["at"] >= call["at"] for event in db.events.aggregate(newest))
