"""A result of an agent who held the prospect, whatever became of the hold: the call was made, so it is never lost.

The result is recorded as usual where nobody was quicker. Otherwise it is a call of its own with the next number,

    {..., late: {counts, decides, over}}

`counts`: it says more than what holds of the prospect now, so it moves the prospect; otherwise it stands in the history
only. `decides`: it is the prospect's first outcome, which models learn from. `over`: the colleague who had the prospect
on the desk. A wish not to be called says most and always holds; then a sale or a refusal, of which the first one
stands; then that the person was reached; and least that they were not.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pymongo.errors import DuplicateKeyError

from core.calls import recording as call_records
from core.calls.lifecycle import (
    CALLABLE,
    NOTHING_RECORDED,
    STANDARD,
    CallRules,
    Result,
    Status,
    after,
    as_kept,
    holder,
    state,
)
from core.clock import Clock, now
from core.errors import Conflict
from core.sentences import Sentence
from core.stores.mongo import Db, Document, reachable

WEIGHT = {
    Result.NO_ANSWER: 0,
    Result.CALLBACK: 1,
    Result.WRONG_NUMBER: 1,
    Result.SOLD: 2,
    Result.REFUSED: 2,
    Result.DO_NOT_CALL: 3,
}
NOTHING_KNOWN, ON_THE_PHONE = -1, 1


def record_late(
    db: Db,
    prospect: str,
    agent: str,
    result: Result,
    *,
    call: int,
    again: datetime | None = None,
    everywhere: bool = False,
    groups: Mapping[str, str] | None = None,
    rules: CallRules = STANDARD,
    clock: Clock = now,
) -> Document:
    """Record what came of call number `call`, for which `agent` held the prospect; the call as it is stored.

    The other arguments are those of `core.call_records.record`. Repeating it changes nothing. Raises NotFound where the
    person is not kept any more; InputError for a time that cannot be promised; Conflict when `agent` has recorded or
    taken back another result of this call.
    """
    details: dict[str, Any] = {"again": again, "everywhere": everywhere, "groups": groups, "rules": rules}
    refused = Conflict(
        Sentence("'{prospect}' is being recorded by somebody else.", prospect=prospect), kept=NOTHING_RECORDED
    )
    number = call
    for _ in range(call_records.TRIES):
        try:
            return call_records.record(db, prospect, agent, result, call=number, clock=clock, **details)
        except Conflict as conflict:
            refused = conflict
        with reachable():
            seen = db.prospects.find_one({"_id": prospect})
            if seen is None:
                continue  # erased meanwhile: the next look says so
            made = int(seen.get("calls") or 0)
            if own := _recorded_by(db, prospect, agent, call, made + 1):
                if number == own:
                    raise refused  # another result of this call, or one that was taken back
                number = own
                continue
            if seen["status"] in CALLABLE and holder(seen, clock()) == agent:
                number = made + 1  # a colleague's late result has taken the number
                continue
            if kept := _keep(db, seen, agent, result, clock=clock, **details):
                return kept
    raise refused


def _keep(
    db: Db,
    seen: Document,
    agent: str,
    result: Result,
    *,
    again: datetime | None,
    everywhere: bool,
    groups: Mapping[str, str] | None,
    rules: CallRules,
    clock: Clock,
) -> Document | None:
    """Write the late call beside what holds of `seen`; None if the prospect is not as it was read any more."""
    at, before = as_kept(clock()), state(seen)
    number = int(seen.get("calls") or 0) + 1
    key = f"{seen['_id']}:{number}"
    again = as_kept(again) if again else None
    moved = after(before, result, key, agent, at, again, rules)
    over = holder(seen, at)
    if over is None:
        # Held until all is written, so that a process that dies leaves something by which `settle` finds the call.
        try:
            if call_records.take(db, seen, agent, at, rules) is None:
                return None
        except Conflict:
            return None
    counts = WEIGHT[result] > _weight(seen, over)
    new: Document = {
        "_id": key,
        "prospect": seen["_id"],
        "campaign": seen["campaign"],
        "ref": seen["ref"],
        "call": number,
        "result": result.value,
        "agent": agent,
        "at": at,
        "again": {"at": again} if result is Result.CALLBACK else None,
        "everywhere": everywhere,
        "groups": dict(groups or {}),
        "before": before,
        "after": moved if counts else before,
        "late": {"counts": counts, "decides": result.is_outcome and not _decided(db, seen["_id"]), "over": over},
    }
    try:
        db.calls.insert_one(new)
    except DuplicateKeyError:
        call_records.finish_any(db, key)
        return None
    call_records.finish(db, new)
    return new


def _weight(prospect: Document, held_by: str | None) -> int:
    """How much is known of the prospect: the weight of what made it what it is."""
    match Status(prospect["status"]):
        case Status.DONE:
            return WEIGHT[Result.SOLD]
        case Status.OFF:
            return WEIGHT[Result((prospect.get("off") or {}).get("why", Result.DO_NOT_CALL))]
        case _ if held_by is not None:
            return ON_THE_PHONE
        case Status.CALLBACK:
            return WEIGHT[Result.CALLBACK]
        case Status.PAUSED:
            return WEIGHT[Result.NO_ANSWER]
        case Status.OPEN:
            return NOTHING_KNOWN


def _recorded_by(db: Db, prospect: str, agent: str, first: int, last: int) -> int | None:
    """The number of the first call of `agent` from `first` to `last`, taken back or not; None if there is none."""
    keys = [f"{prospect}:{number}" for number in range(first, last + 1)]
    made = [int(c["call"]) for c in db.calls.find({"_id": {"$in": keys}}) if c["agent"] == agent]
    return min(made, default=None)


def _decided(db: Db, prospect: str) -> bool:
    """Whether the prospect has an outcome, or a call whose outcome is about to be written."""
    calls = db.calls.find({"prospect": prospect})
    if any(Result(c["result"]).is_outcome and not c.get("undone") and _decides(c) for c in calls):
        return True
    return db.outcomes.find_one({"prospect": prospect}) is not None


def _decides(call: Document) -> bool:
    late: Mapping[str, Any] = call.get("late") or {}
    return bool(late.get("decides", True))
