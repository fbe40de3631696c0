"""The laboratory sees what is lost, doubled, or against a wish: otherwise its zeros would say nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from core.calls.claims import claim
from core.calls.lifecycle import Result
from core.calls.recording import CallReport, record
from core.stores import event_log
from core.stores.events import Event
from core.stores.mongo import Db, ensure_indexes
from tests.faults.laboratory.verify import examine
from tests.faults.laboratory.witness import Witness
from tests.scoring.processes import Mongo


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
    """Told of one call, one wish, two claims, an import and an event."""
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
    yield told
    told.close()


def test_nothing_is_found_where_all_is_there(db: Db, witness: Witness) -> None:
    assert examine(db, witness).sentences() == []
    assert witness.count() == 4 + 1 + 1 + 1


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
}


@pytest.mark.parametrize("found", list(DAMAGE))
def test_damage_is_found(db: Db, witness: Witness, found: str) -> None:
    DAMAGE[found](db)
    assert any(sentence.startswith(found) for sentence in examine(db, witness).sentences())


def test_a_claim_of_two_agents_and_one_after_a_wish_are_found(db: Db, witness: Witness) -> None:
    witness.write("claim", prospect="spring:3", ref="3", agent="bob", after=witness.place)
    witness.write("claim", prospect="other:2", ref="2", agent="ann", after=witness.place)
    found = examine(db, witness)
    assert found.claimed_twice == ["spring:3 by ['ann', 'bob']"]
    assert found.against_wish == ["ann got other:2 after the wish"]
