"""What everybody on a campaign sees alike, read once for all of them and kept for a few seconds.

An action that changes the counts forgets them, so whoever acted sees the change at once.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import streamlit as st
from pymongo.database import Database

from app import ranked_list
from app.ranked_list import Progress
from core.mongo import Db

# There is one database in a process; its name stands for it in the cache.
_SHARED: dict[str, Any] = {"show_spinner": False, "hash_funcs": {Database: lambda db: db.name}}
_progress = st.cache_data(ttl=timedelta(seconds=5), **_SHARED)(ranked_list.progress)
_floors = st.cache_data(ttl=timedelta(seconds=30), **_SHARED)(ranked_list.floors)


def progress(db: Db, campaign: str) -> Progress:
    """`ranked_list.progress`, at most five seconds old."""
    found: Progress = _progress(db, campaign)
    return found


def floors(db: Db, campaign: str) -> list[float]:
    """`ranked_list.floors`, at most thirty seconds old."""
    ranked = progress(db, campaign).ranked
    # A hundredth more or less moves no band that a person could tell, so a call made does not ask again.
    found: list[float] = _floors(db, campaign, ranked if ranked < 1_000 else round(ranked, -2))
    return found


def forget_progress(db: Db, campaign: str) -> None:
    """Count `campaign` anew next time."""
    _progress.clear(db, campaign)
