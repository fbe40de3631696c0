"""Notes at a person which prediction ranked them, though not when: people kept the newest one alone before."""

from __future__ import annotations

from pymongo import UpdateOne

from bootstrap.migrations.migration import Keep, pages
from core.scoring.kept_predictions import KEPT_PREDICTIONS, UNKNOWN
from core.stores.mongo import Db


def run(db: Db, keep: Keep) -> int:
    """Returns the number of people."""
    changed = 0
    for page in pages(db, "prospects", keep, {"prediction": 1, KEPT_PREDICTIONS: 1}):
        writes = [
            UpdateOne({"_id": person["_id"]}, {"$set": {KEPT_PREDICTIONS: [[UNKNOWN, person["prediction"]]]}})
            for person in page
            if person.get("prediction") and person.get(KEPT_PREDICTIONS) is None
        ]
        if writes:
            changed += db.prospects.bulk_write(writes, ordered=False).matched_count
    return changed
