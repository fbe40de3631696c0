"""Notes on calls: what an agent writes for whoever calls next.

A note may hold personal data, so it is kept as names and numbers are: on the call, encrypted under the contact keys,

    calls: {…, note: {sealed, by, at}}

and goes wherever the call goes: erased with the person, deleted with the campaign. Nothing but the screens of agents
and managers, and the file of what is kept about a person, opens it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from pymongo import ASCENDING, UpdateOne

from core.calls.contact_keys import ContactKeys
from core.calls.lifecycle import STANDARD, CallRules, whole_milliseconds
from core.clock import Clock, now
from core.errors import Conflict, InputError, NotFound, SettingsError
from core.sentences import Sentence
from core.stores.mongo import Db, Document, reachable

LONGEST = 2_000  # characters
AT_ONCE = 500
UNCHANGED = Sentence("The note is unchanged.")


@dataclass(frozen=True)
class Note:
    """A note: its text, its writer and its time. `text` is None where no key opens it."""

    text: str | None
    by: str
    at: datetime


def cleaned(text: str) -> str:
    """`text` without blanks around it. Raises InputError if it is too long."""
    text = text.strip()
    if len(text) > LONGEST:
        raise InputError(
            Sentence("A note has at most {longest} characters", longest=f"{LONGEST:,}"),
            kept=Sentence("Nothing was recorded."),
            next=Sentence("Shorten the note."),
        )
    return text


def sealed(keys: ContactKeys | None, text: str, by: str, at: datetime) -> Document | None:
    """The note as a call stores it; None for an empty one. Raises InputError; SettingsError without keys."""
    text = cleaned(text)
    if not text:
        return None
    return {"sealed": _required(keys).seal([{"note": text}]), "by": by, "at": whole_milliseconds(at)}


def of_call(keys: ContactKeys | None, call: Document) -> Note | None:
    """The note of a stored call, or None."""
    stored = call.get("note")
    if not stored:
        return None
    try:
        text = str(_required(keys).open(stored["sealed"])[0]["note"])
    except SettingsError:
        return Note(None, stored["by"], stored["at"])
    return Note(text, stored["by"], stored["at"])


def write(
    db: Db,
    keys: ContactKeys | None,
    call: str,
    text: str,
    *,
    by: str,
    rules: CallRules = STANDARD,
    clock: Clock = now,
) -> None:
    """Replace the note of the call that `by` has just recorded; an empty text removes it.

    Raises NotFound; Conflict if the call is another agent's, was taken back, or can no longer be changed; InputError;
    SettingsError without keys; Unavailable.
    """
    at = clock()
    note = sealed(keys, text, by, at)
    with reachable():
        found = db.calls.find_one({"_id": call})
        if found is None:
            raise NotFound(Sentence("There is no call '{call}'.", call=call))
        if found["agent"] != by:
            raise Conflict(Sentence("{agent} recorded this, not you.", agent=found["agent"]), kept=UNCHANGED)
        if found.get("undone") or at >= found["at"] + rules.undo:
            raise Conflict(Sentence("It is too late to change this note."), kept=UNCHANGED)
        db.calls.update_one({"_id": call, "undone": None}, {"$set": {"note": note}})


def renew(db: Db, keys: ContactKeys) -> int:
    """Seal all notes of one kind under the first key, as far as any key opens them; returns how many were not.

    May be killed and repeated. Raises Unavailable.
    """
    changed = 0
    with reachable():
        for page in _pages(db):
            late = [
                one for one in page if not keys.is_newest(one["note"]["sealed"]) and keys.opens(one["note"]["sealed"])
            ]
            writes = [
                UpdateOne(
                    {"_id": one["_id"], "note.sealed": one["note"]["sealed"]},
                    {"$set": {"note.sealed": keys.seal(keys.open(one["note"]["sealed"]))}},
                )
                for one in late
            ]
            if writes:
                changed += db.calls.bulk_write(writes, ordered=False).matched_count
    return changed


def needs_former(db: Db, keys: ContactKeys) -> bool:
    """Whether a former key opens a note that the first one does not. Looks at every call. Raises Unavailable."""
    with reachable():
        stored = (one["note"]["sealed"] for page in _pages(db) for one in page)
        return any(not keys.is_newest(text) and keys.opens(text) for text in stored)


def _pages(db: Db) -> Iterator[list[Document]]:
    """The calls with notes, by key."""
    after: Document = {}
    while page := list(db.calls.find(after, {"note": 1}).sort([("_id", ASCENDING)]).limit(AT_ONCE)):
        yield [one for one in page if one.get("note")]
        after = {"_id": {"$gt": page[-1]["_id"]}}


def _required(keys: ContactKeys | None) -> ContactKeys:
    if keys is None:
        raise SettingsError(
            Sentence("CALLWISE_CONTACT_KEY is not set, and notes are kept encrypted with it."),
            kept=Sentence("Nothing was recorded."),
            next=Sentence("Record the result without a note, and tell an engineer."),
        )
    return keys
