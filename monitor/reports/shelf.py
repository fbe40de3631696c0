"""Verdicts in MongoDB, and their snapshots in the Evidently UI.

A report's `_id` is made of its subject (kind, model version, newest record of its window), so a window gives one report
however often it is judged. The verdict is written first and is the truth; the snapshot is a view of it. A process that
dies between the two leaves a report without a snapshot; the next run on the same window adds it, and a window that has
moved on stays without one. Verdicts are stored for ever; of the snapshots, close to a megabyte each, the newest
`SNAPSHOTS`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pymongo import DESCENDING

from core.clock import Clock, now
from core.stores.evidently import EvidentlyUI
from core.stores.mongo import Db, Document, reachable

SNAPSHOTS = 500
STRIDE = 10  # a window is judged again once a tenth of it is new

WindowRecord = tuple[str, datetime]
"""A record of a window: its key and its time."""


def count_new(window: Sequence[WindowRecord], verdict: Mapping[str, Any]) -> int:
    """How many of a window's n records (the newest first) came after the window of `verdict`.

    Where the window lacks that verdict's newest record, because its prospect was predicted again, or because its key
    would name a person and was not stored, time decides.
    """
    keys, last = [key for key, _ in window], verdict.get("last")
    if last in keys:
        return keys.index(last)
    return sum(at > verdict["until"] for _, at in window)


def write_report(db: Db, key: str, kind: str, verdict: Mapping[str, Any], at: datetime, **more: Any) -> None:
    """Write the report `key`, unless it exists; `more` are further fields of its document. Raises Unavailable."""
    document = {"kind": kind, "verdict": dict(verdict), "made": {"at": at}, "snapshot": None, **more}
    with reachable():
        db.reports.update_one({"_id": key}, {"$setOnInsert": document}, upsert=True)


@dataclass(frozen=True)
class ReportStore:
    """Stores reports: in the database, and in a project of the Evidently UI."""

    db: Db
    ui: EvidentlyUI
    project: str
    clock: Clock = now

    def newest(self, kind: str, subject: str, by: str = "version") -> Document | None:
        """The report of `kind` on the newest window of `subject`, which is in the field `by` of its verdict.

        Raises Unavailable.
        """
        with reachable():
            return self.db.reports.find_one(
                {"kind": kind, f"verdict.{by}": subject},
                sort=[("verdict.until", DESCENDING), ("made.at", DESCENDING)],
            )

    def count_new(
        self, kind: str, subject: str, window: Sequence[WindowRecord], by: str = "version", version: str = ""
    ) -> int:
        """How many of a window's n records (the newest first) came after the last window that was judged.

        0 while they are less than a tenth: frequent verdicts say little that is new, and more of them are false. All n
        where the last verdict is on this very window and has no snapshot, because the UI was away, and where it names
        another version than `version`. Raises Unavailable.
        """
        last = self.newest(kind, subject, by)
        if last and version and last["verdict"]["version"] != version:
            return len(window)
        new = count_new(window, last["verdict"]) if last else len(window)
        if last and not new and last["snapshot"] is None:
            return len(window)
        return new if new * STRIDE >= len(window) else 0

    def store_verdict(self, report: str, kind: str, verdict: Mapping[str, Any]) -> None:
        """Write a verdict, unless the report exists. Raises Unavailable."""
        write_report(self.db, report, kind, verdict, self.clock())

    def publish(self, report: str, content: str) -> str:
        """Make the UI show exactly one snapshot of `report`; returns its address. Raises Unavailable.

        The metadata of the snapshot `content` name the report. Two processes at once agree on the older snapshot.
        """
        project = self.ui.ensure_project(self.project)
        if not self.ui.snapshots(project, report=report):
            self.ui.add_snapshot(project, content)
        snapshot, *surplus = self.ui.snapshots(project, report=report)
        for extra in surplus:
            self.ui.delete_snapshot(project, extra)
        for old in self.ui.snapshots(project)[:-SNAPSHOTS]:
            self.ui.delete_snapshot(project, old)
        page = self.ui.page(project, snapshot)
        with reachable():
            self.db.reports.update_one({"_id": report}, {"$set": {"snapshot": {"id": snapshot, "page": page}}})
        return page
