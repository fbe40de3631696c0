"""What Callwise needs of a MongoDB server, and nothing more. Every case here is relied on by code in core/."""

from datetime import UTC, datetime, timedelta

import pytest
from pymongo import ReturnDocument, UpdateOne
from pymongo.errors import DuplicateKeyError

from core.errors import Unavailable
from core.settings.addresses import MongoSettings
from core.settings.loading import load
from core.stores.mongo import Db, connect, count, ensure_indexes, reachable

THEN = datetime(2026, 5, 1, 12, 0, 0, 123_000, tzinfo=UTC)


def test_dots_in_feature_names_survive(db: Db) -> None:
    features = {"emp.var.rate": 1.1, "age": 41}
    db.prospects.bulk_write([UpdateOne({"_id": "a"}, {"$setOnInsert": {"features": features}}, upsert=True)])
    found = db.prospects.find_one({"_id": "a"})
    assert found is not None
    assert found["features"] == features


def test_an_upsert_by_key_repeats_without_effect_and_says_what_was_new(db: Db) -> None:
    writes = [UpdateOne({"_id": key}, {"$setOnInsert": {"n": key}}, upsert=True) for key in "ab"]
    assert set(db.prospects.bulk_write(writes[:1], ordered=False).upserted_ids or {}) == {0}
    assert set(db.prospects.bulk_write(writes, ordered=False).upserted_ids or {}) == {1}
    assert db.prospects.count_documents({}) == 2


def test_an_insert_of_a_taken_key_is_refused(db: Db) -> None:
    db.events.insert_one({"_id": 1})
    with pytest.raises(DuplicateKeyError):
        db.events.insert_one({"_id": 1})


def test_times_inside_nested_values_stay_times(db: Db) -> None:
    db.prospects.insert_one({"_id": "a", "claim": None, "at": THEN})
    found = db.prospects.find_one_and_update(
        {"_id": "a", "$or": [{"claim": None}, {"claim.until": {"$lte": THEN}}]},
        {"$set": {"claim": {"by": "ann", "until": THEN}}},
        return_document=ReturnDocument.AFTER,
    )
    assert found is not None
    stored = db.prospects.find_one({"_id": "a"})
    assert stored is not None
    for document in (found, stored):
        assert document["claim"]["until"] == THEN
        assert document["at"] == THEN
    late = THEN + timedelta(milliseconds=1)
    assert db.prospects.count_documents({"claim.until": {"$lte": THEN}}) == 1
    assert db.prospects.count_documents({"claim.until": {"$gt": THEN}}) == 0
    assert db.prospects.count_documents({"claim.until": {"$lt": late}, "claim.by": "ann"}) == 1


def test_none_finds_what_is_null_and_what_is_not_there(db: Db) -> None:
    db.prospects.insert_many([{"_id": "null", "score": None}, {"_id": "absent"}, {"_id": "set", "score": 0.0}])
    assert {d["_id"] for d in db.prospects.find({"score": None})} == {"null", "absent"}


def test_what_is_null_is_counted(db: Db) -> None:
    db.prospects.insert_many([{"_id": "null", "score": None}, {"_id": "absent"}, {"_id": "set", "score": 0.0}])
    assert count(db.prospects, {"score": None}) == 2
    assert count(db.prospects, {"score": {"$gte": 0}}) == 1
    assert count(db.prospects, {"score": 7}) == 0
    assert count(db.prospects, {}) == 3


def test_a_score_of_twelve_decimals_comes_back_the_same_number(db: Db) -> None:
    score = round(1 / 7, 12)
    db.prospects.insert_one({"_id": "a", "score": None})
    db.prospects.bulk_write([UpdateOne({"_id": "a"}, {"$set": {"score": score}})])
    found = db.prospects.find_one({"_id": "a"})
    assert found is not None
    assert found["score"] == score


def test_find_and_update_takes_the_first_by_the_sort(db: Db) -> None:
    db.prospects.insert_many([{"_id": str(n), "score": n % 3, "claim": None} for n in range(9)])
    order = []
    while found := db.prospects.find_one_and_update(
        {"claim": None}, {"$set": {"claim": {"by": "ann"}}}, sort=[("score", -1), ("_id", 1)]
    ):
        order.append(found["_id"])
    assert order == ["2", "5", "8", "1", "4", "7", "0", "3", "6"]


def test_indexes_may_be_made_again(db: Db) -> None:
    ensure_indexes(db)
    before = sorted(db.prospects.index_information())
    ensure_indexes(db)
    assert sorted(db.prospects.index_information()) == before


def test_no_server_is_unavailable_and_says_what_was_kept() -> None:
    db = connect(load(MongoSettings, {"MONGODB_URI": "mongodb://127.0.0.1:1"}), timeout_seconds=0.2)
    with pytest.raises(Unavailable, match="may be repeated"), reachable():
        db.prospects.find_one({})


def test_a_list_that_is_written_whole_keeps_its_times(db: Db) -> None:
    db.incidents.insert_one({"_id": "a", "revision": 1, "history": [{"at": THEN, "told": None}]})
    history = [{"at": THEN, "told": {"at": THEN}}, {"at": THEN, "told": None}]
    changes = {"$set": {"history": history, "revision": 2}}
    assert db.incidents.update_one({"_id": "a", "revision": 1}, changes).matched_count == 1
    assert db.incidents.update_one({"_id": "a", "revision": 1}, changes).matched_count == 0
    found = db.incidents.find_one({"_id": "a"})
    assert found is not None
    assert found["history"] == history


def test_times_at_the_top_are_counted_within_bounds(db: Db) -> None:
    later = [THEN + timedelta(hours=n) for n in range(4)]
    db.outcomes.insert_many([{"_id": f"{n}", "at": at, "positive": n == 1} for n, at in enumerate(later)])
    within = {"$gte": later[1], "$lt": later[3]}
    assert db.outcomes.count_documents({"at": within}) == 2
    assert db.outcomes.count_documents({"at": within, "positive": True}) == 1


def test_keys_of_one_prefix_are_found_between_bounds(db: Db) -> None:
    db.appliance.insert_many([{"_id": key} for key in ("monitor:drift", "monitor:economy:euribor3m", "ready")])
    found = db.appliance.find({"_id": {"$gte": "monitor:", "$lt": "monitor;"}})
    assert {fact["_id"] for fact in found} == {"monitor:drift", "monitor:economy:euribor3m"}
