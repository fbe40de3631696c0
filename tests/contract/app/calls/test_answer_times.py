"""The calls that were recorded, counted by hour and weekday on somebody's clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from app.calls.answer_times import EVERYBODY, Answers, count_answers
from core.calls import undo
from core.calls.claims import claim
from core.calls.lifecycle import Result
from core.calls.recording import CallReport, record
from core.stores.mongo import Db
from tests.questions import listened_to

SUNDAY_2330 = datetime(2026, 5, 3, 23, 30, tzinfo=UTC)
RESULTS = list(Result)


@pytest.fixture
def called(db: Db) -> Db:
    """One call of each result, to retired people, late on a Sunday; the sale by a release that kept no groups."""
    db.campaigns.insert_one({"_id": "spring"})
    shared = {"campaign": "spring", "status": "open", "claim": None}
    db.prospects.insert_many([{"_id": f"spring:{n}", "ref": f"{n}", "score": n / 10, **shared} for n in range(6)])
    for result in RESULTS:
        held = claim(db, "spring", "ann", clock=lambda: SUNDAY_2330)
        assert held is not None
        again = SUNDAY_2330 + timedelta(days=2)
        groups = None if result is Result.SOLD else {"job": "retired"}
        record(db, held["_id"], "ann", CallReport(result, again=again, groups=groups or {}), clock=lambda: SUNDAY_2330)
    return db


def test_hours_and_weekdays_are_those_of_the_clock_that_is_asked_for(called: Db) -> None:
    counts = count_answers(called, "spring", ["job", "marital"], 0)
    assert counts.by_group[EVERYBODY] == {(7, 23): Answers(5, 4)}, "a wrong number says nothing"
    assert counts.by_group["job", "retired"] == {(7, 23): Answers(4, 3)}
    assert set(counts.by_group) == {EVERYBODY, ("job", "retired")}
    assert count_answers(called, "spring", [], 120).by_group[EVERYBODY] == {(1, 1): Answers(5, 4)}
    assert count_answers(called, "autumn", ["job"], 0).by_group == {}


def test_what_was_taken_back_was_no_call(called: Db) -> None:
    [sold] = [call for call in called.calls.find() if call["result"] == "sold"]
    undo.undo(called, sold["_id"], "ann", clock=lambda: SUNDAY_2330)
    assert count_answers(called, "spring", [], 0).by_group[EVERYBODY] == {(7, 23): Answers(4, 3)}


def test_what_is_asked_does_not_grow_with_the_calls(called: Db) -> None:
    with listened_to(called) as (db, listener):
        count_answers(db, "spring", ["job"], 0)
    assert [(name, collection) for name, collection, _ in listener.asked] == [("aggregate", "calls")] * 2
    for _, _, command in listener.asked:
        assert "$group" in command["pipeline"][-1], "the database counts"
