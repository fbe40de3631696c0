"""People whom a manager takes off a campaign's list, by hand or by a file, and may put back.

    {status: withdrawn, withdrawn: {by, at, why, import, was}}

`was` is the `STATE` before, `import` the file's entry in the log, or empty. A withdrawn person is neither offered nor
ranked. Only people who are still to be called are withdrawn; the others are off the list already. Who is on the phone
is withdrawn, too: the agent can still record the result (`core.calls.late_results`). Events count people and name none,
because they outlive the records of a person.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from pymongo import UpdateOne

from core.calls import do_not_call
from core.calls.lifecycle import LIVE, Status, claim_holder, state, unchanged_query, whole_milliseconds
from core.calls.rank_key import OFF_THE_LIST, rank_if_open
from core.clock import Clock, now
from core.errors import Conflict, InputError
from core.sentences import Sentence
from core.stores import event_log
from core.stores.events import Event
from core.stores.mongo import Db, Document, reachable

BATCH, TRIES = 500, 5
LONGEST = 200  # characters of a reason


@dataclass
class Withdrawal:
    """People who were `withdrawn`, who were so `already`, who are `closed` (off the list), or who are `unknown`."""

    withdrawn: int = 0
    already: int = 0
    closed: int = 0
    unknown: int = 0

    def document(self) -> Document:
        """The figures for the log."""
        return asdict(self)


def withdraw(
    db: Db,
    campaign: str,
    refs: Sequence[str],
    *,
    by: str,
    why: str,
    source: str = "",
    clock: Clock = now,
    found: Withdrawal | None = None,
) -> Withdrawal:
    """Withdraw the people with the references `refs` from `campaign`, and log it. Safe to repeat.

    `source` is the file's entry in the log of imports. Raises InputError without a reason, Conflict where agents change
    a person at each try, and Unavailable.
    """
    why = reason(why)
    counted = found or Withdrawal()
    begun = counted.withdrawn
    keys = list(dict.fromkeys(f"{campaign}:{ref}" for ref in refs))
    how = {"by": by, "why": why, "import": source}
    with reachable():
        for start in range(0, len(keys), BATCH):
            _withdraw(db, keys[start : start + BATCH], {**how, "at": whole_milliseconds(clock())}, counted)
    if not source and counted.withdrawn > begun:
        tell(db, campaign, by=by, why=why, people=counted.withdrawn - begun, clock=clock)
    return counted


def tell(db: Db, campaign: str, *, by: str, why: str, people: int, clock: Clock = now) -> None:
    """Log that so many people were withdrawn. Raises Unavailable."""
    event_log.append(db, who=by, what=Event.PEOPLE_WITHDRAWN, subject=campaign, why=why, clock=clock, people=people)


def withdraw_rest(db: Db, campaign: str, place: str, *, by: str, why: str, clock: Clock = now) -> Withdrawal:
    """Withdraw the people whom the import `place` inserted and who are still to be called, unless an agent has them."""
    query = {"campaign": campaign, "import.first": place}
    with reachable():
        people = list(db.prospects.find(query, {"ref": 1, "status": 1, "claim": 1}))
    free = [p["ref"] for p in people if p["status"] in LIVE and claim_holder(p, clock()) is None]
    return withdraw(db, campaign, free, by=by, why=why, clock=clock)


def put_back(db: Db, campaign: str, refs: Sequence[str], *, by: str, clock: Clock = now) -> int:
    """Put withdrawn people back on the list as they were; returns how many. Safe to repeat. Raises Unavailable.

    Who asked not to be called meanwhile stays off the list.
    """
    keys = [f"{campaign}:{ref}" for ref in refs]
    many = 0
    with reachable():
        for start in range(0, len(keys), BATCH):
            many += _restore(db, list(db.prospects.find({"_id": {"$in": keys[start : start + BATCH]}})))
    if many:
        event_log.append(db, who=by, what=Event.PEOPLE_PUT_BACK, subject=campaign, clock=clock, people=many)
    return many


def put_back_file(db: Db, place: str) -> int:
    """Put everybody back whom the file `place` withdrew; returns how many. Safe to repeat. Raises Unavailable."""
    many = 0
    with reachable():
        while people := list(db.prospects.find({"withdrawn.import": place}).limit(BATCH)):
            many += _restore(db, people)
    return many


def of_file(db: Db, place: str) -> int:
    """How many people are withdrawn by the file `place`. Raises Unavailable."""
    with reachable():
        return sum(
            p["status"] == Status.WITHDRAWN for p in db.prospects.find({"withdrawn.import": place}, {"status": 1})
        )


def _withdraw(db: Db, keys: Sequence[str], how: Document, counted: Withdrawal) -> None:
    left = list(keys)
    for _ in range(TRIES):
        people = {p["_id"]: p for p in db.prospects.find({"_id": {"$in": left}})}
        live = [p for p in people.values() if p["status"] in LIVE]
        gone = [p["withdrawn"] for p in people.values() if p["status"] == Status.WITHDRAWN]
        # By this try, or by an earlier one of this file.
        own = sum(w["at"] == how["at"] if not how["import"] else w["import"] == how["import"] for w in gone)
        counted.unknown += len(left) - len(people)
        counted.withdrawn += own
        counted.already += len(gone) - own
        counted.closed += len(people) - len(live) - len(gone)
        if not live:
            return
        db.prospects.bulk_write(
            [UpdateOne(unchanged_query(p), {"$set": _withdrawn(p, how)}) for p in live], ordered=False
        )
        left = [p["_id"] for p in live]
    raise Conflict(
        Sentence("Agents are calling some of these people at this moment."),
        kept=Sentence("The others are withdrawn."),
        next=Sentence("Withdraw them again in a moment."),
    )


def _withdrawn(prospect: Document, how: Document) -> Document:
    fields = {"status": Status.WITHDRAWN.value, "again": None, "due": None, "claim": None, **OFF_THE_LIST}
    return {**fields, "withdrawn": {**how, "was": state(prospect)}}


def _restore(db: Db, people: Sequence[Document]) -> int:
    """Give withdrawn `people` the state they had; the others lose only the note of a withdrawal that is over."""
    gone = [p for p in people if p["status"] == Status.WITHDRAWN]
    writes = [
        UpdateOne(unchanged_query(p), {"$set": {**(_as_before(p) if p in gone else {}), "withdrawn": None}})
        for p in people
        if p.get("withdrawn")
    ]
    if writes:
        db.prospects.bulk_write(writes, ordered=False)
    do_not_call.take_off_listed(db, [{**p, **p["withdrawn"]["was"]} for p in gone])
    return len(gone)


def _as_before(prospect: Document) -> Document:
    """The state that the withdrawn `prospect` had; on the list it is ranked again."""
    was: Document = prospect["withdrawn"]["was"]
    return {**was, **rank_if_open(prospect["campaign"], was["status"])}


def reason(why: str) -> str:
    """The reason `why` without surplus spaces. Raises InputError if there is none, or it is too long."""
    why = " ".join(why.split())
    if not why or len(why) > LONGEST:
        raise InputError(
            Sentence("A reason has 1 to {longest} characters", longest=LONGEST),
            kept=Sentence("Nobody was withdrawn."),
            next=Sentence("Say in a few words why these people leave the list."),
        )
    return why


def withdrawn_at(prospect: Document) -> datetime | None:
    """When a withdrawn person was withdrawn, or None for anybody else."""
    if prospect["status"] != Status.WITHDRAWN:
        return None
    at: datetime = prospect["withdrawn"]["at"]
    return at
