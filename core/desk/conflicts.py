"""Late results beside another's, which a manager settles: who of two agents is right about a person.

`core.calls.late_results` marks such a call with `conflict`, the campaign's key, until it is settled. A settled one has
`settled: {by, at, why, accepted}`. Where the late result is accepted, it alone decides about the person: outcomes of
other calls go, the prospect gets the late result's state, and the other calls stay in the history.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from core.calls import do_not_call, recording
from core.calls.lifecycle import STANDARD, CallRules, Result, claim_holder, state_after, whole_milliseconds
from core.calls.rank_key import rank_if_open
from core.clock import Clock, now
from core.desk.correction import checked_reason
from core.errors import Conflict, NotFound
from core.sentences import Sentence
from core.stores import event_log
from core.stores.embedded_mongo import milliseconds, remove_by_key
from core.stores.events import Event
from core.stores.mongo import Db, Document, reachable

OPEN, UNDER_WAY = "conflict", "settling"
MOST = 100
UNCHANGED = Sentence("Nothing was settled.")


@dataclass(frozen=True)
class Late:
    """A late result to be settled, and the other calls to the same person that were not taken back, in their order."""

    call: Document
    others: list[Document]


def open_conflicts(db: Db, campaigns: Collection[str]) -> list[Late]:
    """At most `MOST` late results of each of these `campaigns` that nobody has settled, the newest first.

    Raises Unavailable.
    """
    found: list[Document] = []
    with reachable():
        for campaign in campaigns:
            found += db.calls.aggregate([{"$match": {OPEN: campaign}}, {"$limit": MOST}])
        late = [call for call in found if not call.get("undone")]
        return [Late(call, _others(db, call)) for call in sorted(late, key=lambda c: (c["at"], c["_id"]), reverse=True)]


def settle_late(
    db: Db, key: str, *, accept: bool, by: str, why: str, rules: CallRules = STANDARD, clock: Clock = now
) -> Document:
    """Settle the late result of the call `key`: it is right (`accept`), or what stands stays. Repeatable.

    Raises NotFound; InputError without a reason; Conflict if it was settled otherwise or taken back, or an agent is on
    the phone with the person; Unavailable.
    """
    why, at = checked_reason(why), whole_milliseconds(clock())
    with reachable():
        call = db.calls.find_one({"_id": key})
        if call is None:
            raise NotFound(Sentence("There is no call '{call}'.", call=key), kept=UNCHANGED)
        if (settled := call.get("settled")) and not call.get(OPEN):
            if settled["accepted"] is accept:
                return call
            raise Conflict(Sentence("{name} has settled this already.", name=settled["by"]), kept=UNCHANGED)
        if call.get("undone") or not call.get(OPEN):
            raise Conflict(Sentence("There is nothing to settle about this call."), kept=UNCHANGED)
        seen = db.prospects.find_one({"_id": call["prospect"]})
        if accept and seen and (holder := claim_holder(seen, at)):
            raise Conflict(
                Sentence("{agent} is on the phone with {ref}.", agent=holder, ref=call["ref"]),
                kept=UNCHANGED,
                next=Sentence("Look again when the result is recorded."),
            )
        settled = {"by": by, "at": at, "why": why, "accepted": accept}
        changes: Document = {"settled": settled, "revised": milliseconds(at)}
        if accept:
            result = Result(call["result"])
            _require_no_wish(db, call, result)
            promised = call["again"]["at"] if call["again"] else None
            asked_at = call["at"] if promised else at  # a promise that is past by now stays as it was made
            after = state_after(call["before"], result, key, call["agent"], asked_at, promised, rules)
            late = {"counts": True, "decides": result.is_outcome, "over": None}
            changes |= {"after": after, "late": late, UNDER_WAY: call["campaign"]}
            changes["settled"]["calls"] = int((seen or {}).get("calls") or 0)
        else:
            changes[OPEN] = None
        if not db.calls.update_one({"_id": key, OPEN: call[OPEN], "settled": None}, {"$set": changes}).matched_count:
            raise Conflict(Sentence("{ref} has changed meanwhile.", ref=call["ref"]), kept=UNCHANGED)
        done = {**call, **changes}
        if accept:
            done = follow(db, done)
    event_log.append(
        db, who=by, what=Event.RESULTS_SETTLED, subject=call["campaign"], agent=call["agent"], accepted=accept, why=why
    )
    return done


def follow(db: Db, call: Document) -> Document:
    """Write what follows from the accepted late `call`. Safe to repeat."""
    for other in _others(db, call):
        if Result(other["result"]).is_outcome:
            overruled = {"counts": False, "decides": False, "over": None}
            db.calls.update_one({"_id": other["_id"]}, {"$set": {"late": overruled, OPEN: None}})
    outcomes = [o["_id"] for o in db.outcomes.find({"prospect": call["prospect"]}) if o["_id"] != call["_id"]]
    remove_by_key(db.outcomes, outcomes)
    recording.finish(db, call)
    changes = {**call["after"], "claim": None, **rank_if_open(call["campaign"], call["after"]["status"])}
    unchanged = {"_id": call["prospect"], "calls": call["settled"]["calls"]}  # no call was made since
    seen = db.prospects.find_one(unchanged)
    if seen and not claim_holder(seen, now()):
        db.prospects.update_one({**unchanged, "status": seen["status"]}, {"$set": changes})
    if seen := db.prospects.find_one({"_id": call["prospect"], "claim": None}):
        do_not_call.take_off_listed(db, [seen])  # a wish holds, whatever the call says
    db.calls.update_one({"_id": call["_id"]}, {"$set": {OPEN: None, UNDER_WAY: None}})
    return {**call, OPEN: None, UNDER_WAY: None}


def settle(db: Db) -> int:
    """Complete what processes that died had begun to settle; returns how many. Raises Unavailable."""
    with reachable():
        waiting = list(db.calls.aggregate([{"$match": {UNDER_WAY: {"$gt": ""}}}]))
        for call in waiting:
            follow(db, call)
    return len(waiting)


def _require_no_wish(db: Db, call: Document, result: Result) -> None:
    """Raise Conflict if another call says that the person asked not to be called, and this one does not."""
    wished = [other for other in _others(db, call) if other["result"] == Result.DO_NOT_CALL]
    if wished and result is not Result.DO_NOT_CALL:
        raise Conflict(
            Sentence("{agent} recorded that {ref} asked not to be called.", agent=wished[0]["agent"], ref=call["ref"]),
            kept=UNCHANGED,
            next=Sentence("Correct that call first, if the wish is wrong."),
        )


def _others(db: Db, call: Document) -> list[Document]:
    found = [
        other
        for other in db.calls.find({"prospect": call["prospect"]})
        if other["_id"] != call["_id"] and not other.get("undone")
    ]
    return sorted(found, key=lambda other: int(other["call"]))
