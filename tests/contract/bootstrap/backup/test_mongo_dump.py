"""MongoDB over the wire: copied and loaded byte by byte; and calls that were recorded during the copy are finished."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bootstrap.backup.copies import mongo_dump
from bootstrap.backup.copies.mend import mend
from core.calls.claims import claim
from core.calls.lifecycle import Result
from core.calls.recording import CallReport, record
from core.calls.undo import undo
from core.clock import now
from core.errors import InputError
from core.stores.mongo import COLLECTIONS, Db, Document

pytestmark = pytest.mark.mongo

START = datetime(2026, 5, 4, 9, 0, tzinfo=UTC)


@pytest.fixture
def spring(db: Db) -> Db:
    """Three people of one campaign, `spring:2` the best."""
    db.campaigns.insert_one({"_id": "spring", "made": {"at": START}})
    shared = {"campaign": "spring", "status": "open", "claim": None}
    db.prospects.insert_many([{"_id": f"spring:{n}", "ref": f"{n}", "score": n / 10, **shared} for n in range(3)])
    return db


def everything(db: Db) -> dict[str, list[Document]]:
    return {name: list(db[name].find(sort=[("_id", 1)])) for name in db.list_collection_names()}


def call(db: Db, result: Result, *, at: datetime | None = None) -> Document:
    moment = at or now()
    held = claim(db, "spring", "ann", clock=lambda: moment)
    assert held is not None
    return record(db, held["_id"], "ann", CallReport(result), clock=lambda: moment)


def test_every_collection_is_copied_and_each_once() -> None:
    order = mongo_dump.order()
    assert sorted(order) == sorted(COLLECTIONS)
    assert order.index("prospects") < order.index("outcomes") < order.index("calls") < order.index("predictions")


def test_what_was_copied_is_loaded_as_it_was(spring: Db, tmp_path: Path) -> None:
    call(spring, Result.SOLD)
    spring.kinds.insert_one({"_id": "loans"})
    other = spring.client[f"{spring.name}-loans"]
    other.prospects.insert_one({"_id": "loans:1", "of": {"at": START, "numbers": [1, 2.5, None, True, "ä"]}})
    before, of_kind = everything(spring), everything(other)
    try:
        parts = mongo_dump.copy(spring, tmp_path / "copy")
        assert parts[f"{spring.name}.prospects"].count == 3
        assert mongo_dump.databases(list(parts)) == [f"{spring.name}-loans", spring.name]
        assert mongo_dump.parts(tmp_path / "copy") == parts
        for name in before:
            spring[name].delete_many({})
        other.prospects.delete_many({})
        mongo_dump.load(spring, tmp_path / "copy")
        assert {name: found for name, found in everything(spring).items() if found} == {
            name: found for name, found in before.items() if found
        }
        assert everything(other) == of_kind
    finally:
        spring.client.drop_database(other.name)


def test_a_copy_that_is_cut_off_is_refused(spring: Db, tmp_path: Path) -> None:
    mongo_dump.copy(spring, tmp_path / "copy")
    path = tmp_path / "copy" / f"{spring.name}.prospects.bson"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(InputError, match="prospects is cut off"):
        mongo_dump.parts(tmp_path / "copy")


# What happens between two collections of a copy, and what must come of it: the state as if it had happened before it.
def _one_call(db: Db) -> None:
    call(db, Result.SOLD)


def _two_people(db: Db) -> None:
    call(db, Result.REFUSED)
    call(db, Result.DO_NOT_CALL)


def _no_answer_then_sold(db: Db) -> None:
    call(db, Result.NO_ANSWER)
    call(db, Result.SOLD)


def _undone(db: Db) -> None:
    undo(db, call(db, Result.SOLD)["_id"], "ann")


def _undone_and_called_again(db: Db) -> None:
    _undone(db)
    call(db, Result.REFUSED)


MEANWHILE = [_one_call, _two_people, _no_answer_then_sold, _undone, _undone_and_called_again]
STATE = ("status", "again", "due", "unanswered", "off", "calls", "taken_back")


@pytest.mark.parametrize("meanwhile", MEANWHILE, ids=lambda one: one.__name__)
@pytest.mark.parametrize("behind", [("prospects",), ("prospects", "outcomes")], ids="+".join)
def test_calls_of_the_seconds_of_the_copy_are_finished(
    spring: Db, meanwhile: Callable[[Db], None], behind: tuple[str, ...]
) -> None:
    before = everything(spring)
    meanwhile(spring)
    after = everything(spring)
    for name in behind:  # these were copied before it happened, the others after it
        spring[name].delete_many({})
        if before.get(name):
            spring[name].insert_many(before[name])
    mend(spring, now())
    assert mend(spring, now()) == 0
    assert everything(spring).get("outcomes", []) == after.get("outcomes", [])
    found = [[one.get(field) for field in STATE] for one in everything(spring)["prospects"]]
    assert found == [[one.get(field) for field in STATE] for one in after["prospects"]]


def test_the_outcome_of_a_call_that_was_undone_meanwhile_goes(spring: Db) -> None:
    made = call(spring, Result.SOLD)
    outcomes, prospects = list(spring.outcomes.find()), list(spring.prospects.find())
    undo(spring, made["_id"], "ann")
    spring.outcomes.insert_many(outcomes)
    spring.prospects.delete_many({})
    spring.prospects.insert_many(prospects)
    assert mend(spring, now()) == 1
    assert list(spring.outcomes.find()) == []
    found = spring.prospects.find_one({"_id": made["prospect"]})
    assert found is not None
    assert (found["status"], found["calls"], found["taken_back"]) == ("open", 1, 1)


def test_earlier_calls_are_not_looked_at(spring: Db) -> None:
    made = call(spring, Result.SOLD, at=START)
    spring.prospects.update_one({"_id": made["prospect"]}, {"$set": {"calls": None, "status": "open"}})
    assert mend(spring, START + timedelta(hours=1)) == 0
