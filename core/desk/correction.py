"""A manager corrects a result after the minute in which its agent can take it back.

The call keeps its key, its agent and its time; its result changes, and `corrected` says what it was:

    calls: {…, result, after, corrected: [{by, at, why, was: {result, own, again, everywhere, numbers, after}}],
            correcting}

What follows from a call follows from the correction: the outcome, the wish not to be called, and the state of the
prospect if that still is what the call left. `correcting` has the campaign's key until all of it is written, so
`settle` can complete the correction of a process that died.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from core.calling_rules.person import Person
from core.calling_rules.stored import person_under_rules
from core.calls import do_not_call, recording
from core.calls.lifecycle import (
    LIVE,
    STANDARD,
    CallRules,
    Result,
    changes_state,
    claim_holder,
    state,
    state_after,
    whole_milliseconds,
)
from core.calls.rank_key import rank_if_open
from core.calls.undo import has_been_learnt
from core.clock import Clock, now
from core.errors import Conflict, InputError, NotFound
from core.sentences import Sentence
from core.stores import event_log
from core.stores.embedded_mongo import milliseconds, remove_by_key
from core.stores.events import Event
from core.stores.mongo import Db, Document, reachable

LONGEST = 200  # characters of a reason
UNCHANGED = Sentence("The result is unchanged.")
UNDER_WAY = "correcting"


@dataclass(frozen=True)
class Correction:
    """What to put in the place of a result, and why. `again`, `everywhere` and `own` are those of a `CallReport`."""

    result: Result
    why: str
    again: datetime | None = None
    everywhere: bool = False
    own: str | None = None


@dataclass(frozen=True)
class Corrected:
    """A call that was corrected.

    `learnt`: a training had read its outcome. `listed`: the prospect's state followed; it does not where later calls
    changed it, or an agent is on the phone with the person.
    """

    call: Document
    learnt: bool
    listed: bool


def checked_reason(why: str) -> str:
    """`why` without blanks around it. Raises InputError if it is empty or too long."""
    why = " ".join(why.split())
    if not why or len(why) > LONGEST:
        raise InputError(
            Sentence("A reason has 1 to {longest} characters", longest=LONGEST),
            kept=UNCHANGED,
            next=Sentence("Say in a few words why the result was wrong. Leave out names and numbers."),
        )
    return why


def correct(
    db: Db, key: str, correction: Correction, *, by: str, rules: CallRules = STANDARD, clock: Clock = now
) -> Corrected:
    """Correct the result of the call `key`. Repeating it changes nothing.

    Raises NotFound; InputError without a reason, or for a time that cannot be promised; Conflict when the result was
    taken back, or another call has the person's outcome; Unavailable.
    """
    why, at = checked_reason(correction.why), whole_milliseconds(clock())
    with reachable():
        call = db.calls.find_one({"_id": key})
        if call is None:
            raise NotFound(Sentence("There is no call '{call}'.", call=key), kept=UNCHANGED)
        if call.get("undone"):
            raise Conflict(
                Sentence("This result for '{prospect}' was taken back.", prospect=call["ref"]), kept=UNCHANGED
            )
        if call.get(UNDER_WAY):
            call, _ = follow(db, call)
        learnt = has_been_learnt(db, call)
        if _is_already(call, correction):
            return Corrected(call, learnt, listed=True)
        if correction.result.is_outcome and (other := _other_outcome(db, call)):
            raise Conflict(
                Sentence(
                    "Another call to {ref} has the outcome '{result}' already.",
                    ref=call["ref"],
                    result=Result(other["result"]).words,
                ),
                kept=UNCHANGED,
                next=Sentence("Correct that call first."),
            )
        recording.finish(db, call)
        person = _person_before(db, call)
        new = {**_changes(call, correction, why, by, at, rules, person), UNDER_WAY: call["campaign"]}
        unchanged = {"_id": key, "undone": None, "result": call["result"]}
        if not db.calls.update_one(unchanged, {"$set": new}).matched_count:
            raise Conflict(Sentence("{ref} has changed meanwhile.", ref=call["ref"]), kept=UNCHANGED)
        before = call["result"]
        done, listed = follow(db, {**call, **new})
    event_log.append(
        db,
        who=by,
        what=Event.RESULT_CORRECTED,
        subject=call["campaign"],
        agent=call["agent"],
        before=before,
        after=correction.result.value,
        why=why,
    )
    return Corrected(done, learnt, listed)


def follow(db: Db, call: Document) -> tuple[Document, bool]:
    """Write what follows from the corrected `call`, and that nothing is under way any more. Safe to repeat.

    Returns the call, and whether the prospect's state is that of the result.
    """
    was, result = call["corrected"][-1]["was"], Result(call["result"])
    decides = result.is_outcome and bool((call.get("late") or {"decides": True})["decides"])
    outcome = db.outcomes.find_one({"_id": call["_id"]})
    if outcome and not (decides and outcome["result"] == result.value):
        remove_by_key(db.outcomes, [call["_id"]])
    if Result(was["result"]) is Result.DO_NOT_CALL and was["everywhere"] and result is not Result.DO_NOT_CALL:
        do_not_call.lift(db, call["ref"], at=call["corrected"][-1]["at"], call=call["_id"])
    if was.get("numbers") and result is not Result.DO_NOT_CALL:
        do_not_call.lift_numbers(db, {**call, "numbers": was["numbers"]}, call["corrected"][-1]["at"])
    recording.finish(db, call)
    listed = _state_follows(db, call, was["after"])
    db.calls.update_one({"_id": call["_id"]}, {"$set": {UNDER_WAY: None}})
    return {**call, UNDER_WAY: None}, listed


def settle(db: Db) -> int:
    """Complete the corrections of processes that died; returns how many. Raises Unavailable."""
    with reachable():
        waiting = list(db.calls.aggregate([{"$match": {UNDER_WAY: {"$gt": ""}}}]))
        for call in waiting:
            follow(db, call)
    return len(waiting)


def _person_before(db: Db, call: Document) -> Person | None:
    """The person of the call under the campaign's calling rules, with the calls before it; None without rules."""
    seen = db.prospects.find_one({"_id": call["prospect"]})
    return person_under_rules(db, {**seen, "calls": call["call"] - 1}) if seen else None


def _changes(
    call: Document,
    correction: Correction,
    why: str,
    by: str,
    at: datetime,
    rules: CallRules,
    person: Person | None,
) -> Document:
    """The fields of the call that the correction changes. Raises InputError for a time that cannot be promised."""
    again = whole_milliseconds(correction.again) if correction.again else None
    agent, result, late = call["agent"], correction.result, call.get("late")
    before = {name: call.get(name) for name in ("result", "own", "again", "everywhere", "numbers", "after")}
    after = state_after(call["before"], result, call["_id"], agent, at, again, rules, person)
    decided = {"late": {**late, "decides": result.is_outcome}} if late else {}
    return {
        "result": result.value,
        "own": correction.own,
        "again": {"at": again} if result is Result.CALLBACK else None,
        "everywhere": correction.everywhere,
        # Those of a wish that only the correction makes are barred on the page Campaigns.
        "numbers": call.get("numbers") if result is Result.DO_NOT_CALL else None,
        "after": after if changes_state(call) else call["after"],
        "revised": milliseconds(at),
        "corrected": [*call.get("corrected", ()), {"by": by, "at": at, "why": why, "was": before}],
        **decided,
    }


def _state_follows(db: Db, call: Document, was: Mapping[str, object]) -> bool:
    """Bring the prospect from the state that the call left before the correction to the one after it."""
    if not changes_state(call):
        return False
    seen = db.prospects.find_one({"_id": call["prospect"]})
    if seen is None:
        return False
    if seen.get("calls") != call["call"]:
        if call["result"] == Result.DO_NOT_CALL and seen["status"] in LIVE:
            do_not_call.take_off_list(db, seen, call["_id"])
        return False
    if state(seen) == call["after"]:
        return True
    taken_off = do_not_call.is_off(seen) and (seen["off"] or {}).get("call") == call["_id"]
    # No later call was made, but its pause may have ended, or the promise was given to another agent.
    moved_on = seen["status"] in LIVE and was["status"] in LIVE
    if not (state(seen) == was or taken_off or moved_on) or claim_holder(seen, now()):
        return False
    unchanged = {"_id": seen["_id"], "calls": call["call"], "status": seen["status"]}
    changes = {**call["after"], "claim": None, **rank_if_open(seen["campaign"], call["after"]["status"])}
    return bool(db.prospects.update_one(unchanged, {"$set": changes}).matched_count)


def _other_outcome(db: Db, call: Document) -> Document | None:
    """The outcome of another call to the prospect, or None."""
    found = db.outcomes.find({"prospect": call["prospect"]})
    return next((outcome for outcome in found if outcome["_id"] != call["_id"]), None)


def _is_already(call: Document, correction: Correction) -> bool:
    promised = (call["again"] or {}).get("at") if correction.result is Result.CALLBACK else None
    wanted = whole_milliseconds(correction.again) if correction.again else None
    same = (call["result"], call.get("own")) == (correction.result.value, correction.own)
    return same and (correction.result is not Result.CALLBACK or promised == wanted)
