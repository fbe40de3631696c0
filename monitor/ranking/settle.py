"""Finishes calls, undos and corrections that a process left half done when it died, and ends pauses that are over."""

from __future__ import annotations

from core.calls.claims import settle_calls
from core.calls.undo import settle_undos
from core.desk import conflicts, correction
from core.do_not_call import wish_sweep
from core.stores.mongo import Db


def settle(db: Db, *, by_reference: bool = False) -> str:
    """Finish all of them, and let the lists follow the wishes; returns the number of calls, in words.

    `by_reference`: people are known by it, so wishes that were recorded in other campaign kinds hold here, too. Raises
    Unavailable.
    """
    settled = settle_calls(db) + settle_undos(db) + correction.settle(db) + conflicts.settle(db)
    # Last, because it takes away the claims by which calls are found that are half recorded.
    wish_sweep.sweep(db, by_reference=by_reference)
    return f"{settled} calls finished that were half recorded" if settled else "every call is recorded to the end"
