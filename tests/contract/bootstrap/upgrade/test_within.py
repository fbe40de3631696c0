"""What an upgrade counts of an appliance: every kind, and predictions by row."""

from __future__ import annotations

import pytest

from bootstrap.upgrade.within import counts
from core.stores import event_log, stored_version
from core.stores.events import Event
from core.stores.mongo import Db

pytestmark = pytest.mark.mongo


def test_records_of_every_kind_are_counted_and_predictions_by_row(db: Db) -> None:
    other = db.client[f"{db.name}-car-loans"]
    try:
        db.predictions.insert_many([{"_id": "a:0"}, {"_id": "b:0", "many": 50}])
        other.predictions.insert_one({"_id": "c:0", "many": 8})
        other.prospects.insert_one({"_id": "loans:1"})
        db.users.insert_one({"_id": "mia", "shown_key": "mia"})
        event_log.append(db, who="mia", what=Event.ACCOUNT_MADE, subject="mia")
        found = counts(db)
        numbers = {name.removeprefix(db.name): number for name, number in found["counts"].items() if number}
        assert numbers == {
            ".predictions": 51,
            ".accounts": 1,
            ".events": 1,
            "-car-loans.predictions": 8,
            "-car-loans.prospects": 1,
        }
        assert (found["version"], found["broken_at"]) == (0, None)
    finally:
        db.client.drop_database(other.name)


def test_a_broken_event_log_and_the_version_are_told(db: Db) -> None:
    for subject in ("mia", "ann"):
        event_log.append(db, who="mia", what=Event.ACCOUNT_MADE, subject=subject)
    db.events.update_one({"_id": event_log.key(2)}, {"$set": {"who": "eve"}})
    db.appliance.insert_one({"_id": stored_version.KEY, "version": 3, "applied": []})
    found = counts(db)
    assert (found["version"], found["broken_at"]) == (3, 2)
