"""The same person in a later file is changed: what changed is kept, ranked again, and not known before its time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pymongo.collection import Collection

from core.calls import contacts
from core.calls.claims import claim
from core.calls.lifecycle import Result
from core.calls.recording import CallReport, record
from core.lists.changes import value_changes
from core.schema import Schema
from core.stores.mongo import Db, Document
from tests.contract.core.lists.conftest import Bring
from tests.customers import CONTACT_KEYS
from trainer.data.snapshot import read_outcomes

pytestmark = pytest.mark.mongo


def one(db: Db, ref: str) -> Document:
    found = db.prospects.find_one({"_id": f"spring:{ref}"})
    assert found is not None
    return found


def everything(db: Db) -> list[Any]:
    return [list(db[name].find(sort=[("_id", 1)])) for name in ("prospects", "outcomes", "campaigns")]


def test_a_later_file_changes_people_and_says_what(db: Db, bring: Bring) -> None:
    bring("may", {"customer": "a"}, {"customer": "b"}, {"customer": "c"})
    report = bring(
        "june", {"customer": "a", "age": "42", "job": "retired"}, {"customer": "b", "age": "50"}, {"customer": "c"}
    )
    assert (report.inserted, report.changed, report.unchanged, report.rejected) == (0, 2, 1, 0)
    assert dict(report.changes) == {"age": 2, "job": 1}
    assert (one(db, "a")["features"]["age"], one(db, "a")["features"]["job"]) == (42, "retired")
    shown = [(c.column, c.old, c.new, c.file) for c in value_changes(one(db, "a"))]
    assert shown == [("age", 41, 42, "june.csv"), ("job", "technician", "retired", "june.csv")]
    assert "history" not in one(db, "c")
    logged = db.imports.find_one({"_id": report.entry})
    assert logged is not None
    assert logged["report"]["changes"] == [{"column": "age", "rows": 2}, {"column": "job", "rows": 1}]


def test_a_second_row_is_not_the_same_because_it_has_the_values_before_the_file(db: Db, bring: Bring) -> None:
    bring("may", {"customer": "a", "age": "41"})
    june = bring("june", {"customer": "a", "age": "42"}, {"customer": "a", "age": "41"}, {"customer": "a", "age": "42"})
    assert (june.changed, june.unchanged, june.rejected) == (1, 1, 1)
    assert one(db, "a")["features"]["age"] == 42


def test_repeating_a_file_changes_nothing_and_an_older_one_is_a_change_that_is_told(db: Db, bring: Bring) -> None:
    bring("may", {"customer": "a"}, {"customer": "a", "age": "77"})
    june = [{"customer": "a", "age": "42"}, {"customer": "a", "age": "78"}]
    assert bring("june", *june).rejected == 1, "two records of one file under one key"
    before = everything(db)
    again = bring("june", *june)
    assert (again.inserted, again.changed, again.unchanged, again.rejected) == (0, 0, 1, 1)
    assert everything(db) == before
    old = bring("may", {"customer": "a"}, {"customer": "a", "age": "77"})
    assert (old.changed, old.before is not None) == (1, True)
    assert [entry["was"]["features"]["age"] for entry in one(db, "a")["history"]] == [41, 42]
    assert sorted(entry["_id"].rpartition("-")[2][-1] for entry in db.imports.find() if "-" in entry["_id"]) == [
        "2",
        "2",
    ]


def test_without_a_reference_another_file_s_row_is_somebody_else(db: Db, bring: Bring, schema: Schema) -> None:
    bring("may", {"age": "30"}, schema=schema)
    report = bring("june", {"age": "31"}, schema=schema)
    assert (report.changed, report.rejected) == (0, 1)
    assert "use another campaign" in str(report.examples[0].rule)


def test_who_is_on_the_phone_is_changed_and_the_call_goes_on(db: Db, bring: Bring) -> None:
    bring("may", {"customer": "a"})
    held = claim(db, "spring", "Ann")
    assert held is not None
    bring("june", {"customer": "a", "age": "42"})
    assert one(db, "a")["claim"] == held["claim"]
    record(db, "spring:a", "Ann", CallReport(Result.SOLD), call=1)
    assert one(db, "a")["status"] == "done"


def test_who_is_closed_is_changed_and_stays_closed(db: Db, bring: Bring) -> None:
    bring("may", {"customer": "a"}, {"customer": "b", "y": "yes"})
    record(db, "spring:a", "Ann", CallReport(Result.REFUSED))
    report = bring("june", {"customer": "a", "age": "42"}, {"customer": "b", "age": "42", "y": "yes"})
    assert (report.changed, report.closed, report.outcomes) == (2, 2, 0)
    assert {p["status"] for p in db.prospects.find()} == {"done"}


def test_a_changed_person_is_ranked_again_and_keeps_the_score_until_then(db: Db, bring: Bring) -> None:
    bring("may", {"customer": "a"}, {"customer": "b"})
    assert {p["rank_key"] for p in db.prospects.find()} == {"spring|"}, "whoever comes in is to be ranked"
    ranked = {"score": 0.3, "score_version": "3", "rank_key": "spring|3", "refused": {"schema": "x", "why": "y"}}
    db.prospects.update_many({}, {"$set": ranked})
    bring("june", {"customer": "a", "age": "42"}, {"customer": "b"})
    assert {p["_id"]: p["rank_key"] for p in db.prospects.find()} == {"spring:a": "spring|", "spring:b": "spring|3"}
    assert (one(db, "a")["score"], one(db, "a")["refused"], one(db, "b")["score_version"]) == (0.3, None, "3")


def test_training_learns_what_was_known_at_the_call(db: Db, bring: Bring, keyed: Schema) -> None:
    bring("may", {"customer": "a"}, {"customer": "b"})
    record(db, "spring:a", "Ann", CallReport(Result.SOLD))
    bring("june", {"customer": "a", "age": "60"}, {"customer": "b", "age": "61"})
    record(db, "spring:b", "Ann", CallReport(Result.REFUSED))
    bring("july", {"customer": "a", "age": "70"}, {"customer": "b", "age": "71"})
    frame = read_outcomes(db, keyed)
    assert dict(zip(frame["prospect"], frame["age"], strict=True)) == {"spring:a": 41, "spring:b": 61}


def test_what_came_with_a_result_was_not_known_before_it(db: Db, bring: Bring, keyed: Schema, timed: Schema) -> None:
    bring("may", {"customer": "a"}, {"customer": "b"})
    called = {"called_at": "2026-06-01 10:00"}
    bring(
        "june",
        {"customer": "a", "age": "60", "y": "yes"},
        {"customer": "b", "age": "60", "y": "no", **called},
        schema=timed,
    )
    frame = read_outcomes(db, keyed)
    assert dict(zip(frame["prospect"], frame["age"], strict=True)) == {"spring:a": 41, "spring:b": 41}


def test_outcomes_have_the_time_of_their_call_or_are_marked(db: Db, bring: Bring, timed: Schema) -> None:
    rows = [
        {"customer": "a", "y": "yes", "called_at": "2026-06-01T10:00+02:00"},
        {"customer": "b", "y": "no", "called_at": "03.06.2026 9:30"},
        {"customer": "c", "y": "no", "called_at": ""},
        {"customer": "d", "y": "no", "called_at": "2999-01-01"},
        {"customer": "e", "y": "no", "called_at": "last week"},
        {"customer": "f", "called_at": ""},
    ]
    report = bring("may", *rows, schema=timed)
    assert (report.inserted, report.outcomes, report.undated, report.rejected) == (4, 3, 1, 2)
    assert {(r.row, r.column) for r in report.examples} == {(4, "called_at"), (5, "called_at")}
    found = {o["prospect"]: (o["at"], o["dated"]) for o in db.outcomes.find()}
    assert found["spring:a"] == (datetime(2026, 6, 1, 8, tzinfo=UTC), True)
    assert found["spring:b"] == (datetime(2026, 6, 3, 9, 30, tzinfo=UTC), True)
    assert found["spring:c"][1] is False
    frame = read_outcomes(db, timed)
    assert list(frame["prospect"]) == ["spring:c", "spring:a", "spring:b"], "what has no time is never the newest"
    assert frame["at"].is_monotonic_increasing


def test_one_date_may_be_given_for_all(db: Db, bring: Bring) -> None:
    day = datetime(2026, 5, 4, tzinfo=UTC)
    report = bring("may", {"customer": "a", "y": "yes"}, called=day)
    found = db.outcomes.find_one({})
    assert found is not None
    assert (report.undated, found["at"], found["dated"]) == (0, day, True)


def test_a_killed_import_goes_on_under_its_key(
    db: Db, bring: Bring, keyed: Schema, monkeypatch: pytest.MonkeyPatch
) -> None:
    bring("may", {"customer": "a"}, {"customer": "b"})
    june = [{"customer": "a", "age": "42", "y": "yes"}, {"customer": "b", "age": "43", "y": "no"}]

    class Killed(BaseException):
        pass

    writes = Collection.bulk_write
    for step in range(1, 5):
        left = [step]

        def dies(self: Any, *args: Any, left: list[int] = left, **more: Any) -> Any:
            left[0] -= 1
            if not left[0]:
                raise Killed
            return writes(self, *args, **more)

        monkeypatch.setattr(Collection, "bulk_write", dies)
        try:
            bring("june", *june)
        except Killed:
            db.imports.update_many({"state": "running"}, {"$set": {"state": "stopped"}})
        monkeypatch.setattr(Collection, "bulk_write", writes)
    bring("june", *june)
    assert {p["_id"]: (p["features"]["age"], p["status"]) for p in db.prospects.find()} == {
        "spring:a": (42, "done"),
        "spring:b": (43, "done"),
    }
    assert {o["prospect"]: o["positive"] for o in db.outcomes.find()} == {"spring:a": True, "spring:b": False}
    frame = read_outcomes(db, keyed)
    assert set(frame["age"]) == {41}, "whichever try wrote them, these values came with the results"


def test_a_time_long_ago_has_the_first_values_known(db: Db, bring: Bring, timed: Schema) -> None:
    bring("may", {"customer": "a", "y": "yes", "called_at": "2008-05-01"}, schema=timed)
    bring("june", {"customer": "a", "age": "60", "y": "yes", "called_at": "2008-05-01"}, schema=timed)
    assert list(read_outcomes(db, timed)["age"]) == [41]
    assert one(db, "a")["history"][0]["at"] > datetime.now(UTC) - timedelta(hours=1)


def test_what_is_for_people_alone_changes_too_and_a_missing_column_changes_nobody(
    db: Db, bring: Bring, keyed: Schema
) -> None:
    content = keyed.model_dump()
    content["columns"] = [
        *content["columns"],
        {"name": "note", "label": "Note", "type": "text", "role": "people_only", "optional": True},
        {"name": "pets", "label": "Pets", "type": "integer", "role": "profile", "optional": True},
        {"name": "mobile", "label": "Mobile", "type": "text", "role": "contact", "contact": "phone", "optional": True},
    ]
    told = Schema.model_validate(content)
    bring("may", {"customer": "a", "note": "likes mornings", "pets": "2", "mobile": "0151 555001"}, schema=told)
    [one] = db.prospects.find()
    assert (one["details"], one["features"]["pets"]) == ({"note": "likes mornings"}, 2)
    assert "mobile" not in one["features"]

    again = bring("may", {"customer": "a", "note": "likes mornings", "pets": "2", "mobile": "0151 555001"}, schema=told)
    assert (again.unchanged, again.changed) == (1, 0)
    short = bring("june", {"customer": "a"}, schema=told)
    assert (short.unchanged, short.changed) == (1, 0), "a file that lacks the columns says nothing of them"
    assert [way.text for way in contacts.ways(db, CONTACT_KEYS, "spring:a")] == ["0151 555001"]

    later = bring("july", {"customer": "a", "note": "", "pets": "", "mobile": "0151 555009"}, schema=told)
    assert (later.changed, dict(later.changes)) == (1, {"pets": 1, "note": 1, "mobile": 1})
    [one] = db.prospects.find()
    assert (one["details"], one["features"]["pets"]) == ({"note": None}, None)
    assert [way.text for way in contacts.ways(db, CONTACT_KEYS, "spring:a")] == ["0151 555009"]
