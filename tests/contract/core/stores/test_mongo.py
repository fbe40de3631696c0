"""What Callwise needs of a MongoDB server, and nothing more. Every case here is relied on by code in core/."""

import math
from datetime import UTC, datetime, timedelta

import pytest
from pymongo import ReturnDocument, UpdateOne
from pymongo.errors import DuplicateKeyError

from core.errors import Unavailable
from core.settings.addresses import MongoSettings
from core.settings.loading import load
from core.stores.embedded_mongo import (
    REMOVED_AT_ONCE,
    Expression,
    count_between,
    count_by,
    key_in_order,
    local_time,
    milliseconds,
    newest,
    projection,
    remove_by_key,
    revision_update,
    set_once,
)
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


def test_a_list_that_is_rewritten_keeps_its_times_and_the_first_writer_wins(db: Db) -> None:
    read = {"_id": "a", "revision": 1, "history": [{"at": THEN, "told": None}]}
    db.incidents.insert_one(read)
    history = [{"at": THEN, "told": {"at": THEN}}, {"at": THEN, "told": None}]
    assert db.incidents.update_one(*revision_update(read, {"history": history})).matched_count == 1
    assert db.incidents.update_one(*revision_update(read, {"history": []})).matched_count == 0
    assert db.incidents.find_one({"_id": "a"}) == {"_id": "a", "revision": 2, "history": history}


def test_times_at_the_top_are_counted_within_bounds(db: Db) -> None:
    later = [THEN + timedelta(hours=n) for n in range(4)]
    db.outcomes.insert_many([{"_id": f"{n}", "at": at, "positive": n == 1} for n, at in enumerate(later)])
    within = {"$gte": later[1], "$lt": later[3]}
    assert count_between(db.outcomes, "at", within) == 2
    assert count_between(db.outcomes, "at", within, positive=True) == 1


def test_keys_of_one_prefix_are_found_between_bounds(db: Db) -> None:
    db.appliance.insert_many([{"_id": key} for key in ("monitor:drift", "monitor:economy:euribor3m", "ready")])
    found = db.appliance.find({"_id": {"$gte": "monitor:", "$lt": "monitor;"}})
    assert {fact["_id"] for fact in found} == {"monitor:drift", "monitor:economy:euribor3m"}


def test_local_time_is_on_the_clock_of_that_many_minutes(db: Db) -> None:
    db.calls.insert_one({"_id": "a", "at": datetime(2026, 5, 1, 22, 45, tzinfo=UTC)})
    day = {"$dateToString": {"format": "%Y-%m-%d", "date": local_time("at", 120)}}
    hour = {"$toString": {"$hour": local_time("at", 120)}}
    weekday = {"$toString": {"$dayOfWeek": local_time("at", 120)}}
    assert count_by(db.calls, {}, [day, hour, weekday]) == {("2026-05-02", "0", "7"): 1}


def test_tally_counts_each_combination_of_texts_that_fits(db: Db) -> None:
    calls = [("ann|lee", "sold", "x"), ("ann|lee", "sold", "x"), ("bob", "sold", None), ("ann|lee", "refused", "x")]
    stored = [{"_id": f"{n}", "agent": who, "result": what, "group": of} for n, (who, what, of) in enumerate(calls)]
    db.calls.insert_many([*stored, {"_id": "other", "agent": "eve", "result": "sold", "undone": True}])
    parts: list[Expression] = ["$agent", "$result", {"$ifNull": ["$group", ""]}]
    assert count_by(db.calls, {"undone": None}, parts) == {
        ("ann|lee", "sold", "x"): 2, ("bob", "sold", ""): 1, ("ann|lee", "refused", "x"): 1,
    }  # fmt: skip
    assert count_by(db.calls, {"undone": None}, ["$agent", ""]) == {("ann|lee", ""): 3, ("bob", ""): 1}
    assert count_by(db.calls, {"agent": "nobody"}, ["$agent"]) == {}


def test_the_newest_document_comes_back_whole_with_its_time(db: Db) -> None:
    ensure_indexes(db)
    assert newest(db.predictions, "at") is None
    stored = [{"_id": f"{n}", "at": THEN + timedelta(hours=n), "features": {"emp.var.rate": 1.1}} for n in (1, 2, 0)]
    db.predictions.insert_many(stored)
    assert newest(db.predictions, "at") == stored[1]


def test_a_projection_is_on_whole_fields(db: Db) -> None:
    db.predictions.insert_one({"_id": "a", "features": {"job": "clerk"}, "score": 0.5, "route": "champion"})
    assert db.predictions.find_one({}, projection("features", "score")) == {
        "_id": "a", "features": {"job": "clerk"}, "score": 0.5,
    }  # fmt: skip
    with pytest.raises(ValueError, match=r"features\.job"):
        projection("score", "features.job")


def test_what_is_kept_first_stays_while_others_grow(db: Db) -> None:
    for hours in range(3):
        stamp = milliseconds(THEN + timedelta(hours=hours))
        update = {"$inc": {"failures": 1}, "$max": {"last": stamp}, **set_once("since", stamp)}
        db.attempts.find_one_and_update({"_id": "a"}, update, upsert=True)
    last = milliseconds(THEN + timedelta(hours=2))
    assert last == 1_777_644_000_123
    expected = {"_id": "a", "failures": 3, "last": last, "since": milliseconds(THEN)}
    assert db.attempts.find_one({"_id": "a"}) == expected
    assert count(db.attempts, {"since": {"$lt": last}, "last": {"$lt": last + 1}}) == 1


def test_keys_in_order_are_ordered_by_their_place(db: Db) -> None:
    places = [9, 10, 100, 1, 99]
    db.events.insert_many([{"_id": key_in_order(place, 12)} for place in places])
    assert [int(event["_id"]) for event in db.events.find(sort=[("_id", 1)])] == sorted(places)
    last = db.events.find_one(sort=[("_id", -1)])
    assert last == {"_id": "000000000100"}


def test_removing_by_key_removes_these_and_no_others(db: Db) -> None:
    keys = [f"{number:05d}" for number in range(REMOVED_AT_ONCE + 3)]
    db.predictions.insert_many([{"_id": key} for key in keys])
    remove_by_key(db.predictions, keys[1:-1])
    assert {found["_id"] for found in db.predictions.find()} == {keys[0], keys[-1]}
    remove_by_key(db.predictions, [])
    assert count(db.predictions, {}) == 2


def test_a_score_that_is_no_number_is_none_or_no_number(db: Db) -> None:
    db.predictions.insert_one({"_id": "a", "score": 0.5})
    db.predictions.update_one({"_id": "a"}, {"$set": {"score": math.nan}})
    found = db.predictions.find_one({"_id": "a"})
    assert found is not None
    assert found["score"] is None or math.isnan(found["score"])


def test_documents_without_a_field_are_found_beside_a_range(db: Db) -> None:
    """With `$ne` the embedded server finds them alone, and not beside another condition."""
    at = datetime(2026, 5, 4, tzinfo=UTC)
    db.outcomes.insert_many(
        [{"_id": "none", "at": at}, {"_id": "yes", "at": at, "dated": True}, {"_id": "no", "at": at, "dated": False}]
    )
    query = {"dated": {"$nin": [False]}, "at": {"$gte": at}}
    assert {found["_id"] for found in db.outcomes.find(query).sort([("at", -1), ("_id", -1)])} == {"none", "yes"}
    assert db.outcomes.count_documents(query) == 2
