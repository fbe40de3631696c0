"""The laboratory sees what is lost, doubled, or against a wish: otherwise its zeros would say nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from core.calls.claims import claim
from core.calls.lifecycle import Result
from core.calls.recording import CallReport, record
from core.scoring.packed import FEW, pack
from core.stores import event_log
from core.stores.events import Event
from core.stores.mongo import Db, ensure_indexes
from tests.faults.laboratory.verify import examine
from tests.faults.laboratory.witness import Witness
from tests.scoring.fakes import prediction
from tests.scoring.processes import Mongo

ROWS = FEW + 2
"""Rows of a request: so many share a record."""


@pytest.fixture(scope="module")
def mongo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mongo]:
    made = Mongo(tmp_path_factory.mktemp("mongo")).start()
    yield made
    made.kill()


@pytest.fixture
def db(mongo: Mongo) -> Iterator[Db]:
    made = mongo.database()
    yield made
    made.client.drop_database(made.name)
    made.client.close()


@pytest.fixture
def witness(tmp_path: Path, db: Db) -> Iterator[Witness]:
    """Told of one call, one wish, two claims, an import, an event, a decision and the scores of a request."""
    told = Witness(tmp_path / "witness.jsonl")
    ensure_indexes(db)
    db.campaigns.insert_one({"_id": "spring"})
    shared = {"campaign": "spring", "status": "open", "claim": None}
    db.prospects.insert_many([{"_id": f"spring:{n}", "ref": f"{n}", "score": n / 10, **shared} for n in range(4)])
    told.write("import", campaign="spring", people=4)
    for result, kind in ((Result.SOLD, "call"), (Result.DO_NOT_CALL, "wish")):
        held = claim(db, "spring", "ann")
        assert held is not None
        told.write("claim", prospect=held["_id"], ref=held["ref"], agent="ann", after=told.place)
        call = record(db, held["_id"], "ann", CallReport(result, everywhere=True))
        told.write(kind, key=call["_id"], prospect=held["_id"], ref=held["ref"], agent="ann", result=result.value)
    place = event_log.append(db, who="ann", what=Event.SCRIPT_CHANGED, subject="spring")
    told.write("event", key=event_log.key(place), subject="spring")
    db.models.insert_one({"_id": "scorer:000001", "version": "2"})
    told.write("decision", key="scorer:000001", version="2")
    rows = [prediction("lab-1", row, prospect=f"spring:{row:03d}") for row in range(ROWS)]
    db.predictions.insert_many(pack([row.document() for row in rows]))
    told.write("score", request="lab-1", rows=[[row.id, row.score, row.version, row.route] for row in rows])
    yield told
    told.close()


def test_nothing_is_found_where_all_is_there(db: Db, witness: Witness) -> None:
    assert examine(db, witness).sentences() == []
    assert witness.count() == 4 + 1 + 1 + 1 + 1 + ROWS


DAMAGE: dict[str, Callable[[Db], object]] = {
    "lost: the call spring:3:1": lambda db: db.calls.delete_one({"_id": "spring:3:1"}),
    "lost: 0 outcomes of spring:3:1": lambda db: db.outcomes.delete_one({"_id": "spring:3:1"}),
    "lost: the wish of 2": lambda db: db.do_not_call.delete_one({"_id": "2"}),
    "lost: 1 people of spring": lambda db: db.prospects.delete_one({"_id": "spring:0"}),
    "lost: the event": lambda db: db.events.delete_many({}),
    "doubled: the call spring:3:2": lambda db: db.calls.insert_one(
        {**(db.calls.find_one({"_id": "spring:3:1"}) or {}), "_id": "spring:3:2"}
    ),
    "doubled: 1 people of spring": lambda db: db.prospects.insert_one({"_id": "spring:9", "campaign": "spring"}),
    "broken: the chain of events breaks at 1": lambda db: db.events.update_one({}, {"$set": {"who": "eve"}}),
    "against_wish: spring:2 is on a list": lambda db: db.prospects.update_one(
        {"_id": "spring:2"}, {"$set": {"status": "open"}}
    ),
    "lost: the decision": lambda db: db.models.delete_one({}),
    "lost: the decision {": lambda db: db.models.update_one({}, {"$set": {"version": "3"}}),
    f"lost: the prediction lab-1:{ROWS - 1}": lambda db: db.predictions.delete_one({"_id": "lab-1:0"}),
    "lost: the prediction lab-1:0": lambda db: answered(db, score=0.125),
    "lost: the prediction lab-1:1": lambda db: answered(db, version="9"),
    "lost: the prediction lab-1:2": lambda db: answered(db, route="canary"),
    "doubled: the prediction lab-1:3": lambda db: db.predictions.insert_one(
        prediction("lab-1", 3, prospect="spring:003").document()
    ),
    "doubled: the prediction lab-2:0 was never acknowledged": lambda db: db.predictions.insert_one(
        prediction("lab-2", 0).document()
    ),
}


def answered(db: Db, **other: Any) -> None:
    """Another answer is in the log."""
    rows = [prediction("lab-1", row, prospect=f"spring:{row:03d}", **other).document() for row in range(ROWS)]
    db.predictions.delete_one({"_id": "lab-1:0"})
    db.predictions.insert_many(pack(rows))


@pytest.mark.parametrize("found", list(DAMAGE))
def test_damage_is_found(db: Db, witness: Witness, found: str) -> None:
    DAMAGE[found](db)
    assert any(sentence.startswith(found) for sentence in examine(db, witness).sentences())


def test_a_claim_after_a_wish_is_found(db: Db, witness: Witness) -> None:
    witness.write("claim", prospect="other:2", ref="2", agent="ann", after=witness.place)
    assert examine(db, witness).against_wish == ["ann got other:2 after the wish"]


def test_every_wish_is_looked_at(db: Db, witness: Witness) -> None:
    later = {f"w{number}": f"spring:w{number}:1" for number in range(1_000)}
    db.do_not_call.insert_many({"_id": ref, "wish": {"call": call}, "lifted": None} for ref, call in later.items())
    for ref, call in later.items():
        witness.write("wish", key=call, prospect="-", ref=ref, agent="ann", result=Result.DO_NOT_CALL.value)
    db.prospects.update_one({"_id": "spring:2"}, {"$set": {"status": "open"}})
    assert examine(db, witness).against_wish == ["spring:2 is on a list"]


@pytest.mark.parametrize("agent", ["ann", "bob"])
@pytest.mark.parametrize(
    ("result", "minutes", "is_wrong"),
    [(False, 0, True), (False, 14.9, True), (False, 15.1, False), (True, 15.1, True), (True, 241, False)],
)
def test_a_person_who_is_given_twice_is_found_unless_the_first_claim_ran_out(
    agent: str, result: bool, minutes: float, is_wrong: bool, db: Db, witness: Witness
) -> None:
    person = {"prospect": "spring:1", "ref": "1"}
    witness.write("claim", **person, agent="ann", after=witness.place, at=1_000.0)
    if result:
        witness.write("call", **person, agent="ann", key="spring:1:1", result=Result.NO_ANSWER.value)
    witness.write("claim", **person, agent=agent, after=witness.place, at=1_000.0 + 60 * minutes)
    assert examine(db, witness).claimed_twice == ([f"spring:1 by ann and {agent}"] if is_wrong else [])


def test_whose_result_was_refused_may_get_the_person_again_and_nobody_else(db: Db, witness: Witness) -> None:
    for agent in ("ann", "ann", "bob"):
        witness.write("claim", prospect="spring:1", ref="1", agent=agent, after=witness.place)
        witness.write("refused", prospect="spring:1", agent=agent)
    assert examine(db, witness).claimed_twice == ["spring:1 by ann and bob"]
