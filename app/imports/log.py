"""How far each import is and what it came to, in MongoDB: whoever opens the page sees it, and may end it.

    {_id: "{campaign}:{file}", campaign, file, sha256, by, run, state, at: {begun, heard, ended}, rows, done, cancel,
     report, error}

`run` tells a second try of the same file from the first, so one that was given up writes over nothing. No cell of a
file is kept here: rejected rows are in their own file.
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
"""How long an import may say nothing: its longest step is one batch, or counting the rows of a large file."""

SHOWN = timedelta(days=1)


class State(StrEnum):
    """What an import is doing."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    STOPPED = "stopped"  # it said nothing for too long: its process was ended


class Cancelled(CallwiseError):
    """Somebody ended the import on purpose."""


@dataclass(frozen=True)
class Entry:
    """An import as it was read at a moment."""

    document: Mapping[str, Any]
    at: datetime

    @property
    def key(self) -> str:
        """Its key."""
        return str(self.document["_id"])

    @property
    def campaign(self) -> str:
        """Where it goes to."""
        return str(self.document["campaign"])

    @property
    def state(self) -> State:
        """What it is doing; one that says nothing any more has stopped."""
        state = State(self.document["state"])
        silent = self.at - self.document["times"]["heard"] > SILENCE
        return State.STOPPED if state is State.RUNNING and silent else state

    @property
    def is_fresh(self) -> bool:
        """Whether it ended within the hour."""
        ended = self.document["times"].get("ended")
        return ended is not None and self.at - ended < timedelta(hours=1)


def key(campaign: str, file: CampaignFile) -> str:
    """The key of the import of `file` into `campaign`."""
    return f"{campaign}:{file.sha256[:16]}"


def begin(db: Db, campaign: str, file: CampaignFile, *, by: str, run: str, clock: Clock = now) -> str:
    """Note that the import begins, and return its key. Raises Conflict while it is under way, and Unavailable."""
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
        found = db.imports.find_one({"_id": place})
        if found and found["run"] != run and Entry(found, at).state is State.RUNNING:
            raise Conflict(
                Sentence(
                    "{file} is being imported into {campaign} by {who} already",
                    file=file.path.name,
                    campaign=campaign,
                    who=found["by"],
                ),
                kept=Sentence("That import goes on."),
                next=Sentence("Wait for it, or end it."),
            )
        db.imports.update_one({"_id": place}, {"$set": new}, upsert=True)
    return place


def heard(db: Db, place: str, run: str, done: int, rows: int, clock: Clock = now) -> None:
    """Note how far it is. Raises Cancelled when somebody wants it to end, or has begun it anew; and Unavailable."""
    with reachable():
        found = db.imports.find_one({"_id": place}, {"run": 1, "cancel": 1, "times": 1})
        if found is None or found["run"] != run or found["cancel"]:
            raise Cancelled("The import was ended", kept=f"{done:,} rows were read; those that fit are in.")
        now_at = {"times": {**found["times"], "heard": clock()}, "progress": {"done": done, "rows": rows}}
        db.imports.update_one({"_id": place, "run": run}, {"$set": now_at})


def cancel(db: Db, place: str) -> None:
    """Ask for its end. Raises Unavailable."""
    with reachable():
        db.imports.update_one({"_id": place}, {"$set": {"cancel": True}})


def done(db: Db, place: str, run: str, report: Report, rejects: str | None, clock: Clock = now) -> None:
    """Note what it came to. Raises Unavailable."""
    came_to = {
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
    _ended(db, place, run, {"state": State.DONE.value, "report": came_to}, clock)


def failed(db: Db, place: str, run: str, error: CallwiseError, clock: Clock = now) -> None:
    """Note why it ended before its time. Raises Unavailable."""
    state = State.CANCELLED if isinstance(error, Cancelled) else State.FAILED
    said = {"what": error.what, "kept": error.kept, "next": error.next}
    _ended(db, place, run, {"state": state.value, "error": said}, clock)


def stopped(db: Db, place: str, run: str, clock: Clock = now) -> None:
    """Note that its process is gone, if it has not said how it ended. Raises Unavailable."""
    found = one(db, place, clock)
    if found and found.document["run"] == run and State(found.document["state"]) is State.RUNNING:
        _ended(db, place, run, {"state": State.STOPPED.value}, clock)


def _ended(db: Db, place: str, run: str, values: Document, clock: Clock) -> None:
    with reachable():
        found = db.imports.find_one({"_id": place}, {"times": 1}) or {"times": {}}
        at = clock()
        times = {**found["times"], "heard": at, "ended": at}
        db.imports.update_one({"_id": place, "run": run}, {"$set": {**values, "times": times}})


def one(db: Db, place: str, clock: Clock = now) -> Entry | None:
    """The import of that key. Raises Unavailable."""
    with reachable():
        found = db.imports.find_one({"_id": place})
    return Entry(found, clock()) if found else None


def recent(db: Db, clock: Clock = now) -> list[Entry]:
    """The imports of the last day, and those that did not come to their end, the newest first. Raises Unavailable."""
    at = clock()
    with reachable():
        found = list(db.imports.find({"order": {"$gte": seconds(at - SHOWN)}}).sort([("order", -1)]).limit(50))
    return [Entry(document, at) for document in found]
