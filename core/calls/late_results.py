"""Results from an agent whose claim was lost: the call was made, so its result is always recorded.

If no other agent was quicker, it is recorded as usual. Otherwise it becomes a call of its own with the next number,

    {..., late: {counts, decides, over}, conflict}

`counts`: the result weighs more than the prospect's state, so it changes the state; otherwise it only enters the
history. `decides`: it is the prospect's first outcome, which models learn from. `over`: the colleague who held the
prospect then. `WEIGHT` orders results; of two with the same weight the first one wins.
"""

from __future__ import annotations

from core.calling_rules.stored import person_under_rules
from core.calls import recording
from core.calls.lifecycle import CALLABLE, STANDARD, CallRules, Result, Status, claim_holder, whole_milliseconds
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

    Repeating it changes nothing. Raises NotFound if the person was erased; InputError for a time that cannot be
    promised; Conflict if `agent` has recorded or taken back another result of this call.
    """
    refused = recording.claim_conflict(prospect)
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
            elif seen["status"] in CALLABLE and claim_holder(seen, clock()) == agent:
                number = made + 1  # a colleague's late result has taken the number
            elif new := _write_beside(db, seen, agent, report, rules, clock):
                return new
    raise refused


def _write_beside(
    db: Db, seen: Document, agent: str, report: CallReport, rules: CallRules, clock: Clock
) -> Document | None:
    """Write the late call beside what was recorded of `seen`; None if the prospect has changed since it was read."""
    at = whole_milliseconds(clock())
    new = recording.new_call(seen, agent, report, at, rules, person_under_rules(db, seen))
    over = claim_holder(seen, at)
    if over is None:
        # A claim until all is written lets `settle_calls` find the call of a process that died.
        try:
            if recording.take_claim(db, seen, agent, at, rules) is None:
                return None
        except Conflict:
            return None
    counts = WEIGHT[report.result] > _weight(seen, over)
    decides = report.result.is_outcome and not _decided(db, seen["_id"])
    new |= {
        "after": new["after"] if counts else new["before"],
        "late": {"counts": counts, "decides": decides, "over": over},
        "conflict": seen["campaign"],
    }
    return new if recording.write_call(db, new) else None


def _weight(prospect: Document, held_by: str | None) -> int:
    """The weight of the result that the prospect's state comes from."""
    match Status(prospect["status"]):
        case Status.DONE:
            return WEIGHT[Result.SOLD]
        case Status.OFF:
            return WEIGHT[Result((prospect.get("off") or {}).get("why", Result.DO_NOT_CALL))]
        case _ if held_by is not None:
            return ON_THE_PHONE
        case Status.CALLBACK | Status.WITHDRAWN:  # a decision of the person counts more than a withdrawal
            return WEIGHT[Result.CALLBACK]
        case Status.PAUSED:
            return WEIGHT[Result.NO_ANSWER]
        case Status.OPEN:
            return NOTHING_KNOWN


def _recorded_by(db: Db, prospect: str, agent: str, first: int, last: int) -> int | None:
    """The number of the first call of `agent` from `first` to `last`, taken back or not, or None."""
    keys = [f"{prospect}:{number}" for number in range(first, last + 1)]
    made = [int(c["call"]) for c in db.calls.find({"_id": {"$in": keys}}) if c["agent"] == agent]
    return min(made, default=None)


def _decided(db: Db, prospect: str) -> bool:
    """Whether the prospect has an outcome, or a call whose outcome is about to be written."""
    for call in db.calls.find({"prospect": prospect}):
        decides = (call.get("late") or {}).get("decides", True)
        if decides and Result(call["result"]).is_outcome and not call.get("undone"):
            return True
    return db.outcomes.find_one({"prospect": prospect}) is not None
