"""Reminds people of what they began and nobody ended: a hold that has stood for days.

A reminder is a report that is written to be told, under a key made of the hold and of how many spans of days it has
stood; so each is written, and sent through the outbox, once.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from core.clock import Clock, now
from core.models.decisions import Decision, decisions, state
from core.oversight import reviews
from core.oversight.week import held
from core.stores.mongo import Db, Document, reachable


@dataclass(frozen=True)
class Reminders:
    """Reminds of a hold on `model` each time another `span` is over; `page` is where people look."""

    db: Db
    model: str
    span: timedelta
    code_version: str
    page: str | None = None
    clock: Clock = now

    def run(self) -> str:
        """Write the reminder that is due, unless it is there; what there is to say. Raises Unavailable."""
        reviews.tell(self.db, self.model)  # of a screen that died before it could
        hold = state(decisions(self.db, self.model)).hold
        if hold is None:
            return "nobody holds the champion"
        age = self.clock() - hold.at
        spans = age // self.span
        if not spans:
            return f"held by {hold.by} since {hold.at:%Y-%m-%d %H:%M} UTC"
        key = f"reminder:{self.model}:{hold.place:06d}:{spans:04d}"
        with reachable():
            self.db.reports.update_one({"_id": key}, {"$setOnInsert": self._document(hold, age)}, upsert=True)
        return f"held by {hold.by} for {age.days} days; reminded of that"

    def _document(self, hold: Decision, age: timedelta) -> Document:
        text = held(hold) + (f"\n{self.page}" if self.page else "")
        verdict = {
            "title": f"Callwise: on hold for {age.days} days",
            "text": f"Needs a decision\n- {text}",
            "code_version": self.code_version,
        }
        return {"kind": "reminder", "verdict": verdict, "made": {"at": self.clock()}, "snapshot": None, "told": None}
