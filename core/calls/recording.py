"""Recording what came of a call: once a claim, and completely even if a process dies on the way.

The call is written first, as `{prospect}:{number}`, with the prospect's state before and after it. If two agents, two
clicks or a retry write the same number, the first one wins. The outcome (of a sale or a refusal), the wish not to be
called and the prospect's new state follow from the call, so `finish` can write them again where a process died.

A call's number is part of its key and never given twice. `earlier` counts the calls before it without those whose
result was taken back (`core.calls.undo`): it is what a model may learn of the number of calls.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime

from pymongo import ReturnDocument
from pymongo.errors import DuplicateKeyError, OperationFailure

from core.calling_rules.person import Person
from core.calling_rules.stored import person_under_rules
from core.calls import do_not_call
from core.calls.lifecycle import (
    CALLABLE,
    LIVE,
    NOTHING_RECORDED,
    STANDARD,
    CallRules,
    Result,
    Status,
    calls_made,
    state,
    state_after,
    unchanged_query,
    whole_milliseconds,
)
from core.calls.rank_key import rank_again, rank_if_open
from core.clock import Clock, now
from core.errors import Conflict, NotFound
from core.sentences import Sentence
from core.stores.mongo import Db, Document, reachable

TRIES = 5
TAKE_THE_NEXT = Sentence("Take the next one from the list.")


@dataclass(frozen=True)
class CallReport:
    """What an agent reports of a call.

    `again`: the time promised with `Result.CALLBACK`. `everywhere`: the reference is the same person in every campaign,
    for `Result.DO_NOT_CALL`. `numbers`: hashes of the phone numbers that this result bars, too
    (`core.wishes.number_keys`). `groups`: the person's group by segment, stored with the call. `own`: the key of the
    campaign's own result whose effect `result` is (`core.desk.own_results`). `note`: made by `core.desk.notes.sealed`.
    """

    result: Result
    again: datetime | None = None
    everywhere: bool = False
    numbers: tuple[str, ...] = ()
    groups: Mapping[str, str] = field(default_factory=dict)
    own: str | None = None
    note: Document | None = None


def record(
    db: Db,
    prospect: str,
    agent: str,
    report: CallReport,
    *,
    call: int | None = None,
    rules: CallRules = STANDARD,
    clock: Clock = now,
) -> Document:
    """Record what `agent` reports of call number `call` (default: the next) and return the call as it is stored.

    Repeating it changes nothing. Raises NotFound; InputError for a time that cannot be promised; Conflict when another
    agent holds the prospect, or another result was recorded first; Unavailable.
    """
    with reachable():
        for _ in range(TRIES):
            seen = db.prospects.find_one({"_id": prospect})
            if seen is None:
                raise NotFound(Sentence("There is no prospect '{prospect}'.", prospect=prospect), next=TAKE_THE_NEXT)
            made = int(seen.get("calls") or 0)
            if seen["status"] not in CALLABLE or call not in (None, made + 1):
                return _recorded(db, seen, call or max(made, 1), agent, report.result)
            held = take_claim(db, seen, agent, clock(), rules)
            if held is None:
                continue  # the prospect has changed since it was read
            new = new_call(held, agent, report, whole_milliseconds(clock()), rules, person_under_rules(db, held))
            if write_call(db, new):
                return new
    raise claim_conflict(prospect)


def new_call(
    prospect: Document,
    agent: str,
    report: CallReport,
    at: datetime,
    rules: CallRules,
    person: Person | None = None,
) -> Document:
    """The next call to `prospect`, as it is stored; `person` is the prospect under the campaign's calling rules.

    Raises InputError for a time that cannot be promised.
    """
    number = int(prospect.get("calls") or 0) + 1
    key, before, result = f"{prospect['_id']}:{number}", state(prospect), report.result
    again = whole_milliseconds(report.again) if report.again else None
    return {
        "_id": key,
        "prospect": prospect["_id"],
        "campaign": prospect["campaign"],
        "ref": prospect["ref"],
        "call": number,
        "earlier": calls_made(prospect),
        "result": result.value,
        "agent": agent,
        "at": at,
        "again": {"at": again} if result is Result.CALLBACK else None,
        "everywhere": report.everywhere,
        **({"numbers": list(report.numbers)} if result is Result.DO_NOT_CALL and report.numbers else {}),
        "groups": dict(report.groups),
        **({"own": report.own} if report.own else {}),
        **({"note": report.note} if report.note else {}),
        "before": before,
        "after": state_after(before, result, key, agent, at, again, rules, person),
    }


def write_call(db: Db, call: Document) -> bool:
    """Write `call` and finish it; False if its number is taken: then the call with that number is finished."""
    try:
        db.calls.insert_one(call)
    except DuplicateKeyError:
        finish_by_key(db, call["_id"])
        return False
    finish(db, call)
    return True


def claim_conflict(prospect: str) -> Conflict:
    """The error that another agent was quicker at every try."""
    what = Sentence("Another agent is recording a result for '{prospect}'.", prospect=prospect)
    return Conflict(what, kept=Sentence("Your result was not recorded."), next=TAKE_THE_NEXT)


def take_claim(db: Db, seen: Document, agent: str, at: datetime, rules: CallRules) -> Document | None:
    """Claim `seen` for `agent`; None if it has changed since it was read.

    Raises Conflict if another agent holds it, OperationFailure if the server does not write the claim.
    """
    claim = seen["claim"]
    if claim and claim["by"] != agent and claim["until"] > at:
        raise Conflict(
            Sentence("'{prospect}' is now held by {agent}.", prospect=seen["_id"], agent=claim["by"]),
            kept=NOTHING_RECORDED,
            next=Sentence("Take the next one from the list; your claim on this one ran out."),
        )
    since = claim.get("since", at) if claim and claim["by"] == agent else at
    hold = {"$set": {"claim": {"by": agent, "until": at + rules.claim, "since": since}}}
    for _ in range(TRIES):
        held = db.prospects.find_one_and_update(unchanged_query(seen), hold, return_document=ReturnDocument.AFTER)
        # The embedded server answers a claim that it could not write, as on a full disk, as if nothing had matched.
        if held is not None or not db.prospects.find_one(unchanged_query(seen), {"_id": 1}):
            return held
    raise OperationFailure(f"it did not write the claim on {seen['_id']}")


def finish(db: Db, call: Document) -> None:
    """Write what follows from `call`, unless it was taken back. Safe to repeat.

    A late call that does not count (`core.calls.late_results`) changes only the prospect's number of calls, and leaves
    a colleague's claim alone.
    """
    if call.get("undone"):
        return
    result, late = Result(call["result"]), call.get("late")
    if result.is_outcome and (not late or late["decides"]):
        copied = ("_id", "prospect", "campaign", "call", "earlier", "result")
        outcome = {name: call[name] for name in copied if name in call}  # earlier releases stored no `earlier`
        outcome |= {"positive": result is Result.SOLD, "agent": call["agent"], "at": call["at"]}
        with suppress(DuplicateKeyError):
            db.outcomes.insert_one(outcome)
    # The numbers first: whatever takes the prospect off the list hides a call that a killed process left half recorded.
    if call.get("numbers"):
        do_not_call.bar_numbers(db, call)
    if result is Result.DO_NOT_CALL and call["everywhere"]:
        asked = call["corrected"][-1]["at"] if call.get("corrected") else call["at"]
        do_not_call.add(db, call["ref"], by=call["agent"], at=asked, call=call["_id"])
    if call.get("numbers"):
        do_not_call.take_off_listed(db, do_not_call.people_with(db, call["numbers"]))
    changes: Document = {**call["after"], "claim": None, **rank_if_open(call["campaign"], call["after"]["status"])}
    if late and not late["counts"]:
        # The prospect may still be on the list, and its number of calls has changed.
        listed = rank_again(call["campaign"]) if call["before"]["status"] == Status.OPEN else {}
        changes = {**({} if late["over"] else {"claim": None}), **listed}
    not_finished = {"_id": call["prospect"], "calls": call["call"] - 1 or None}
    db.prospects.update_one(not_finished, {"$set": {**changes, "calls": call["call"]}})
    if call["after"]["status"] in LIVE:  # a wish may have come while the agent was on the phone
        seen = db.prospects.find_one({"_id": call["prospect"]})
        if seen and seen.get("calls") == call["call"] and not seen["claim"]:
            do_not_call.take_off_listed(db, [seen])


def finish_by_key(db: Db, key: str) -> bool:
    """Finish the call with that key; False if there is none."""
    call = db.calls.find_one({"_id": key})
    if call is not None:
        finish(db, call)
    return call is not None


def _recorded(db: Db, prospect: Document, number: int, agent: str, result: Result) -> Document:
    """The call `number` if `agent` recorded this `result` for it. Raises Conflict."""
    who = prospect["_id"]
    call = db.calls.find_one({"_id": f"{who}:{number}"})
    if call is not None and call.get("undone"):
        what = Sentence("This result for '{prospect}' was taken back.", prospect=who)
        raise Conflict(what, next=Sentence("Record the correct result."))
    if call is not None and (call["agent"], call["result"]) == (agent, result.value):
        finish(db, call)
        return call
    first = call or db.outcomes.find_one({"_id": f"{who}:{number}"})
    if first is None:
        what = Sentence("'{prospect}' is off the list.", prospect=who)
        raise Conflict(what, kept=NOTHING_RECORDED, next=TAKE_THE_NEXT)
    words = Result(first["result"]).words
    if Result(first["result"]).is_outcome:
        what = Sentence("'{prospect}' already has the outcome '{result}'.", prospect=who, result=words)
        raise Conflict(what, kept=Sentence("The first outcome is unchanged."), next=TAKE_THE_NEXT)
    what = Sentence("'{prospect}' already has the result '{result}'.", prospect=who, result=words)
    raise Conflict(what, kept=Sentence("The first result is unchanged."), next=TAKE_THE_NEXT)
