"""What everybody on a campaign sees alike, read once for all of them and kept for a few seconds.

An action that changes the counts forgets them, so whoever acted sees the change at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import streamlit as st
from pymongo.database import Database

from app.calls import answer_times
from app.calls.answer_times import Counts
from app.campaigns import pace as campaign_pace
from app.campaigns.pace import Pace
from app.ranked_list import listing
from app.ranked_list import sample as list_sample
from app.ranked_list.listing import Progress
from app.ranked_list.sample import Listed
from app.results import calls_made
from app.results.calls_made import Call, Known, Tally
from app.shell.adaptive_cache import Kept
from core.calls import script as call_script
from core.calls.script import Script
from core.clock import now
from core.stores.mongo import Db

LONG = 50_000  # people in a campaign
# There is one database in a process; its name stands for it in the cache.
_SHARED: dict[str, Any] = {"show_spinner": False, "hash_funcs": {Database: lambda db: db.name}}
_sampled = st.cache_data(ttl=timedelta(minutes=5), max_entries=16, **_SHARED)(list_sample.sampled)
_answers = st.cache_data(ttl=timedelta(minutes=10), max_entries=64, **_SHARED)(answer_times.counted)
_script = st.cache_data(ttl=timedelta(seconds=30), **_SHARED)(call_script.read)
_tally = st.cache_data(ttl=timedelta(minutes=1), **_SHARED)(calls_made.tally)


def _joined(
    db: Db,
    campaign: str,
    columns: tuple[str, ...],
    limit: int,
    since: datetime | None,
    until: datetime | None,
    imported: bool,
) -> list[Call]:
    known = _known(campaign, columns)
    return calls_made.made(db, campaign, columns, limit, since=since, until=until, imported=imported, known=known)


def _paced(db: Db, campaign: str, zone: str | None) -> Pace:
    return campaign_pace.of(db, campaign, now(), zone)


def _nothing(campaign: str, columns: tuple[str, ...]) -> Known:  # noqa: ARG001  what it is kept by
    return {}


# What was looked up of a campaign's calls: one for all sessions, filled as pages need it.
_known = st.cache_resource(ttl=timedelta(hours=1), max_entries=4, show_spinner=False)(_nothing)
_pace = st.cache_data(ttl=timedelta(minutes=1), **_SHARED)(_paced)
_made = st.cache_data(ttl=timedelta(minutes=1), max_entries=16, **_SHARED)(_joined)


def _counting() -> Kept[Progress]:
    return Kept(listing.progress, least=timedelta(seconds=5))


def _parting() -> Kept[list[float]]:
    return Kept(lambda db, one: listing.floors(db, one, progress(db, one).ranked), least=timedelta(seconds=30))


_progress: Callable[[], Kept[Progress]] = st.cache_resource(show_spinner=False)(_counting)
_floors: Callable[[], Kept[list[float]]] = st.cache_resource(show_spinner=False)(_parting)


def progress(db: Db, campaign: str) -> Progress:
    """`ranked_list.progress`, at most five seconds old, or as old as `app.shell.adaptive_cache` says of a long list."""
    return _progress().of(db, campaign)


def floors(db: Db, campaign: str) -> list[float]:
    """`ranked_list.floors`, at most thirty seconds old, or as old as `app.shell.adaptive_cache` says of a long list."""
    return _floors().of(db, campaign)


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


def pace(db: Db, campaign: str, zone: str | None) -> Pace:
    """`campaign_pace.of`, at most a minute old."""
    found: Pace = _pace(db, campaign, zone)
    return found


def tally(db: Db, campaign: str, zone: str | None) -> list[Tally]:
    """`calls_made.tally`, at most a minute old."""
    found: list[Tally] = _tally(db, campaign, zone)
    return found


def answers(db: Db, campaign: str, segments: tuple[str, ...], minutes: int) -> Counts:
    """`reach.counted`, at most ten minutes old."""
    found: Counts = _answers(db, campaign, segments, minutes)
    return found


def script(db: Db, campaign: str) -> Script | None:
    """`call_script.read`, at most half a minute old."""
    found: Script | None = _script(db, campaign)
    return found


def forget_script(db: Db, campaign: str) -> None:
    """Read the script of `campaign` anew next time."""
    _script.clear(db, campaign)


def made(
    db: Db,
    campaign: str,
    columns: Sequence[str],
    limit: int,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    imported: bool = False,
) -> list[Call]:
    """`calls_made.made`, at most a minute old; what was said before a call is looked up once an hour."""
    found: list[Call] = _made(db, campaign, tuple(columns), limit, since, until, imported)
    return found


def sampled(db: Db, campaign: str, size: int, *, still_open: bool) -> list[Listed]:
    """`list_sample.sampled`, at most five minutes old, so that the same people are asked about while one looks."""
    found: list[Listed] = _sampled(db, campaign, size, still_open)
    return found
