"""The bench of the call list sees what it is there to see: a claim given twice, and an outcome that is gone."""

from __future__ import annotations

import os

import pytest

from bench import crowd
from bench.screens import shift
from core.schema import Schema
from core.stores.mongo import Db


@pytest.fixture
def told(db: Db, schema: Schema) -> shift.ShiftReplies:
    crowd.fill(db, schema, "bench", 60)
    return shift._crew({**os.environ, "MONGODB_DATABASE": db.name}, "bench", [0, 1, 2], 1.0)


def test_the_crowd_is_what_an_import_and_a_ranking_leave(db: Db, schema: Schema) -> None:
    crowd.fill(db, schema, "bench", 30)
    imported = db.prospects.find_one({"campaign": crowd.ELSEWHERE})
    people = list(db.prospects.find({"campaign": "bench"}))
    assert imported is not None
    assert len({person["_id"] for person in people}) == 30
    for person in people:
        assert set(imported) <= set(person)
        assert {name: schema.by_name[name].parse(value) for name, value in person["features"].items()}
        assert 0 <= person["score"] <= 1


def test_an_honest_shift_loses_nothing_and_what_is_taken_away_is_missed(db: Db, told: shift.ShiftReplies) -> None:
    assert len(told.recorded) == len(told.claimed) > 3
    assert (shift.double_claims(told), shift.lost_outcomes(db, "bench", told)) == (0, 0)
    first, second, third = told.recorded[:3]
    db.calls.delete_one({"_id": first.call})
    assert shift.lost_outcomes(db, "bench", told) == 1
    db.prospects.update_one({"_id": second.prospect}, {"$set": {"status": "open"}})
    db.calls.update_one({"_id": third.call}, {"$set": {"agent": "somebody else"}})
    assert shift.lost_outcomes(db, "bench", told) == 3
    told.claimed.append(told.claimed[0]._replace(agent="somebody else"))
    assert shift.double_claims(told) == 1
