"""On the store: what is learnt of a call has the call's own month, weekday and number, and nothing of later."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from core.calls.lifecycle import Result
from core.calls.recording import CallReport, record
from core.calls.undo import undo
from core.schema import Schema
from core.stores.mongo import Db
from tests.contract.core.lists.conftest import Bring
from trainer.data.snapshot import read_outcomes

pytestmark = pytest.mark.mongo

AUGUST = datetime(2026, 8, 12, 9, 30, tzinfo=UTC)
"""A Wednesday."""


@pytest.fixture
def dated(timed: Schema, schema: Schema) -> Schema:
    """Has a reference, a column with the time of a call, and the columns of the call."""
    return Schema.model_validate({**timed.model_dump(), "calendar": schema.model_dump()["calendar"]})


def called(db: Db, ref: str, result: Result, at: datetime) -> str:
    call: str = record(db, f"spring:{ref}", "Ann", CallReport(result), clock=lambda: at)["_id"]
    return call


def learnt(db: Db, schema: Schema) -> dict[str, list[Any]]:
    """Month, weekday and number of each person's outcome, by reference."""
    frame = read_outcomes(db, schema)
    columns = [frame[name].tolist() for name in ("prospect", "month", "day_of_week", "campaign")]
    return {key.removeprefix("spring:"): values for key, *values in map(list, zip(*columns, strict=True))}


def as_lists(**values: tuple[Any, ...]) -> dict[str, list[Any]]:
    return {key: list(found) for key, found in values.items()}


def test_imported_in_may_and_called_in_august_is_learnt_as_august(db: Db, bring: Bring, dated: Schema) -> None:
    bring("may", {"customer": "a"}, {"customer": "b"}, {"customer": "c", "campaign": "3"}, schema=dated)
    called(db, "b", Result.NO_ANSWER, AUGUST - timedelta(days=30))
    db.prospects.update_one({"_id": "spring:b"}, {"$set": {"status": "open"}})
    for ref in "abc":
        called(db, ref, Result.SOLD, AUGUST)
    expected = as_lists(a=("aug", "wed", 1), b=("aug", "wed", 2), c=("aug", "wed", 3))
    assert learnt(db, dated) == expected
    bring("september", {"customer": "a", "month": "sep", "campaign": "9"}, {"customer": "b"}, schema=dated)
    db.prospects.update_many({}, {"$set": {"calls": 40}})
    assert learnt(db, dated) == expected, "what happened after the call changes nothing"


def test_a_call_that_a_file_reports_is_learnt_as_the_file_has_it(db: Db, bring: Bring, dated: Schema) -> None:
    told = {"month": "mar", "day_of_week": "fri", "campaign": "4", "called_at": "2026-03-06 10:00"}
    bring("may", {"customer": "a", "y": "yes", **told}, {"customer": "b"}, {"customer": "c"}, schema=dated)
    bring("june", {"customer": "b", "y": "no", **told}, schema=dated)
    bring("july", {"customer": "c", "age": "50"}, {"customer": "a", "month": "jul", "y": "yes"}, schema=dated)
    assert learnt(db, dated) == as_lists(a=("mar", "fri", 4), b=("mar", "fri", 4))


def test_a_result_that_was_taken_back_is_not_counted(db: Db, bring: Bring, dated: Schema) -> None:
    bring("may", {"customer": "a"}, schema=dated)
    wrong = called(db, "a", Result.REFUSED, AUGUST)
    for _ in range(2):
        undo(db, wrong, "Ann", clock=lambda: AUGUST + timedelta(seconds=20))
    called(db, "a", Result.SOLD, AUGUST + timedelta(seconds=40))
    assert learnt(db, dated) == as_lists(a=("aug", "wed", 1))
    prospect = db.prospects.find_one({"_id": "spring:a"})
    assert prospect is not None
    assert (prospect["calls"], prospect["taken_back"]) == (2, 1)


def test_an_export_that_counts_our_calls_does_not_count_them_twice(db: Db, bring: Bring, dated: Schema) -> None:
    bring("may", {"customer": "a"}, {"customer": "b"}, schema=dated)
    for number, ref in enumerate("abab"):
        called(db, ref, Result.NO_ANSWER, AUGUST - timedelta(days=9 - number))
        db.prospects.update_many({}, {"$set": {"status": "open"}})
    entries = bring("june", {"customer": "a", "campaign": "3"}, {"customer": "b", "age": "50"}, schema=dated)
    assert entries.changed == 2
    for ref in "ab":
        called(db, ref, Result.SOLD, datetime.now(UTC) + timedelta(minutes=1))
    assert [values[2] for values in learnt(db, dated).values()] == [3, 3]
