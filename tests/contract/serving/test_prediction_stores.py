"""What every place for prediction records promises, on each of them: the spool, MongoDB, and the tests' own."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.errors import Conflict, Unavailable
from core.scoring.prediction import Prediction
from core.stores.mongo import Db
from core.stores.mongo_client import open_client
from serving.prediction_log.spool import Spool
from serving.prediction_log.store import CHUNK, MongoStore, Store
from tests.scoring.fakes import AT, MemoryHome, prediction


def documents(*predictions: Prediction) -> list[dict[str, object]]:
    return [one.document() for one in predictions]


@pytest.fixture(params=["spool", "memory", pytest.param("mongo", marks=pytest.mark.mongo)])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    make: dict[str, Callable[[], Store]] = {
        "spool": lambda: Spool(tmp_path),
        "memory": MemoryHome,
        "mongo": lambda: MongoStore(request.getfixturevalue("db"), timeout_seconds=20),
    }
    return make[request.param]()


def test_records_come_back_as_they_are(store: Store) -> None:
    shadowed = prediction(row=1, shadow_score=0.1, shadow_version="4", level=0.25, shadow_level=-1 / 3)
    new = documents(prediction(), shadowed)
    assert store.put(new) == new
    assert [Prediction.from_document(held) for held in store.put(new)] == [prediction(), shadowed]


def test_a_record_from_before_there_were_levels_is_read_as_one_without(store: Store) -> None:
    (old,) = documents(prediction())
    del old["level"], old["shadow_level"]
    store.put([old])
    assert [Prediction.from_document(held) for held in store.put(documents(prediction(level=0.5)))] == [prediction()]
    del old["score"]
    with pytest.raises(KeyError, match="score"):
        Prediction.from_document(old)


def test_the_first_answer_to_a_request_stands(store: Store) -> None:
    store.put(documents(prediction()))
    again = prediction(score=0.9, version="4", route="canary", at=AT.replace(year=2027))
    assert store.put(documents(again)) == documents(prediction())


def test_requests_that_are_repeated_at_once_have_one_answer_each(store: Store) -> None:
    """Kind: a common write of four requests, each sent twice, taken for a store that is away."""
    first = documents(*(prediction(request=f"r{number}") for number in range(4)))
    again = documents(*(prediction(request=f"r{number}", score=0.9) for number in range(4)))
    assert store.put([one for pair in zip(first, again, strict=True) for one in pair]) == [
        one for pair in zip(first, first, strict=True) for one in pair
    ]


@pytest.mark.parametrize("changed", [{"prospect": "p:9"}, {"features": {"age": 99}}])
def test_other_rows_under_a_used_id_are_a_conflict_and_leave_nothing(store: Store, changed: dict[str, Any]) -> None:
    store.put(documents(prediction(), prediction(row=1)))
    with pytest.raises(Conflict, match=r"request id 'r' was already used for other rows: row 2 differs"):
        store.put(documents(prediction(), prediction(row=1, **changed), prediction(row=2)))
    held = store.put(documents(prediction(), prediction(row=1), prediction(row=2, score=0.5)))
    assert [one["score"] for one in held] == [1 / 3, 1 / 3, 0.5]


def test_a_request_that_was_cut_off_is_completed(store: Store) -> None:
    store.put(documents(prediction()))
    whole = documents(prediction(), prediction(row=1), prediction(row=2))
    assert store.put(whole) == whole
    assert store.put(whole) == whole


@pytest.mark.mongo
def test_mongodb_merges_what_is_free_and_reports_what_is_held(db: Db) -> None:
    store = MongoStore(db, timeout_seconds=20)
    store.put(documents(prediction(row=1)))
    batch = documents(prediction(), prediction(row=1, score=0.9), prediction(row=2))
    held = store.merge(batch, 20)
    assert held == documents(prediction(), prediction(row=1), prediction(row=2))
    assert db.predictions.count_documents({}) == 3


@pytest.mark.mongo
def test_a_request_of_many_chunks_is_written_whole(db: Db) -> None:
    rows = documents(*(prediction(row=row) for row in range(CHUNK * 2 + 1)))
    store = MongoStore(db, timeout_seconds=30)
    assert store.put(rows) == rows
    assert db.predictions.count_documents({}) == len(rows)


def test_a_server_that_is_not_there_is_unavailable() -> None:
    client = open_client("mongodb://127.0.0.1:1")
    with pytest.raises(Unavailable, match="MongoDB did not store the predictions"):
        MongoStore(client["x"], timeout_seconds=0.2).put(documents(prediction()))
    client.close()
