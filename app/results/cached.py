"""Caches the calls of a campaign for a minute, shared by all sessions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import streamlit as st

from app.results import calls_made
from app.results.calls_made import Call, Known, Tally
from app.shell.adaptive_cache import SHARED
from core.stores.mongo import Db


def tally(db: Db, campaign: str, zone: str | None) -> list[Tally]:
    """`calls_made.tally`, at most a minute old. Raises Unavailable."""
    tallies: list[Tally] = _tally(db, campaign, zone)
    return tallies


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
    """`calls_made.made`, at most a minute old; predictions before a call are looked up once an hour."""
    calls: list[Call] = _made(db, campaign, tuple(columns), limit, since, until, imported)
    return calls


def _nothing(campaign: str, columns: tuple[str, ...]) -> Known:  # noqa: ARG001  the key of the cache
    return {}


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


# The looked-up predictions of a campaign's calls: one dictionary for all sessions, filled as pages need it.
_known = st.cache_resource(ttl=timedelta(hours=1), max_entries=4, show_spinner=False)(_nothing)
_made = st.cache_data(ttl=timedelta(minutes=1), max_entries=16, **SHARED)(_joined)
_tally = st.cache_data(ttl=timedelta(minutes=1), **SHARED)(calls_made.tally)
