"""Closes prospects whose outcome was written by a process that died before it could close them."""

from __future__ import annotations

from core import prospects
from core.mongo import Db


def settle(db: Db) -> str:
    """Close them and say how many there were. Raises Unavailable."""
    closed = prospects.settle(db)
    return f"{closed} prospects closed that had an outcome" if closed else "every outcome has closed its prospect"
