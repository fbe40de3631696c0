"""Pages of the ranked list by its index, however long the list is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from api.http import cursors
from core.calls.lifecycle import Status
from core.stores.mongo import Db, Document, reachable

MOST = 1_000
"""People of one page."""


def ranked_page(db: Db, campaign: str, many: int, cursor: str | None) -> tuple[list[Document], str | None]:
    """At most `many` open people behind `cursor`, the best score first and those without one last; the next cursor.

    Raises InputError for a wrong cursor, Unavailable.
    """
    found: list[Document] = []
    with reachable():
        for place in _places(cursor):
            if len(found) <= many:
                found += _read(db, campaign, place, many + 1 - len(found))
    page = found[:many]
    if len(found) <= many:
        return page, None
    return page, cursors.encode(page[-1]["score"], page[-1]["ref"])


def _places(cursor: str | None) -> list[Mapping[str, Any]]:
    """The conditions of what comes behind `cursor`, in their order: each is a range of one index."""
    if cursor is None:
        return [{}]
    score, ref = cursors.decode(cursor, (int, float, type(None)), str)
    same = {"score": score, "ref": {"$gt": ref}}
    return [same] if score is None else [same, {"score": {"$lt": score}}, {"score": None}]


def _read(db: Db, campaign: str, place: Mapping[str, Any], many: int) -> list[Document]:
    match = {"campaign": campaign, "status": Status.OPEN.value, **place}
    return list(db.prospects.aggregate([{"$match": match}, {"$sort": {"score": -1, "ref": 1}}, {"$limit": many}]))
