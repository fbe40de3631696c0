"""Caches the answers to slow questions about a campaign for all sessions, slower answers for longer.

The time to count a list grows with the list. An answer is cached for 20 times the time it took, so counting never takes
more than a twentieth of the server's time, however many people use the page. While a new answer is computed, other
callers get the last one at once.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Generic, ParamSpec, TypeVar

import streamlit as st
from pymongo.database import Database

from core.stores.kind_database import KindDatabase
from core.stores.mongo import Db

P = ParamSpec("P")
T = TypeVar("T")
TIMES = 20
SHARED: dict[str, Any] = {
    "show_spinner": False,
    "hash_funcs": {Database: lambda db: db.name, KindDatabase: lambda db: db.name},
}
"""Options of a Streamlit cache keyed by database: a process has one for each kind, so the key holds only its name."""


def cached_for(time: timedelta, *, entries: int | None = None) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Decorates a question to a database: all sessions share its answers for `time`, the newest `entries` of them."""
    cached: Callable[[Callable[P, T]], Callable[P, T]] = st.cache_data(ttl=time, max_entries=entries, **SHARED)
    return cached


@dataclass
class _Answer(Generic[T]):
    """An answer, the seconds it took, and the clock's time when it arrived."""

    value: T
    took: float
    at: float


@dataclass
class AdaptiveCache(Generic[T]):
    """Calls `read` for a campaign, and caches the answer for `least` or longer. May be shared between threads.

    An empty answer is not cached, so that the first data appear at once.
    """

    read: Callable[[Db, str], T]
    least: timedelta
    clock: Callable[[], float] = time.monotonic
    _answers: dict[tuple[str, str], _Answer[T]] = field(default_factory=dict)
    _asking: dict[tuple[str, str], threading.Lock] = field(default_factory=dict)

    def get(self, db: Db, campaign: str) -> T:
        """The answer for `campaign`, cached or new. Raises what `read` raises."""
        key = (db.name, campaign)
        answer = self._answers.get(key)
        if answer and self._fresh(answer):
            return answer.value
        asking = self._asking.setdefault(key, threading.Lock())
        if not asking.acquire(blocking=answer is None) and answer:
            return answer.value
        try:
            answer = self._answers.get(key)
            if answer and self._fresh(answer):
                return answer.value  # another thread has asked meanwhile
            began = self.clock()
            value = self.read(db, campaign)
            if value:
                self._answers[key] = _Answer(value, self.clock() - began, self.clock())
            return value
        finally:
            asking.release()

    def last(self, db: Db, campaign: str) -> T | None:
        """The last answer, however old; None without one."""
        answer = self._answers.get((db.name, campaign))
        return answer.value if answer else None

    def forget(self, db: Db, campaign: str) -> None:
        """Drop the answer for `campaign`."""
        self._answers.pop((db.name, campaign), None)

    def _fresh(self, answer: _Answer[T]) -> bool:
        return self.clock() - answer.at < max(self.least.total_seconds(), TIMES * answer.took)
