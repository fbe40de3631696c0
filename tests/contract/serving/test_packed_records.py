"""A long request in the prediction log: one record for many rows, found and erased by row."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from core.errors import Conflict
from core.lists.deletion import counts, remove
from core.privacy.documents import Predictions
from core.privacy.place import Subject
from core.schema.person import Person
from core.scoring.kept_predictions import KEPT_PREDICTIONS, with_newest
from core.scoring.logged import by_key, every_row, newest_rows
from core.scoring.packed import pack, rows_of
from core.scoring.prediction import Prediction
from core.scoring.predictions_before import predictions_before
from core.stores.mongo import Db, ensure_indexes
from serving.prediction_log.log import PredictionLog
from serving.prediction_log.spool import Spool
from serving.prediction_log.store import MongoStore, Store
from tests.questions import listened_to
from tests.scoring.fakes import AT, MemoryHome, prediction

pytestmark = pytest.mark.mongo
MANY = 120


def request(request: str = "r", campaign: str = "spring:", many: int = MANY, **changed: object) -> list[Prediction]:
    return [prediction(request, row, prospect=f"{campaign}{row:03d}", **changed) for row in range(many)]


@pytest.fixture
def log(db: Db, tmp_path: Path) -> PredictionLog:
    ensure_indexes(db)
    return PredictionLog(MongoStore(db, timeout_seconds=20), Spool(tmp_path))


def test_a_repeated_request_finds_its_first_answer(db: Db, log: PredictionLog) -> None:
    assert log.write(request()) == request()
    assert log.write(request(score=0.9)) == request()
    assert log.write(request(many=60)) == request(many=60)
    for odd in ({"prospect": "spring:other"}, {"prospect": "autumn:077"}, {"features": {"age": 1}}):
        with pytest.raises(Conflict, match="row 78 differs"):
            log.write([replace(one, **odd) if one.id == "r:77" else one for one in request()])
    assert db.predictions.count_documents({}) == 3


@pytest.mark.parametrize("place", ["mongo", "spool"])
def test_what_an_earlier_release_stored_row_by_row_is_found_again(db: Db, tmp_path: Path, place: str) -> None:
    store: Store = MongoStore(db, timeout_seconds=20) if place == "mongo" else Spool(tmp_path)
    store.put([one.document() for one in request()])
    again = store.put(pack([one.document() for one in request(score=0.9)]))
    assert [Prediction.from_document(row) for row in rows_of(again)] == request()
    other = [replace(one, prospect="spring:x") if one.id == "r:5" else one for one in request()]
    with pytest.raises(Conflict, match="row 6 differs"):
        store.put(pack([one.document() for one in other]))


@pytest.mark.parametrize("place", ["mongo", "spool"])
def test_a_row_that_is_sent_alone_is_found_among_the_others(db: Db, tmp_path: Path, place: str) -> None:
    store: Store = MongoStore(db, timeout_seconds=20) if place == "mongo" else Spool(tmp_path)
    store.put(pack([one.document() for one in request()]))
    few = request(score=0.9)[:5]
    rows = {row["_id"]: row for row in rows_of(store.put([one.document() for one in few]))}
    assert [Prediction.from_document(rows[one.id]) for one in few] == request()[:5]


def test_a_row_is_found_by_its_key_its_person_and_its_version(db: Db, log: PredictionLog) -> None:
    log.write(request())
    log.write(request("few", many=2, version="4", at=AT + timedelta(hours=1)))
    found = by_key(db, ["r:0", "r:49", "r:119", "few:1", "r:120", "other"])
    assert sorted(found) == ["few:1", "r:0", "r:119", "r:49"]
    assert found["r:119"]["features"] == request()[119].features
    call = {"prospect": "spring:001", "at": AT + timedelta(hours=2)}
    [(_, before)] = predictions_before(db, [call])
    assert [(row["_id"], row["version"]) for row in before] == [("r:1", "3"), ("few:1", "4")]
    [(_, before)] = predictions_before(db, [call], fields={"prospect": 1, "at": 1, "score": 1})
    assert [row["score"] for row in before] == [1 / 3, 1 / 3]
    assert [row["request"] for row in newest_rows(db, "3", 3)] == ["r"] * 3
    assert sorted(row["_id"] for row in newest_rows(db, "4", 3)) == ["few:0", "few:1"]


def test_an_erased_person_leaves_the_record_and_the_others_stay(db: Db, log: PredictionLog) -> None:
    log.write(request())
    log.write(request("few", many=2))
    place, subject = Predictions(db), Subject(Person("001", "spring"))
    assert place.count(subject) == 2
    place.erase(subject)
    assert place.count(subject) == 0
    place.erase(subject)
    assert sorted(row["prospect"] for row in every_row(db)) == sorted(
        [one.prospect for one in request() if one.prospect != "spring:001"] + ["spring:000"]
    )
    assert b"spring:001" not in b"".join(bytes(str(record), "utf-8") for record in db.predictions.find())


def test_a_person_who_is_erased_leaves_the_spool(tmp_path: Path) -> None:
    home, spool = MemoryHome(), Spool(tmp_path)
    home.down = True
    PredictionLog(home, spool).write(request())
    assert spool.remove({"spring:001", "spring:119"}.__contains__) == 2
    left = [row["prospect"] for waiting in spool.oldest(10) for row in rows_of([waiting.document])]
    assert left == [one.prospect for one in request() if one.prospect not in ("spring:001", "spring:119")]
    assert spool.remove(lambda _key: True) == MANY - 2
    assert spool.oldest(10) == []


def test_a_deleted_campaign_takes_its_rows_and_no_others(db: Db, log: PredictionLog) -> None:
    """Also not those of people of no campaign, whose keys lie on both sides of the campaign's."""
    log.write(request())
    log.write(request("few", many=2))
    log.write(request("autumn", campaign="autumn:"))
    log.write(request("none", campaign="a"))
    log.write([prediction("both", row, prospect=f"{'az'[row % 2]}{row}") for row in range(20)])
    assert counts(db, "spring")["predictions"] == MANY + 2
    assert remove(db, "spring") == MANY + 2
    assert counts(db, "spring")["predictions"] == 0
    assert {row["request"] for row in every_row(db)} == {"autumn", "none", "both"}


def test_of_a_person_on_a_list_no_record_is_read_but_those_that_the_person_names(db: Db, log: PredictionLog) -> None:
    for day in range(3):
        log.write(request(f"r{day}", at=AT + timedelta(days=day), score=day / 10))
    kept: list[list[int | str]] = []
    for day in range(3):
        kept = with_newest({KEPT_PREDICTIONS: kept}, f"r{day}:7", AT + timedelta(days=day, seconds=1))
    db.prospects.insert_one({"_id": "spring:007", KEPT_PREDICTIONS: kept})
    call = {"prospect": "spring:007", "at": AT + timedelta(days=1, hours=1)}
    with listened_to(db) as (heard, questions):
        [(_, before)] = predictions_before(heard, [call])
        [(_, last)] = predictions_before(heard, [call], last=True)
        [(_, recent)] = predictions_before(heard, [call], since=AT + timedelta(hours=1))
    assert [row["score"] for row in before] == [0.0, 0.1]
    assert [row["_id"] for row in last] == [row["_id"] for row in recent] == ["r1:7"]
    assert all("_id" in command["filter"] for _, _, command in questions.asked)
    db.predictions.delete_many({})
    assert [found for _, found in predictions_before(db, [call])] == [[]], "erased, or cleared"
