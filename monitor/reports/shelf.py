"""Verdicts in MongoDB, and their pictures in the Evidently UI.

A report's `_id` is made of what it is about (kind, model version, newest record of its window), so the same window
gives one report however often it is looked at. The verdict is written first and is the truth; the snapshot in the UI
is a view of it. A process that died between the two leaves a report without a snapshot; the next look at the same
window adds it, and a window that has moved on by then stays without one. Verdicts are kept for ever; of the snapshots,
close to a megabyte each, the newest `SNAPSHOTS`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pymongo import DESCENDING

from core.clock import Clock, now
from core.stores.evidently import EvidentlyUI
from core.stores.mongo import Db, reachable

SNAPSHOTS = 500
STRIDE = 10  # a window is judged again once a tenth of it is new


Seen = tuple[str, datetime]
"""A record of a window: its key and its time."""


def fresh(window: Sequence[Seen], verdict: Mapping[str, Any]) -> int:
    """How many of a window's n records (the newest first) came after the window that `verdict` is about.

    Its newest record may be gone from the window, because the same person was asked about once more, or be kept
    nowhere, because it would name somebody; then time decides.
    """
    keys, last = [key for key, _ in window], verdict.get("last")
    if last in keys:
        return keys.index(last)
    return sum(at > verdict["until"] for _, at in window)


@dataclass(frozen=True)
class Shelf:
    """Where reports go: the database and a project in the Evidently UI."""

    db: Db
    ui: EvidentlyUI
    project: str
    clock: Clock = now

    def news(self, kind: str, version: str, window: Sequence[Seen]) -> int:
        """How many of a window's n records (the newest first) came after the last window that was judged.

        0 while they are less than a tenth: a window is worth a verdict when it says something new, and verdicts that
        are given more often are false more often. All of them where the last verdict is on this very window and was
        never shown, because the UI was away. Raises Unavailable.
        """
        query = {"kind": kind, "verdict.version": version}
        with reachable():
            last = self.db.reports.find_one(query, sort=[("verdict.until", DESCENDING)])
        new = fresh(window, last["verdict"]) if last else len(window)
        if last and not new and last["snapshot"] is None:
            return len(window)
        return new if new * STRIDE >= len(window) else 0

    def keep(self, report: str, kind: str, verdict: Mapping[str, Any]) -> None:
        """Write a verdict; one that is there already stands. Raises Unavailable."""
        document = {"kind": kind, "verdict": dict(verdict), "made": {"at": self.clock()}, "snapshot": None}
        with reachable():
            self.db.reports.update_one({"_id": report}, {"$setOnInsert": document}, upsert=True)

    def publish(self, report: str, content: str) -> str:
        """Let the UI show exactly one snapshot of `report` and return its address. Raises Unavailable.

        `content` is a snapshot whose metadata names the report (`report`). Two processes that do this at once agree
        on the older of their snapshots.
        """
        project = self.ui.ensure_project(self.project)
        if not self.ui.snapshots(project, report=report):
            self.ui.add_snapshot(project, content)
        kept, *surplus = self.ui.snapshots(project, report=report)
        for snapshot in surplus:
            self.ui.delete_snapshot(project, snapshot)
        for snapshot in self.ui.snapshots(project)[:-SNAPSHOTS]:
            self.ui.delete_snapshot(project, snapshot)
        page = self.ui.page(project, kept)
        with reachable():
            self.db.reports.update_one({"_id": report}, {"$set": {"snapshot": {"id": kept, "page": page}}})
        return page
