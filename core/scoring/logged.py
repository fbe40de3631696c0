"""Rows of the prediction log, however they are stored (`core.scoring.packed`)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from pymongo import DESCENDING

from core.scoring.packed import record_of, rows_of
from core.scoring.prediction import own_score, scored_by
from core.stores.mongo import Db, Document, reachable

AT_ONCE = 500
"""Records that are read at once: each may hold fifty rows."""


def by_key(db: Db, keys: Sequence[str]) -> dict[str, Document]:
    """The rows with these keys, by key; without those that the log does not have. Raises Unavailable."""
    asked = set(keys)
    found: dict[str, Document] = {}
    records = sorted(asked | {record_of(key) for key in asked})
    for start in range(0, len(records), AT_ONCE):
        with reachable():
            page = list(db.predictions.find({"_id": {"$in": records[start : start + AT_ONCE]}}))
        found.update((row["_id"], row) for row in rows_of(page, keys=asked))
    return found


def newest_rows(db: Db, version: str, many: int) -> list[Document]:
    """The newest `many` rows with a score of `version`'s own, of whoever asked for it. Raises Unavailable."""
    with reachable():
        rows = rows_of(db.predictions.find(scored_by(version)).sort([("at", DESCENDING)]).limit(many))
        return list(islice((row for row in rows if own_score(row, version) is not None), many))


def every_row(db: Db) -> Iterator[Document]:
    """All rows, in no order. Raises Unavailable."""
    with reachable():
        yield from rows_of(db.predictions.find())
