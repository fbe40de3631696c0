"""Caches the calls of a campaign for a minute, shared by all sessions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import streamlit as st

from app.results import calls_made
from app.results.calls_made import Call, Known
from app.shell.adaptive_cache import cached_for
from core.stores.mongo import Db

read_tallies = cached_for(timedelta(minutes=1))(calls_made.read_tallies)


@cached_for(timedelta(minutes=1), entries=16)
def read_calls(
    db: Db,
    campaign: str,
    columns: Sequence[str],
    limit: int,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    imported: bool = False,
) -> list[Call]:
    """`calls_made.read_calls`, at most a minute old; predictions before a call are looked up once an hour."""
    known = _known(db.name, campaign, tuple(columns))
    return calls_made.read_calls(db, campaign, columns, limit, since=since, until=until, imported=imported, known=known)


def _nothing(database: str, campaign: str, columns: tuple[str, ...]) -> Known:  # noqa: ARG001  the key of the cache
    return {}


# The looked-up predictions of a campaign's calls: one dictionary for all sessions, filled as pages need it.
_known = st.cache_resource(ttl=timedelta(hours=1), max_entries=4, show_spinner=False)(_nothing)
