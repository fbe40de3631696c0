"""Gives an indicator's value its first vintage: the value was stored alone before revisions were kept."""

from __future__ import annotations

from pymongo import UpdateOne

from bootstrap.migrations.migration import Keep, pages
from core.clock import now
from core.schema.economy import period_bounds
from core.stores.mongo import Db


def run(db: Db, keep: Keep) -> int:
    """Known from the first day of its period, as every bundled value is. Returns the number of values."""
    changed = 0
    for page in pages(db, "indicators", keep):
        writes = []
        for stored in page:
            if stored.get("vintages") is not None or "value" not in stored:
                continue
            known = {"at": period_bounds(str(stored["period"]))[0]}
            vintage = {"value": float(stored["value"]), "known": known, "source": str(stored.get("source", ""))}
            first = {"vintages": [vintage], "revision": 1, "seen": {"at": now()}}
            writes.append(UpdateOne({"_id": stored["_id"]}, {"$set": first}))
        if writes:
            changed += db.indicators.bulk_write(writes, ordered=False).matched_count
    return changed
