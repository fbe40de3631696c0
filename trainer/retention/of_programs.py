"""What the API keeps for programs: answers whose time is over, and changes that every program has read long since."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from core.clock import Clock, now
from core.stores.embedded_mongo import remove_by_key
from core.stores.mongo import Db, reachable

AT_ONCE = 500


@dataclass(frozen=True)
class OldAnswers:
    """Answers kept for an `Idempotency-Key` (`api.access.repeated`) whose `until` is past."""

    db: Db
    clock: Clock = now

    def step(self) -> int | None:
        """Remove some; returns how many, None where none is old. Raises Unavailable."""
        with reachable():
            old = {"until": {"$lt": int(self.clock().timestamp())}}
            keys = [str(one["_id"]) for one in self.db.answers.find(old, {"_id": 1}).limit(AT_ONCE)]
            remove_by_key(self.db.answers, keys)
        return len(keys) or None


@dataclass(frozen=True)
class OldChanges:
    """Entries of the feed (`core.feed.sequence`) older than `days`. Their places are not given again."""

    db: Db
    days: int
    clock: Clock = now

    def step(self) -> int | None:
        """Remove some of the first; returns how many, None where none is old. Raises Unavailable."""
        before = self.clock() - timedelta(days=self.days)
        with reachable():
            first = list(self.db.changes.find().sort([("_id", 1)]).limit(AT_ONCE))
            keys = [str(one["_id"]) for one in first if one["at"] < before]
            remove_by_key(self.db.changes, keys)
        return len(keys) or None
