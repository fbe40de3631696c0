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
from typing import Any

from core.calls import recording
from core.calls.lifecycle import CALLABLE, STANDARD, CallRules, Result, Status, as_kept, holder
from core.calls.recording import CallReport
from core.clock import Clock, now
from core.errors import Conflict
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
    report: CallReport,
    *,
    call: int,
    rules: CallRules = STANDARD,
    clock: Clock = now,
) -> Document:
    """Record what `agent`, who held the prospect, reports of call number `call`; the call as it is stored.

    Repeating it changes nothing. Raises NotFound where the person was erased; InputError for a time that cannot be
    promised; Conflict when `agent` has recorded or taken back another result of this call.
    """
    refused = recording.being_recorded(prospect)
    number = call
    for _ in range(recording.TRIES):
        try:
            return recording.record(db, prospect, agent, report, call=number, rules=rules, clock=clock)
        except Conflict as conflict:
            refused = conflict
        with reachable():
            seen = db.prospects.find_one({"_id": prospect})
            if seen is None:
                continue  # erased meanwhile: the next try raises NotFound
            made = int(seen.get("calls") or 0)
            if own := _recorded_by(db, prospect, agent, call, made + 1):
                if number == own:
                    raise refused  # another result of this call, or one that was taken back
                number = own
            elif seen["status"] in CALLABLE and holder(seen, clock()) == agent:
                number = made + 1  # a colleague's late result has taken the number
            elif new := _write_beside(db, seen, agent, report, rules, clock):
                return new
    raise refused


def _write_beside(
    db: Db, seen: Document, agent: str, report: CallReport, rules: CallRules, clock: Clock
) -> Document | None:
    """Write the late call beside what was recorded of `seen`; None if the prospect has changed since it was read."""
    at = as_kept(clock())
    new = recording.new_call(seen, agent, report, at, rules)
    over = holder(seen, at)
    if over is None:
        # Held until all is written, so that `settle_calls` finds the call of a process that died.
        try:
            if recording.take(db, seen, agent, at, rules) is None:
                return None
        except Conflict:
            return None
    counts = WEIGHT[report.result] > _weight(seen, over)
    decides = report.result.is_outcome and not _decided(db, seen["_id"])
    new |= {
        "after": new["after"] if counts else new["before"],
        "late": {"counts": counts, "decides": decides, "over": over},
    }
    return new if recording.write(db, new) else None


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
