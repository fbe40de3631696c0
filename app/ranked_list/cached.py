"""The counts and the sample of a ranked list, read once for everybody on a campaign and kept for a few seconds.

An action that changes the counts forgets them, so whoever acted sees the change at once.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import streamlit as st

from app.ranked_list import listing
from app.ranked_list import sample as list_sample
from app.ranked_list.listing import Progress
from app.ranked_list.sample import Listed
from app.shell.adaptive_cache import SHARED, AdaptiveCache
from core.stores.mongo import Db

LONG = 50_000  # people in a campaign
_sampled = st.cache_data(ttl=timedelta(minutes=5), max_entries=16, **SHARED)(list_sample.sampled)


def _counting() -> AdaptiveCache[Progress]:
    return AdaptiveCache(listing.progress, least=timedelta(seconds=5))


def _parting() -> AdaptiveCache[list[float]]:
    return AdaptiveCache(lambda db, one: listing.floors(db, one, progress(db, one).ranked), least=timedelta(seconds=30))


_progress: Callable[[], AdaptiveCache[Progress]] = st.cache_resource(show_spinner=False)(_counting)
_floors: Callable[[], AdaptiveCache[list[float]]] = st.cache_resource(show_spinner=False)(_parting)


def progress(db: Db, campaign: str) -> Progress:
    """`ranked_list.progress`, at most five seconds old, or as old as `app.shell.adaptive_cache` says of a long list."""
    return _progress().get(db, campaign)


def floors(db: Db, campaign: str) -> list[float]:
    """`ranked_list.floors`, at most thirty seconds old, or as old as `app.shell.adaptive_cache` says of a long list."""
    return _floors().get(db, campaign)


def last_floors(db: Db, campaign: str) -> list[float]:
    """The floors as they were last seen, without waiting for them; none where nobody has looked yet."""
    return _floors().last(db, campaign) or []


def forget_progress(db: Db, campaign: str) -> None:
    """Count `campaign` anew next time, unless it is so long that one more or less is not seen."""
    kept = _progress().last(db, campaign)
    if kept and kept.total < LONG:
        recount(db, campaign)


def recount(db: Db, campaign: str) -> None:
    """Count `campaign` anew next time, however long it is."""
    _progress().forget(db, campaign)
    _floors().forget(db, campaign)


def sampled(db: Db, campaign: str, size: int, *, still_open: bool) -> list[Listed]:
    """`list_sample.sampled`, at most five minutes old, so that the same people are asked about while one looks."""
    found: list[Listed] = _sampled(db, campaign, size, still_open)
    return found
