"""kill -9 of MongoDB right after it acknowledged a write: all of it is there when it comes back.

The embedded server and, where it is installed, a second one that keeps its data as MongoDB does, in WiredTiger.

Nobody asks for scores meanwhile: predictions always waited for the journal, and the server has one journal, so a load
of them would make everybody else's writes durable, too, and hide what is missing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.calls import do_not_call, undo
from core.calls.claims import claim
from core.calls.lifecycle import Result
from core.calls.recording import CallReport, record
from core.models.succession import Succession
from core.stores import event_log as events
from core.stores.events import Event
from core.stores.mongo import Db, Document, ensure_indexes
from tests.scoring import second_engine
from tests.scoring.processes import Mongo
from tests.scoring.second_engine import SecondEngine

ROUNDS = 4
LATER = timedelta(hours=2)


@pytest.fixture(params=[Mongo, pytest.param(SecondEngine, marks=second_engine.needed)])
def mongo(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Mongo]:
    made: Mongo = request.param(tmp_path).start()
    yield made
    made.kill()


def call_list(db: Db, people: int) -> None:
    ensure_indexes(db)
    db.campaigns.insert_one({"_id": "spring"})
    shared = {"campaign": "spring", "status": "open", "claim": None}
    db.prospects.insert_many([{"_id": f"spring:{n}", "ref": f"{n}", "score": n / 100, **shared} for n in range(people)])


def recorded(result: Result) -> Callable[[Db], str]:
    def write(db: Db) -> str:
        held = claim(db, "spring", "ann")
        assert held is not None
        again = datetime.now(UTC) + LATER if result is Result.CALLBACK else None
        return str(record(db, held["_id"], "ann", CallReport(result, again=again, everywhere=True))["_id"])

    return write


def taken_back(db: Db) -> str:
    call = recorded(Result.SOLD)(db)
    undo.undo(db, call, "ann")
    return call


def decided(db: Db) -> str:
    line = Succession(db, "prospect-scorer", None, by="mia")
    return line.promote(str(len(line.decisions()) + 1), why="better").version


def told(db: Db) -> str:
    return events.key(events.append(db, who="mia", what=Event.SCRIPT_CHANGED, subject="spring"))


def call(db: Db, key: str) -> Document:
    found = db.calls.find_one({"_id": key})
    assert found is not None, f"the call {key} was acknowledged and is lost"
    return found


def kept_call(db: Db, key: str) -> None:
    made = call(db, key)
    prospect = db.prospects.find_one({"_id": made["prospect"]})
    assert prospect is not None
    assert (prospect["calls"], prospect["status"]) == (1, made["after"]["status"])
    assert bool(db.outcomes.find_one({"_id": key})) == Result(made["result"]).is_outcome


def kept_wish(db: Db, key: str) -> None:
    kept_call(db, key)
    wish = do_not_call.entry_of(db, call(db, key)["ref"])
    assert wish is not None
    assert wish["call"] == key


def kept_undoing(db: Db, key: str) -> None:
    assert call(db, key)["undone"]["by"] == "ann"
    assert db.outcomes.find_one({"_id": key}) is None


def kept_decision(db: Db, version: str) -> None:
    assert Succession(db, "prospect-scorer", None, by="mia").state().champion == version


def kept_event(db: Db, key: str) -> None:
    assert db.events.find_one({"_id": key}) is not None
    assert events.first_broken(db) is None


WRITES: dict[str, tuple[Callable[[Db], str], Callable[[Db, str], None]]] = {
    **{result.value: (recorded(result), kept_call) for result in Result if result is not Result.DO_NOT_CALL},
    "wish": (recorded(Result.DO_NOT_CALL), kept_wish),
    "taken back": (taken_back, kept_undoing),
    "decision": (decided, kept_decision),
    "event": (told, kept_event),
}


@pytest.mark.parametrize("what", list(WRITES))
def test_what_was_acknowledged_outlives_the_server(mongo: Mongo, what: str) -> None:
    write, kept = WRITES[what]
    call_list(mongo.database(), ROUNDS * 2)
    acknowledged: list[str] = []
    for _ in range(ROUNDS):
        db = mongo.database()
        acknowledged.append(write(db))
        mongo.kill()
        mongo.start()
        db.client.close()  # not before: a client takes leave of its server, and waits for one that is gone
        found = mongo.database()
        for key in acknowledged if what != "decision" else acknowledged[-1:]:
            kept(found, key)
        found.client.close()
