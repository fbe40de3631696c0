"""Undo of an import as a whole, while nothing followed from it.

    done → undoing → undone

People whom the import inserted are removed, changed ones get their old values and state back, the outcomes it brought
are removed; a file of withdrawals puts its people back. Outcomes go before people, because an outcome without its
prospect would stop a training. A killed undo is repeated: what is done no longer belongs to the import, and what was
counted at the begin is the result. A model that has learnt from the outcomes keeps what it learnt; the next one learns
without them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pymongo import ASCENDING, UpdateOne

from core.calls.claim_renewal import LONGEST_ABSENCE
from core.calls.lifecycle import Status, state, unchanged_query
from core.clock import Clock, now
from core.errors import Conflict
from core.lists import changes, contact_changes, import_log, withdrawal
from core.lists.logged_import import Entry, Kind, State
from core.sentences import Sentence
from core.stores import event_log
from core.stores.embedded_mongo import remove_by_key
from core.stores.events import Event
from core.stores.mongo import Db, Document, reachable

BATCH = 500
CAN_BE_UNDONE = (State.DONE, State.FAILED, State.CANCELLED, State.STOPPED, State.UNDOING)
UNCHANGED = Sentence("Nothing was undone.")


@dataclass(frozen=True)
class Followed:
    """What followed from an import: calls to its people, agents who have their cards, and later files."""

    calls: int = 0
    claims: int = 0
    files: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.calls or self.claims or self.files)


def followed(db: Db, entry: Entry, *, clock: Clock = now) -> Followed:
    """What followed from the import so far. Raises Unavailable."""
    if entry.kind is Kind.WITHDRAWAL:
        return Followed()  # putting people back loses nothing
    with reachable():
        made = list(db.calls.find({"campaign": entry.campaign, "at": {"$gte": entry.begun}}, {"prospect": 1}))
        called = _touched(db, entry.key, [call["prospect"] for call in made])
        recent = clock() - LONGEST_ABSENCE
        claims = list(db.prospects.aggregate([{"$match": {"claim.by": {"$gt": ""}}}]))
        held = [p for p in claims if _is_touched(p, entry.key) and p["claim"]["until"] > recent]
        return Followed(len([c for c in made if c["prospect"] in called]), len(held), tuple(_later_files(db, entry)))


def undo(db: Db, place: str, *, by: str, clock: Clock = now) -> Entry:
    """Undo the import `place`, or finish its undo; returns its entry. Safe to repeat.

    Raises NotFound; Conflict if something followed from the import, or another one is under way; Unavailable.
    """
    entry = import_log.require(db, place, clock)
    if entry.state is State.UNDONE:
        return entry
    if entry.state not in CAN_BE_UNDONE:
        raise Conflict(
            Sentence("The import of {file} is running.", file=entry.document["file"]),
            kept=UNCHANGED,
            next=Sentence("Wait for its end, or end it first."),
        )
    if entry.state is not State.UNDOING:
        entry = _begin(db, entry, by, clock)
    with reachable():
        if entry.kind is Kind.WITHDRAWAL:
            withdrawal.put_back_file(db, place)
        _remove_outcomes(db, place)
        for people in _people(db, place):
            _undo_for(db, people, entry, clock() - LONGEST_ABSENCE)
    return _end(db, entry, clock)


def counts(db: Db, place: str) -> dict[str, int]:
    """The people and outcomes that an undo of the import `place` would change or remove. Raises Unavailable."""
    with reachable():
        people = list(db.prospects.find({"import.last": place}, {"import": 1}))
        outcomes = len(list(db.outcomes.find({"import": place}, {"_id": 1})))
    inserted = sum(one["import"]["first"] == place for one in people)
    figures = {"inserted": inserted, "changed": len(people) - inserted, "outcomes": outcomes}
    return {**figures, "withdrawn": withdrawal.of_file(db, place)}


def learnt(db: Db, entry: Entry) -> bool:
    """Whether a training has read outcomes since the import began. Raises Unavailable."""
    with reachable():
        newest = list(db.events.find({"what": Event.OUTCOMES_READ}).sort([("_id", -1)]).limit(1))
    return any(event["at"] >= entry.begun for event in newest)


def _begin(db: Db, entry: Entry, by: str, clock: Clock) -> Entry:
    import_log.refuse_deleted(db, entry.campaign)
    others = [other for other in import_log.into(db, entry.campaign, clock) if other.key != entry.key]
    if any(other.state in (State.RUNNING, State.UNDOING) for other in others):
        raise Conflict(
            Sentence("Another file is being imported into '{campaign}', or undone.", campaign=entry.campaign),
            kept=UNCHANGED,
            next=Sentence("Wait for its end."),
        )
    if what := followed(db, entry, clock=clock):
        raise _cannot(entry, what)
    begun = {"by": by, "at": clock(), **counts(db, entry.key)}
    with reachable():
        seen = {"_id": entry.key, "state": entry.document["state"], "run": entry.document["run"]}
        found = db.imports.update_one(seen, {"$set": {"state": State.UNDOING.value, "undo": begun}})
    if not found.matched_count:
        raise Conflict(Sentence("The import has changed meanwhile."), kept=UNCHANGED, next=Sentence("Look again."))
    return import_log.require(db, entry.key, clock)


def _cannot(entry: Entry, what: Followed) -> Conflict:
    names = {"file": entry.document["file"], "calls": what.calls, "claims": what.claims, "files": ", ".join(what.files)}
    if what.files:
        sentence = Sentence("{file} cannot be undone: later files changed its people ({files}).", **names)
        after = Sentence("Undo the later files first, or withdraw the people of this file who are still to be called.")
    else:
        sentence = Sentence(
            "{file} cannot be undone: its people were called since ({calls} calls), or are with agents ({claims}).",
            **names,
        )
        after = Sentence("Withdraw the people of this file who are still to be called; results and calls are kept.")
    return Conflict(sentence, kept=UNCHANGED, next=after)


def _later_files(db: Db, entry: Entry) -> Iterator[str]:
    """The names of later files that wrote to people of this import."""
    fields = {"import": 1, "history": 1}
    for other in db.imports.find({"campaign": entry.campaign}):
        if other["_id"] != entry.key and State(other["state"]) is not State.UNDONE:
            people = db.prospects.find({"import.last": other["_id"]}, fields)
            if any(_is_touched(one, entry.key) for one in people):
                yield str(other["file"])


def _touched(db: Db, place: str, prospects: list[str]) -> set[str]:
    keys = list(dict.fromkeys(prospects))
    fields = {"import": 1, "history": 1}
    return {
        one["_id"]
        for start in range(0, len(keys), BATCH)
        for one in db.prospects.find({"_id": {"$in": keys[start : start + BATCH]}}, fields)
        if _is_touched(one, place)
    }


def _is_touched(prospect: Mapping[str, Any], place: str) -> bool:
    """Whether the import `place` inserted or changed the prospect."""
    known = prospect.get("import") or {}
    return place in (known.get("first"), known.get("last")) or any(
        entry["import"] == place for entry in prospect.get("history") or ()
    )


def _remove_outcomes(db: Db, place: str) -> None:
    while found := [str(outcome["_id"]) for outcome in db.outcomes.find({"import": place}, {"_id": 1}).limit(BATCH)]:
        remove_by_key(db.outcomes, found)


def _people(db: Db, place: str) -> Iterator[list[Document]]:
    """The people whom the import wrote last, in pages by key."""
    after = ""
    while True:
        query = {"import.last": place, "_id": {"$gt": after}}
        page = list(db.prospects.find(query).sort([("_id", ASCENDING)]).limit(BATCH))
        if not page:
            return
        yield page
        after = page[-1]["_id"]


def _undo_for(db: Db, people: Sequence[Document], entry: Entry, since: datetime) -> None:
    """Undo the import for `people`. Whom an agent took after `since`, or has called meanwhile, stays.

    Who is removed is taken off the list first, so that no agent takes them while their contacts go.
    """
    writes: list[UpdateOne] = []
    place, undo = entry.key, entry.document["undo"]
    for one in people:
        if one["import"]["first"] != place:
            seen = {"_id": one["_id"], "status": one["status"], "calls": one.get("calls"), "import.last": place}
            writes.append(UpdateOne(seen, {"$set": changes.restoring(one, place)}))
        elif not one["claim"] or one["claim"]["until"] <= since:
            gone = {"by": undo["by"], "at": undo["at"], "why": "undo", "import": "", "was": state(one)}
            leaves = {"status": Status.WITHDRAWN.value, "claim": None, "withdrawn": gone, "leaves": place}
            writes.append(UpdateOne({**unchanged_query(one), "import.last": place}, {"$set": leaves}))
    # Before the people themselves: whoever has their old values back no longer belongs to this import.
    contact_changes.restore(db, [one["_id"] for one in people if one["import"]["first"] != place], place)
    if writes:
        db.prospects.bulk_write(writes, ordered=False)
    keys = [one["_id"] for one in people]
    leaving = [str(one["_id"]) for one in db.prospects.find({"_id": {"$in": keys}, "leaves": place}, {"_id": 1})]
    remove_by_key(db.contacts, leaving)
    remove_by_key(db.prospects, leaving)


def _end(db: Db, entry: Entry, clock: Clock) -> Entry:
    undo: Mapping[str, Any] = entry.document["undo"]
    figures = {name: undo[name] for name in ("inserted", "changed", "outcomes", "withdrawn")}
    event_log.append(
        db,
        who=undo["by"],
        what=Event.IMPORT_UNDONE,
        subject=entry.key,
        clock=clock,
        once={"what": Event.IMPORT_UNDONE, "subject": entry.key},
        **figures,
    )
    with reachable():
        stayed = len(list(db.prospects.find({"import.last": entry.key}, {"_id": 1})))
        ended = {"state": State.UNDONE.value, "undo": {**undo, "ended": clock(), "stayed": stayed}}
        db.imports.update_one({"_id": entry.key, "state": State.UNDOING.value}, {"$set": ended})
    return import_log.require(db, entry.key, clock)
