"""The log of imports in MongoDB: how far each import is, and its result. Every manager sees it and can end an import.

    {_id: "{campaign}:{file}" or "{campaign}:{file}-{number}", campaign, kind, file, sha256, by, run, state,
     times: {begun, heard, ended}, progress: {done, rows}, cancel, report, mended, undo, error, order}

`file` is the start of the file's sha256. A file that is imported again gets an entry of its own, with the next number.
An import that did not reach its end is continued under its key. `run` differs between two tries, so an abandoned try
never overwrites the next one. The log stores no cells of a file: rejected rows are in a file of their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from pymongo import DESCENDING

from core.calls.lifecycle import epoch_seconds
from core.clock import Clock, now
from core.errors import CallwiseError, Conflict, NotFound
from core.lists.logged_import import ENDED, Cancelled, Entry, Kind, State, number
from core.sentences import Sentence
from core.stores.mongo import Db, Document, reachable

_MARKS = {Kind.PEOPLE: "", Kind.WITHDRAWAL: "w", Kind.NUMBERS: "n", Kind.REGISTER: "r"}
"""What tells entries of one file for several purposes apart."""
SHOWN = timedelta(days=1)
MOST = 200  # entries of a campaign that are shown


def begin(
    db: Db,
    campaign: str,
    name: str,
    sha256: str,
    *,
    by: str,
    run: str,
    kind: Kind = Kind.PEOPLE,
    clock: Clock = now,
) -> str:
    """Log that the import of the file `name` begins, and return its key.

    Raises Conflict while another import of it runs or is undone, or its campaign is deleted; Unavailable.
    """
    at = clock()
    with reachable():
        refuse_deleted(db, campaign)
        other = _newest_of(db, campaign, sha256, kind)
        if other and other["run"] != run:
            _refuse_beside(Entry(other, at), name)
        place, begun = _place(campaign, sha256, kind, other, run), at
        if other and other["_id"] == place:
            begun = other["times"]["begun"]
        new: Document = {
            "campaign": campaign,
            "kind": kind.value,
            "file": name,
            "sha256": sha256,
            "by": by,
            "run": run,
            "state": State.RUNNING.value,
            "order": epoch_seconds(at),
            "times": {"begun": begun, "heard": at},
            "progress": {"done": 0, "rows": 0},
            "cancel": False,
            "report": None,
            "error": None,
        }
        db.imports.update_one({"_id": place}, {"$set": new}, upsert=True)
    return place


def refuse_deleted(db: Db, campaign: str) -> None:
    """Raise Conflict while `campaign` is being deleted."""
    found = db.campaigns.find_one({"_id": campaign}, {"deleting": 1})
    if found and found.get("deleting"):
        raise Conflict(
            Sentence("The campaign '{campaign}' is being deleted.", campaign=campaign),
            kept=Sentence("Nothing was imported."),
            next=Sentence("Wait until it is gone, or choose another campaign."),
        )


def _newest_of(db: Db, campaign: str, sha256: str, kind: Kind) -> Document | None:
    """The entry with the highest number of this file in `campaign`."""
    found = list(db.imports.find({"campaign": campaign, "sha256": sha256}))
    same = [entry for entry in found if (entry.get("kind") or Kind.PEOPLE) == kind]
    return max(same, key=lambda entry: number(entry["_id"]), default=None)


def _refuse_beside(other: Entry, name: str) -> None:
    if other.state is State.RUNNING:
        raise Conflict(
            Sentence(
                "{who} is already importing {file} into {campaign}",
                who=other.document["by"],
                file=name,
                campaign=other.campaign,
            ),
            kept=Sentence("That import continues."),
            next=Sentence("Wait for its end, or end it."),
        )
    if other.state is State.UNDOING:
        raise Conflict(
            Sentence("The import of {file} into {campaign} is being undone", file=name, campaign=other.campaign),
            kept=Sentence("Nothing was imported."),
            next=Sentence("Wait until it is undone."),
        )


def _place(campaign: str, sha256: str, kind: Kind, other: Document | None, run: str) -> str:
    first = f"{campaign}:{sha256[:16]}{_MARKS[kind]}"
    if other is None:
        return first
    if other["run"] == run or State(other["state"]) not in ENDED:
        return str(other["_id"])
    return f"{first}-{number(other['_id']) + 1}"


def write_progress(db: Db, place: str, run: str, done: int, rows: int, clock: Clock = now) -> None:
    """Log the progress of `run`. Raises Cancelled if a person ended or restarted the import, and Unavailable."""
    with reachable():
        entry = db.imports.find_one({"_id": place}, {"run": 1, "cancel": 1, "times": 1})
        if entry is None or entry["run"] != run or entry["cancel"]:
            raise Cancelled("The import was ended", kept=f"{done:,} rows were read; the valid ones are imported.")
        update = {"times": {**entry["times"], "heard": clock()}, "progress": {"done": done, "rows": rows}}
        db.imports.update_one({"_id": place, "run": run}, {"$set": update})


def cancel(db: Db, place: str) -> None:
    """Ask the import to end. Raises Unavailable."""
    with reachable():
        db.imports.update_one({"_id": place}, {"$set": {"cancel": True}})


def done(db: Db, place: str, run: str, report: Mapping[str, Any], clock: Clock = now) -> None:
    """Log the end and the `report`, figures without a cell of the file. Raises Unavailable."""
    _ended(db, place, run, {"state": State.DONE.value, "report": dict(report)}, clock)


def note_rejects(db: Db, place: str, rejects: str) -> None:
    """Log where the rejected rows of a finished import are. Raises Unavailable."""
    entry = find(db, place)
    if entry and entry.document["report"]:
        with reachable():
            report = {**entry.document["report"], "rejects": rejects}
            db.imports.update_one({"_id": place}, {"$set": {"report": report}})


def note_mended(db: Db, campaign: str, sha256: str, mended: Mapping[str, Any]) -> None:
    """Log at the newest import of a file that rows it rejected were in another file since. Raises Unavailable."""
    with reachable():
        if origin := _newest_of(db, campaign, sha256, Kind.PEOPLE):
            db.imports.update_one({"_id": origin["_id"]}, {"$set": {"mended": dict(mended)}})


def failed(db: Db, place: str, run: str, error: CallwiseError, clock: Clock = now) -> None:
    """Log the `error` that ended the import. Raises Unavailable."""
    state = State.CANCELLED if isinstance(error, Cancelled) else State.FAILED
    parts = {"what": error.what, "kept": error.kept, "next": error.next}
    _ended(db, place, run, {"state": state.value, "error": parts}, clock)


def stopped(db: Db, place: str, run: str, clock: Clock = now) -> None:
    """Log that the import's process ended, if the process has not logged how. Raises Unavailable."""
    entry = find(db, place, clock)
    if entry and entry.document["run"] == run and State(entry.document["state"]) is State.RUNNING:
        _ended(db, place, run, {"state": State.STOPPED.value}, clock)


def _ended(db: Db, place: str, run: str, values: Document, clock: Clock) -> None:
    with reachable():
        entry = db.imports.find_one({"_id": place}, {"times": 1}) or {"times": {}}
        at = clock()
        times = {**entry["times"], "heard": at, "ended": at}
        db.imports.update_one({"_id": place, "run": run}, {"$set": {**values, "times": times}})


def find(db: Db, place: str, clock: Clock = now) -> Entry | None:
    """The import with the key `place`. Raises Unavailable."""
    with reachable():
        document = db.imports.find_one({"_id": place})
    return Entry(document, clock()) if document else None


def require(db: Db, place: str, clock: Clock = now) -> Entry:
    """The import with the key `place`. Raises NotFound, Unavailable."""
    entry = find(db, place, clock)
    if entry is None:
        raise NotFound(Sentence("The import '{place}' is not in the log.", place=place))
    return entry


def first_time(db: Db, place: str) -> datetime | None:
    """When the file of the import `place` was first imported, if newer files came into its campaign since then."""
    with reachable():
        own = db.imports.find_one({"_id": place})
        if own is None:
            return None
        done = list(db.imports.find({"campaign": own["campaign"], "state": State.DONE.value}))
    others = [Entry(entry, own["times"]["begun"]) for entry in done if entry["_id"] != place]
    before = min((e.begun for e in others if e.document["sha256"] == own["sha256"]), default=None)
    newer = before and any(e.begun > before and e.document["sha256"] != own["sha256"] for e in others)
    return before if newer else None


def recent(db: Db, clock: Clock = now) -> list[Entry]:
    """The imports that began within the last day, the newest first, at most 50. Raises Unavailable."""
    at = clock()
    with reachable():
        documents = list(
            db.imports.find({"order": {"$gte": epoch_seconds(at - SHOWN)}}).sort([("order", -1)]).limit(50)
        )
    return _in_order(documents, at)


def into(db: Db, campaign: str, clock: Clock = now) -> list[Entry]:
    """The imports into `campaign`, the newest first, at most `MOST`. Raises Unavailable."""
    at = clock()
    with reachable():
        found = list(db.imports.find({"campaign": campaign}).sort([("order", DESCENDING)]).limit(MOST))
    return _in_order(found, at)


def _in_order(documents: list[Document], at: datetime) -> list[Entry]:
    """The newest first, also of those that began within one second."""
    entries = [Entry(document, at) for document in documents]
    return sorted(entries, key=lambda entry: (entry.document["order"], entry.begun), reverse=True)
