"""Answers to slow questions about a campaign, asked once for everybody and kept for longer the longer they took.

Counting a list takes a time that grows with it. Kept for twenty times as long, it never takes more than a twentieth
of the time of the server, however many people look. Whoever comes while it is asked anew gets the last answer and does
not wait.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Generic, TypeVar

from pymongo.database import Database

from core.stores.mongo import Db

T = TypeVar("T")
TIMES = 20
SHARED: dict[str, Any] = {"show_spinner": False, "hash_funcs": {Database: lambda db: db.name}}
"""Options of a Streamlit cache by database: there is one in a process, and its name stands for it in the key."""


@dataclass
class _Answer(Generic[T]):
    """One answer: how many seconds it took, and when it was there."""

    value: T
    took: float
    at: float


@dataclass
class AdaptiveCache(Generic[T]):
    """Asks `ask` of a campaign, and keeps the answer at least for `least`. May be shared between threads.

    An empty answer is not kept: nothing is there yet, and what comes should be seen at once.
    """

    ask: Callable[[Db, str], T]
    least: timedelta
    clock: Callable[[], float] = time.monotonic
    _answers: dict[tuple[str, str], _Answer[T]] = field(default_factory=dict)
    _asking: dict[tuple[str, str], threading.Lock] = field(default_factory=dict)

    def get(self, db: Db, campaign: str) -> T:
        """The answer for `campaign`, kept or new. Raises what `ask` raises."""
        key = (db.name, campaign)
        kept = self._answers.get(key)
        if kept and self._fresh(kept):
            return kept.value
        asking = self._asking.setdefault(key, threading.Lock())
        if not asking.acquire(blocking=kept is None) and kept:
            return kept.value
        try:
            kept = self._answers.get(key)
            if kept and self._fresh(kept):
                return kept.value  # somebody else has asked meanwhile
            began = self.clock()
            value = self.ask(db, campaign)
            if value:
                self._answers[key] = _Answer(value, self.clock() - began, self.clock())
            return value
        finally:
            asking.release()

    def last(self, db: Db, campaign: str) -> T | None:
        """The last answer, however old; None where nobody has asked."""
        kept = self._answers.get((db.name, campaign))
        return kept.value if kept else None

    def forget(self, db: Db, campaign: str) -> None:
        """Ask anew next time."""
        self._answers.pop((db.name, campaign), None)

    def _fresh(self, kept: _Answer[T]) -> bool:
        return self.clock() - kept.at < max(self.least.total_seconds(), TIMES * kept.took)
