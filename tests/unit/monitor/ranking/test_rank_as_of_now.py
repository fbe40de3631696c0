"""The ranking by what is known now: the economy, and the call that is next."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from core.calls.claims import end_pauses
from core.calls.lifecycle import Result
from core.calls.rank_key import rank_again
from core.calls.recording import CallReport, record
from core.errors import InputError
from core.schema import Schema
from core.schema.economy import indicators
from core.stores.mongo import Db
from monitor.ranking.lineup import Lineup
from monitor.ranking.rank import rank
from tests.unit.monitor.ranking.conftest import SCHEMA, THEN, TIMELESS, FakeScoring, fill, of_an_earlier_release, run

INDICATORS = [column.name for column in indicators(SCHEMA)]


def became_known(db: Db, at: datetime, value: float, period: str = "2026-08", columns: list[str] = INDICATORS) -> None:
    for column in columns:
        vintage = {"value": value, "known": {"at": at}, "source": "test"}
        key, named = f"{column}:{period}", {"series": column, "period": period}
        found = db.indicators.find_one({"_id": key}) or {"_id": key, **named, "vintages": []}
        db.indicators.replace_one({"_id": key}, {**found, "vintages": [*found["vintages"], vintage]}, upsert=True)


def leave_to_economy(db: Db, campaign: str) -> None:
    db.campaigns.update_one({"_id": campaign}, {"$set": {"economy": True}})
    db.prospects.update_many({"campaign": campaign}, {"$set": {"economy": ""}})


def last_asked(db: Db, prospect: str) -> Any:
    found = db.prospects.find_one({"_id": prospect})
    assert found is not None
    logged = db.predictions.find_one({"_id": found["prediction"]})
    assert logged is not None
    return logged["features"]


def test_a_prospect_without_indicators_is_ranked_with_those_known_at_that_time_and_keeps_none(db: Db) -> None:
    fill(db, "a", 3)
    leave_to_economy(db, "a")
    became_known(db, THEN - timedelta(days=1), 2.0)
    became_known(db, THEN + timedelta(days=1), 3.0)
    run(db, FakeScoring(db, Lineup("1")), schema=TIMELESS)
    assert last_asked(db, "a:0000001") == {"age": 21, **dict.fromkeys(INDICATORS, 2.0)}
    assert {tuple(p["features"]) for p in db.prospects.find()} == {("age",)}


def test_it_is_ranked_again_when_what_is_known_changes_and_only_then(db: Db) -> None:
    fill(db, "a", 3)
    fill(db, "b", 3)
    leave_to_economy(db, "a")
    became_known(db, THEN, 2.0)
    scoring = FakeScoring(db, Lineup("1"))
    assert run(db, scoring, schema=TIMELESS).ranked == 6
    assert run(db, scoring, THEN + timedelta(days=1), TIMELESS).ranked == 0
    became_known(db, THEN + timedelta(days=2), 2.0, "2026-09")
    assert run(db, scoring, THEN + timedelta(days=3), TIMELESS).ranked == 0, "the same value of another month"
    became_known(db, THEN + timedelta(days=4), 2.5, "2026-09", INDICATORS[:1])
    assert run(db, scoring, THEN + timedelta(days=4), TIMELESS).ranked == 3, (
        "those whose file had indicators keep theirs"
    )
    assert last_asked(db, "a:0000000")[INDICATORS[0]] == 2.5
    assert "economy" not in (db.prospects.find_one({"_id": "b:0000000"}) or {"economy": None})


def test_a_new_champion_and_a_new_value_at_once_ask_once(db: Db) -> None:
    fill(db, "a", 3)
    leave_to_economy(db, "a")
    became_known(db, THEN, 2.0)
    run(db, FakeScoring(db, Lineup("1")))
    became_known(db, THEN, 2.5)
    assert run(db, FakeScoring(db, Lineup("2"))).ranked == 3


def test_where_nothing_is_known_those_who_need_it_stay_unranked_and_it_is_said(db: Db) -> None:
    fill(db, "a", 2)
    fill(db, "b", 2)
    leave_to_economy(db, "a")
    became_known(db, THEN, 2.0, columns=INDICATORS[1:])
    for _ in range(3):
        with pytest.raises(InputError, match=rf"no value is known yet of {INDICATORS[0]}, .*CALLWISE_ECONOMY=live"):
            run(db, FakeScoring(db, Lineup("1")))
    assert {p["_id"]: p["score"] is None for p in db.prospects.find()} == {
        "a:0000000": True, "a:0000001": True, "b:0000000": False, "b:0000001": False,
    }  # fmt: skip
    without = Schema.model_validate(
        {
            **SCHEMA.model_dump(),
            "words": {},
            "columns": [c for c in SCHEMA.model_dump()["columns"] if c["name"] != INDICATORS[0]],
        }
    )
    assert run(db, FakeScoring(db, Lineup("1")), schema=without).ranked == 4, "a kind that does not need it any more"
    became_known(db, THEN, 2.0, columns=INDICATORS[:1])
    assert run(db, FakeScoring(db, Lineup("1"))).ranked == 4


def asked_of_the_call(db: Db, prospect: str) -> tuple[Any, ...]:
    features = last_asked(db, prospect)
    return features["month"], features["day_of_week"], features["campaign"]


def called(db: Db, prospect: str, at: datetime) -> None:
    record(db, prospect, "Ann", CallReport(Result.NO_ANSWER), clock=lambda: at)


def test_an_open_list_is_ranked_again_once_a_day_as_of_that_day(db: Db) -> None:
    fill(db, "a", 30, features={"age": 41, "month": "may", "day_of_week": "mon", "campaign": 3})
    scoring = FakeScoring(db, Lineup("1"))
    assert run(db, scoring).ranked == 30
    assert asked_of_the_call(db, "a:0000007") == ("sep", "tue", 3)
    assert run(db, scoring, THEN + timedelta(hours=23)).ranked == 0
    assert run(db, scoring, THEN + timedelta(days=1)).ranked == 30
    assert asked_of_the_call(db, "a:0000007") == ("sep", "wed", 3)
    assert run(db, scoring, THEN + timedelta(days=1, hours=1)).ranked == 0
    ids = [request for request, _ in scoring.asked]
    assert len(set(ids)) == len(ids) == 2, "another day is another question"


def test_a_weekend_without_words_is_ranked_once_for_the_monday_after(db: Db) -> None:
    fill(db, "a", 3)
    scoring = FakeScoring(db, Lineup("1"))
    saturday = THEN + timedelta(days=4)
    ranked = [run(db, scoring, saturday + timedelta(days=day)).ranked for day in range(4)]
    assert ranked == [3, 0, 0, 3]
    assert asked_of_the_call(db, "a:0000001")[:2] == ("sep", "tue")


def test_who_comes_back_after_a_call_is_ranked_again_with_the_number_of_the_next(db: Db) -> None:
    fill(db, "a", 3)
    scoring = FakeScoring(db, Lineup("1"))
    run(db, scoring)
    called(db, "a:0000001", THEN + timedelta(hours=1))
    assert run(db, scoring, THEN + timedelta(hours=2)).ranked == 0, "the pause is not over"
    end_pauses(db, "a", THEN + timedelta(hours=6))
    assert run(db, scoring, THEN + timedelta(hours=6)).ranked == 1
    assert [asked_of_the_call(db, f"a:000000{n}")[2] for n in range(3)] == [1, 2, 1]
    assert run(db, scoring, THEN + timedelta(hours=7)).ranked == 0


def test_who_is_called_while_a_run_asks_is_ranked_again_with_the_number_of_the_next(db: Db) -> None:
    """A colleague's late result adds a call and leaves the person on the list."""
    fill(db, "a", 3)
    scoring = FakeScoring(db, Lineup("1"))
    scoring.during = lambda: db.prospects.update_one({"_id": "a:0000001"}, {"$set": {"calls": 1, **rank_again("a")}})
    done = run(db, scoring)
    assert (done.ranked, done.closed) == (3, 1), "by the same run"
    assert asked_of_the_call(db, "a:0000001")[2] == 2


def test_a_day_does_not_change_in_the_middle_of_a_run(db: Db) -> None:
    fill(db, "a", 1_200)
    scoring = FakeScoring(db, Lineup("1"))
    clock = iter(THEN - timedelta(seconds=1) + timedelta(seconds=second) for second in range(1_000))
    done = rank(db, scoring, SCHEMA, clock=lambda: next(clock))
    assert done is not None
    assert (done.ranked, len(scoring.asked)) == (1_200, 3)
    assert {logged["features"]["day_of_week"] for logged in db.predictions.find()} == {"mon"}
    assert run(db, scoring).ranked == 1_200, "the next run ranks them for the new day"


def test_who_was_ranked_by_an_earlier_release_is_ranked_for_today(db: Db) -> None:
    fill(db, "a", 3, score=0.3, score_version="1", ranked_by="1")
    of_an_earlier_release(db)
    assert run(db, FakeScoring(db, Lineup("1"))).ranked == 3


def test_a_kind_whose_columns_say_nothing_of_the_call_is_not_ranked_again(db: Db) -> None:
    fill(db, "a", 3)
    scoring = FakeScoring(db, Lineup("1"))
    assert run(db, scoring, schema=TIMELESS).ranked == 3
    assert run(db, scoring, THEN + timedelta(days=40), TIMELESS).ranked == 0
    called(db, "a:0000001", THEN)
    end_pauses(db, "a", THEN + timedelta(hours=6))
    assert run(db, scoring, THEN + timedelta(days=40), TIMELESS).ranked == 1, "whoever comes back"
    assert last_asked(db, "a:0000001") == {"age": 21}


def test_a_kind_that_counts_calls_alone_is_ranked_again_after_calls_alone(db: Db) -> None:
    counting = Schema.model_validate({**SCHEMA.model_dump(), "calendar": None})
    fill(db, "a", 3)
    scoring = FakeScoring(db, Lineup("1"))
    run(db, scoring, schema=counting)
    called(db, "a:0000001", THEN)
    end_pauses(db, "a", THEN + timedelta(hours=6))
    assert run(db, scoring, THEN + timedelta(days=40), counting).ranked == 1
    assert last_asked(db, "a:0000001") == {"age": 21, "campaign": 2}
