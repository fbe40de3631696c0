"""Writes the values of an indicator as vintages."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime, timedelta

from pymongo import UpdateOne

from core.stores.embedded_mongo import revision_update
from core.stores.mongo import Db, Document, reachable
from monitor.economy.series import Series

SETTLING = timedelta(minutes=1)


def write_vintages(db: Db, series: Series, values: Mapping[str, float], at: datetime) -> int:
    """Add what is new in `values` (by period) as vintages; returns the number of these. Raises Unavailable."""
    keys = {period: f"{series.column}:{period}" for period in values}
    source = f"{series.service} {series.flow}/{series.path}"
    with reachable():
        stored = {document["_id"]: document for document in db.indicators.find({"_id": {"$in": list(keys.values())}})}
        writes = []
        for period, value in values.items():
            document = stored.get(keys[period])
            vintage: Document = {"value": value, "known": {"at": at + SETTLING}, "source": source}
            if document is None:
                named = {"series": series.column, "period": period, "unit": series.unit}
                first = {**named, "vintages": [vintage], "revision": 1, "seen": {"at": at}}
                writes.append(UpdateOne({"_id": keys[period]}, {"$setOnInsert": first}, upsert=True))
            elif not math.isclose(document["vintages"][-1]["value"], value, rel_tol=1e-9, abs_tol=1e-9):
                more = {"vintages": [*document["vintages"], vintage], "unit": series.unit}
                writes.append(UpdateOne(*revision_update(document, more)))
        if writes:
            db.indicators.bulk_write(writes)
        db.indicators.update_many({"_id": {"$in": list(keys.values())}}, {"$set": {"seen": {"at": at}}})
    return len(writes)
