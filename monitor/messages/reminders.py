"""Reminds people of a hold that nobody has released for days.

A reminder is a report that the outbox sends. Its key is made of the hold and the number of spans of days that have
passed, so each is written and sent once.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from core.clock import Clock, now
from core.models.decisions import decisions, state_of
from core.oversight import reviews
from core.oversight.week import hold_sentence
from core.stores.mongo import Db
from monitor.reports.shelf import write_report


@dataclass(frozen=True)
class Reminders:
    """Reminds of a hold on `model` after every `span`; `page` is the address of the screens."""

    db: Db
    model: str
    span: timedelta
    code_version: str
    page: str | None = None
    clock: Clock = now

    def run(self) -> str:
        """Write the reminder that is due, unless it exists; returns the result in words. Raises Unavailable."""
        reviews.log_signatures(self.db, self.model)  # for a screen that died before it could
        hold = state_of(decisions(self.db, self.model)).hold
        if hold is None:
            return "nobody holds the champion"
        age = self.clock() - hold.at
        spans = age // self.span
        if not spans:
            return f"held by {hold.by} since {hold.at:%Y-%m-%d %H:%M} UTC"
        key = f"reminder:{self.model}:{hold.place:06d}:{spans:04d}"
        verdict = {
            "title": f"Callwise: on hold for {age.days} days",
            "text": f"Needs a decision\n- {hold_sentence(hold)}" + (f"\n{self.page}" if self.page else ""),
            "code_version": self.code_version,
        }
        write_report(self.db, key, "reminder", verdict, self.clock(), told=None)
        return f"held by {hold.by} for {age.days} days; reminded of that"
