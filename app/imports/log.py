"""The log of imports in MongoDB: how far each import is, and its result. Every manager sees it and can end an import.

    {_id: "{campaign}:{file}", campaign, file, sha256, by, run, state, times: {begun, heard, ended},
     progress: {done, rows}, cancel, report, error, order}

`run` differs between two tries of the same file, so an abandoned try never overwrites the next one. The log stores no
cells of a file: rejected rows are in a file of their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from core.calls.lifecycle import seconds
from core.clock import Clock, now
from core.errors import CallwiseError, Conflict
from core.imports.campaign_file import CampaignFile
from core.imports.importer import Report
from core.sentences import Sentence
from core.stores.mongo import Db, Document, reachable

SILENCE = timedelta(seconds=90)
"""Time without an update after which an import counts as stopped. Its longest steps are one batch, and counting the
rows of a large file."""
SHOWN = timedelta(days=1)


class State(StrEnum):
    """The state of an import."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    STOPPED = "stopped"  # its process ended without an update of the log


class Cancelled(CallwiseError):
    """A person ended the import, or began it again."""


@dataclass(frozen=True)
class Entry:
    """An import as read at the moment `at`."""

    document: Mapping[str, Any]
    at: datetime

    @property
    def key(self) -> str:
        """The key in the log."""
        return str(self.document["_id"])

    @property
    def campaign(self) -> str:
        """The key of the campaign that the file goes to."""
        return str(self.document["campaign"])

    @property
    def state(self) -> State:
        """The state; a running import without an update for `SILENCE` has stopped."""
        state = State(self.document["state"])
        silent = self.at - self.document["times"]["heard"] > SILENCE
        return State.STOPPED if state is State.RUNNING and silent else state

    @property
    def is_fresh(self) -> bool:
        """Whether the import ended within the last hour."""
        ended = self.document["times"].get("ended")
        return ended is not None and self.at - ended < timedelta(hours=1)


def key(campaign: str, file: CampaignFile) -> str:
    """The key of the import of `file` into `campaign`."""
    return f"{campaign}:{file.sha256[:16]}"


def begin(db: Db, campaign: str, file: CampaignFile, *, by: str, run: str, clock: Clock = now) -> str:
    """Log that the import begins, and return its key. Raises Conflict while another one runs, and Unavailable."""
    at, place = clock(), key(campaign, file)
    new: Document = {
        "campaign": campaign,
        "file": file.path.name,
        "sha256": file.sha256,
        "by": by,
        "run": run,
        "state": State.RUNNING.value,
        "order": seconds(at),
        "times": {"begun": at, "heard": at},
        "progress": {"done": 0, "rows": 0},
        "cancel": False,
        "report": None,
        "error": None,
    }
    with reachable():
        other = db.imports.find_one({"_id": place})
        if other and other["run"] != run and Entry(other, at).state is State.RUNNING:
            who, name = other["by"], file.path.name
            raise Conflict(
                Sentence("{who} is already importing {file} into {campaign}", who=who, file=name, campaign=campaign),
                kept=Sentence("That import continues."),
                next=Sentence("Wait for its end, or end it."),
            )
        db.imports.update_one({"_id": place}, {"$set": new}, upsert=True)
    return place


def heard(db: Db, place: str, run: str, done: int, rows: int, clock: Clock = now) -> None:
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


def done(db: Db, place: str, run: str, report: Report, rejects: str | None, clock: Clock = now) -> None:
    """Log the end and the `report`; `rejects` is the key of the reject file, if any. Raises Unavailable."""
    result = {
        "rows": report.rows,
        "inserted": report.inserted,
        "unchanged": report.unchanged,
        "outcomes": report.outcomes,
        "rejected": report.rejected,
        "kept_out": report.kept_out,
        "rules": [{"column": c, "rule": rule, "rows": n} for (c, rule), n in report.rules.most_common(100)],
        "rejects": rejects,
        "mended": bool(report.origin),
    }
    _ended(db, place, run, {"state": State.DONE.value, "report": result}, clock)


def failed(db: Db, place: str, run: str, error: CallwiseError, clock: Clock = now) -> None:
    """Log the `error` that ended the import. Raises Unavailable."""
    state = State.CANCELLED if isinstance(error, Cancelled) else State.FAILED
    parts = {"what": error.what, "kept": error.kept, "next": error.next}
    _ended(db, place, run, {"state": state.value, "error": parts}, clock)


def stopped(db: Db, place: str, run: str, clock: Clock = now) -> None:
    """Log that the import's process ended, if the process has not logged how. Raises Unavailable."""
    entry = one(db, place, clock)
    if entry and entry.document["run"] == run and State(entry.document["state"]) is State.RUNNING:
        _ended(db, place, run, {"state": State.STOPPED.value}, clock)


def _ended(db: Db, place: str, run: str, values: Document, clock: Clock) -> None:
    with reachable():
        entry = db.imports.find_one({"_id": place}, {"times": 1}) or {"times": {}}
        at = clock()
        times = {**entry["times"], "heard": at, "ended": at}
        db.imports.update_one({"_id": place, "run": run}, {"$set": {**values, "times": times}})


def one(db: Db, place: str, clock: Clock = now) -> Entry | None:
    """The import with the key `place`. Raises Unavailable."""
    with reachable():
        document = db.imports.find_one({"_id": place})
    return Entry(document, clock()) if document else None


def recent(db: Db, clock: Clock = now) -> list[Entry]:
    """The imports that began within the last day, the newest first, at most 50. Raises Unavailable."""
    at = clock()
    with reachable():
        documents = list(db.imports.find({"order": {"$gte": seconds(at - SHOWN)}}).sort([("order", -1)]).limit(50))
    return [Entry(document, at) for document in documents]
