"""Caches the counts and the sample of a ranked list for a few seconds, shared by all sessions on a campaign.

An action that changes the counts clears them, so the person who acted sees the change at once.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import streamlit as st

from app.ranked_list import listing
from app.ranked_list import sample as list_sample
from app.ranked_list.listing import Progress
from app.shell.adaptive_cache import AdaptiveCache, cached_for
from core.stores.mongo import Db

LONG = 50_000  # people in a campaign


def _counting() -> AdaptiveCache[Progress]:
    return AdaptiveCache(listing.progress, least=timedelta(seconds=5))


def _parting() -> AdaptiveCache[list[float]]:
    return AdaptiveCache(lambda db, key: listing.floors(db, key, progress(db, key).ranked), least=timedelta(seconds=30))


_progress: Callable[[], AdaptiveCache[Progress]] = st.cache_resource(show_spinner=False)(_counting)
_floors: Callable[[], AdaptiveCache[list[float]]] = st.cache_resource(show_spinner=False)(_parting)


def progress(db: Db, campaign: str) -> Progress:
    """`listing.progress`, at most five seconds old, or older for a long list (`app.shell.adaptive_cache`)."""
    return _progress().get(db, campaign)


def floors(db: Db, campaign: str) -> list[float]:
    """`listing.floors`, at most thirty seconds old, or older for a long list (`app.shell.adaptive_cache`)."""
    return _floors().get(db, campaign)


def last_floors(db: Db, campaign: str) -> list[float]:
    """The floors last read, without waiting for newer ones; empty where no session has read them yet."""
    return _floors().last(db, campaign) or []


def forget_progress(db: Db, campaign: str) -> None:
    """Count `campaign` again next time, unless it is so long that one person more or less does not show."""
    last = _progress().last(db, campaign)
    if last and last.total < LONG:
        recount(db, campaign)


def recount(db: Db, campaign: str) -> None:
    """Count `campaign` again next time, however long it is."""
    _progress().forget(db, campaign)
    _floors().forget(db, campaign)


# At most five minutes old, so that a reader's figures stay about the same people.
draw_sample = cached_for(timedelta(minutes=5), entries=16)(list_sample.draw_sample)
