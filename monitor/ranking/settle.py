"""Finishes calls and undos that a process left half done when it died, and ends pauses that are over."""

from __future__ import annotations

from core.calls.claims import settle_calls
from core.calls.undo import settle_undos
from core.stores.mongo import Db


def settle(db: Db) -> str:
    """Finish all of them; returns their number, in words. Raises Unavailable."""
    settled = settle_calls(db) + settle_undos(db)
    return f"{settled} calls finished that were half recorded" if settled else "every call is recorded to the end"
