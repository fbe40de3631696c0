"""Old predictions: what a call followed stays whole, the rest stays as counts."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pymongo.errors import AutoReconnect

from core.scoring.logged import every_row
from core.scoring.packed import pack
from core.scoring.predictions_before import predictions_before
from core.stores.mongo import Db, Document, ensure_indexes
from tests.questions import listened_to
from tests.scoring.fakes import prediction
from trainer.retention.predictions import OldPredictions

pytestmark = pytest.mark.mongo

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
OLD, OLDER, RECENT = NOW - timedelta(days=91), NOW - timedelta(days=120), NOW - timedelta(days=60)
MANY = 120


def log(db: Db, request: str, at: datetime, many: int = MANY, **changed: Any) -> None:
    rows = [prediction(request, row, prospect=f"spring:{row:03d}", at=at, **changed) for row in range(many)]
    db.predictions.insert_many(pack([row.document() for row in rows]))


def sold(db: Db, person: int, at: datetime) -> None:
    key = f"spring:{person:03d}"
    db.outcomes.insert_one({"_id": f"{key}:1", "prospect": key, "at": at, "positive": True})


def shown(db: Db, person: int, prediction: str) -> None:
    db.prospects.insert_one({"_id": f"spring:{person:03d}", "prediction": prediction})


@pytest.fixture
def old(db: Db) -> OldPredictions:
    ensure_indexes(db)
    return OldPredictions(db, 90, lambda: NOW)


def whole(old: OldPredictions) -> int:
    return sum(iter(old.step, None))


def rows(db: Db) -> dict[str, Document]:
    return {row["_id"]: row for row in every_row(db)}


def test_a_row_that_a_call_followed_or_that_the_list_shows_stays_whole(db: Db, old: OldPredictions) -> None:
    log(db, "a", OLDER)
    log(db, "b", OLD)
    log(db, "c", RECENT)
    log(db, "few", OLD, many=3)
    sold(db, 7, OLDER + timedelta(days=1))
    sold(db, 8, RECENT + timedelta(days=1))
    shown(db, 60, "b:60")
    shown(db, 61, "c:61")
    before = rows(db)
    assert whole(old) == 2 * MANY + 3 - 2
    assert rows(db) == {key: row for key, row in before.items() if key in ("a:7", "b:60") or row["at"] == RECENT}
    [(_, joined)] = predictions_before(db, list(db.outcomes.find({"prospect": "spring:007"})))
    assert [row["_id"] for row in joined] == ["a:7"]
    assert joined[-1]["features"] == before["a:7"]["features"]
    assert whole(old) == 0


def test_what_goes_is_counted_by_day_version_and_route(db: Db, old: OldPredictions) -> None:
    log(db, "a", OLD, many=10, score=0.2)
    log(db, "b", OLD + timedelta(hours=1), many=10, score=0.4)
    log(db, "c", OLD, many=2, version="4", route="canary", score=0.5)
    whole(old)
    counted = db.retention.find_one({"_id": f"predictions:{OLD:%Y-%m-%d}"})
    assert counted is not None
    assert counted["scored"] == [
        {"version": "3", "route": "champion", "rows": 20, "mean_score": pytest.approx(0.3)},
        {"version": "4", "route": "canary", "rows": 2, "mean_score": 0.5},
    ]


@pytest.mark.parametrize("written", range(4))
def test_a_run_that_is_killed_counts_nobody_twice(
    db: Db, old: OldPredictions, monkeypatch: pytest.MonkeyPatch, written: int
) -> None:
    """Each write of a run is the last one of a process that dies before the next."""
    log(db, "a", OLD)
    sold(db, 70, OLD + timedelta(days=1))
    left = [written]

    def dies(write: Any) -> Any:
        def instead(*arguments: Any, **more: Any) -> Any:
            if not left[0]:
                raise AutoReconnect("killed")
            left[0] -= 1
            return write(*arguments, **more)

        return instead

    with monkeypatch.context() as process:
        for name in ("update_one", "delete_many"):
            method = getattr(type(db.predictions), name)
            process.setattr(type(db.predictions), name, dies(method))
        with pytest.raises(Exception, match="killed"):
            whole(old)
    whole(old)
    assert list(rows(db)) == ["a:70"]
    [counted] = db.retention.find({"_id": f"predictions:{OLD:%Y-%m-%d}"})
    assert [one["rows"] for one in counted["scored"]] == [MANY]


def test_days_without_predictions_are_passed_and_no_bound_is_asked_for_with_an_order(
    db: Db, old: OldPredictions
) -> None:
    """The embedded server reads and sorts all that is within the bound."""
    log(db, "a", OLDER, many=10)
    log(db, "b", OLD, many=10)
    with listened_to(db) as (heard, questions):
        assert whole(OldPredictions(heard, old.days, old.clock)) == 20
    ordered = [command for name, _, command in questions.asked if name == "find" and command.get("sort")]
    assert [command["filter"] for command in ordered] == [{}], "the very first prediction, once"
    days = {one["_id"] for one in db.retention.find()} - {"predictions"}
    assert days == {f"predictions:{day:%Y-%m-%d}" for day in (OLDER, OLD)}


def test_nothing_is_cleared_before_its_time(db: Db, old: OldPredictions) -> None:
    assert whole(old) == 0
    log(db, "a", NOW - timedelta(days=89))
    assert whole(old) == 0
    assert len(rows(db)) == MANY
    assert list(db.retention.find()) == []
