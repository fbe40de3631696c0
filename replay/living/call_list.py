"""The call list in memory: files are read by the import's rules, and people change their state as they are called."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from core.calls.lifecycle import LIVE, Status
from core.calls.rank_key import rank_again
from core.imports.column_mapping import ColumnMapping
from core.imports.kept_out import OpenDoor
from core.imports.rows import Reading
from core.lists import arrival
from core.schema import Schema
from core.schema.as_of import as_of
from core.stores.mongo import Document
from monitor.reports.drift.arrivals import Arrival, left_over
from replay.arrived import Arrived
from replay.living.loop import Call, Delivery

CAMPAIGN = "living"


@dataclass
class CallList:
    """The prospects by key, as documents like those in MongoDB, and the number of rows that were rejected."""

    schema: Schema
    prospects: dict[str, Document] = field(default_factory=dict)
    rejected: int = 0
    arrived: Arrived = field(default_factory=Arrived)
    _live: dict[str, Document] = field(default_factory=dict)

    def read(self, rows: Delivery, at: datetime) -> list[Document]:
        """Take in the rows that fit; returns the outcomes of calls made earlier, in the order of the file."""
        mapping = ColumnMapping.by_name(self.schema, rows.header)
        reading = Reading(
            schema=self.schema,
            campaign=CAMPAIGN,
            mapping=mapping,
            reader=mapping.reader(self.schema, rows.header),
            absent=frozenset(),
            then=None,
            outcomes_until=None,
            clock=lambda: at,
            door=OpenDoor(),
        )
        outcomes, new = [], []
        for row in reading.rows(rows.records, lambda _rejected: self._reject()):
            self.prospects[row.prospect["_id"]] = row.prospect
            if row.outcome is not None:
                outcomes.append(row.outcome)
            else:
                self._live[row.prospect["_id"]] = row.prospect
                new.append(row.prospect)
        new.sort(key=lambda one: arrival.draw(one["_id"]))
        left = left_over(len(outcomes), len(outcomes) + len(new))
        people = [
            Arrival(one["_id"], at, as_of(self.schema, one["features"], at, calls=0), rows.name, left) for one in new
        ]
        self.arrived.add(people, at)
        return outcomes

    def open(self, at: datetime) -> list[Document]:
        """The open prospects at `at`; pauses that are over have ended."""
        for prospect in self._live.values():
            if prospect["status"] == Status.PAUSED and prospect["due"] <= at.timestamp():
                prospect |= {"status": Status.OPEN.value, "due": None}
        return [prospect for prospect in self._live.values() if prospect["status"] == Status.OPEN]

    def order(self, at: datetime) -> Sequence[str]:
        """The references of the open prospects with a score, the best first; equal scores by key."""
        ranked = [prospect for prospect in self.open(at) if prospect["score"] is not None]
        return [one["ref"] for one in sorted(ranked, key=lambda one: (-one["score"], one["_id"]))]

    def called(self, call: Call) -> None:
        """Change the state of the person who was called."""
        prospect = self.prospects[key_of(call.person)]
        prospect |= {**call.state, "calls": call.number, **rank_again(CAMPAIGN)}
        if prospect["status"] not in LIVE:
            self._live.pop(prospect["_id"], None)

    def _reject(self) -> None:
        self.rejected += 1


def key_of(person: str) -> str:
    """The key of the prospect with this reference."""
    return f"{CAMPAIGN}:{person}"
