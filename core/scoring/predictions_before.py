"""The join of outcomes with the prediction log: the predictions of a prospect before a call."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from core.scoring.packed import PACKING, rows_of
from core.stores.mongo import Db, Document, reachable

PAGE = 2_000
"""Outcomes whose predictions are read at once."""

DATED = {"dated": {"$nin": [False]}}
"""The query of outcomes whose calls have a known time (`$ne` would not do: `core.stores.embedded_mongo`).

An outcome from a file without that time has the time of its import, which says nothing about what was scored before
the call.
"""


def predictions_before(
    db: Db, outcomes: Sequence[Document], *, since: datetime | None = None, fields: Mapping[str, int] | None = None
) -> Iterator[tuple[Document, list[Document]]]:
    """Each outcome with the predictions of its prospect up to the call, the oldest first (at one moment, by key).

    `since` leaves out earlier ones; `fields`, their projection, must hold `prospect` and `at`. Raises Unavailable.
    """
    for start in range(0, len(outcomes), PAGE):
        page = outcomes[start : start + PAGE]
        wanted = {outcome["prospect"] for outcome in page}
        query: Document = {"prospect": {"$in": list(wanted)}}
        if since is not None:
            query["at"] = {"$gte": since}
        by_prospect: dict[str, list[Document]] = {}
        with reachable():
            found = db.predictions.find(query, {**fields, **PACKING} if fields else None)
            for record in rows_of(found, wanted):
                by_prospect.setdefault(record["prospect"], []).append(record)
        for records in by_prospect.values():
            records.sort(key=lambda record: (record["at"], record["_id"]))
        for outcome in page:
            records = by_prospect.get(outcome["prospect"], [])
            yield outcome, [record for record in records if record["at"] <= outcome["at"]]
