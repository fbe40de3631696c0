"""An import is undone as a whole, wherever the undo is killed, and only while nothing followed from it."""

from __future__ import annotations

from typing import Any

import pytest

from core.calls.claims import claim
from core.calls.lifecycle import Result
from core.calls.recording import CallReport, record
from core.errors import Conflict
from core.lists.import_log import require
from core.lists.logged_import import State
from core.lists.undo_import import followed, undo
from core.lists.withdrawal import withdraw_rest
from core.schema import Schema
from core.stores.mongo import Db
from tests.contract.core.lists.conftest import Bring
from trainer.data.snapshot import read_outcomes

pytestmark = pytest.mark.mongo

JUNE = [
    {"customer": "a", "age": "42", "y": "yes"},
    {"customer": "b", "age": "43"},
    {"customer": "c"},
    {"customer": "d", "y": "no"},
    {"customer": "e"},
]


def people(db: Db) -> list[Any]:
    """Everybody, without fields that are empty: to readers those are the same as fields that are not there."""
    found = list(db.prospects.find(sort=[("_id", 1)]))
    return [{name: value for name, value in one.items() if value not in (None, [])} for one in found]


@pytest.mark.parametrize("place", [*range(1, 9), 99])
def test_everything_is_as_before_wherever_the_undo_is_killed(
    db: Db, bring: Bring, dying: Any, place: int, keyed: Schema
) -> None:
    bring("may", {"customer": "a"}, {"customer": "b"}, {"customer": "c"})
    db.prospects.update_many({}, {"$set": {"score": None}})
    before = people(db)
    june = bring("june", *JUNE)
    assert (june.inserted, june.changed, june.unchanged, june.outcomes) == (2, 2, 1, 2)
    for ref in ("a", "d", "e"):
        db.contacts.insert_one({"_id": f"spring:{ref}", "campaign": "spring", "ref": ref, "values": [], "search": []})
    if not dying(place, lambda: undo(db, june.entry, by="Mia")):
        undo(db, june.entry, by="Max")
    assert [one["ref"] for one in db.contacts.find()] == ["a"], "nobody's number stays without the person"
    assert people(db) == before
    assert db.outcomes.count_documents({}) == 0
    assert len(read_outcomes(db, keyed)) == 0
    entry = require(db, june.entry)
    assert entry.state is State.UNDONE
    told = entry.document["undo"]
    assert {name: told[name] for name in ("inserted", "changed", "outcomes", "stayed")} == {
        "inserted": 2, "changed": 2, "outcomes": 2, "stayed": 0,
    }  # fmt: skip
    assert db.events.count_documents({"what": "import undone"}) == 1
    assert undo(db, june.entry, by="Mia").document == entry.document, "an undo may be repeated"


def test_the_same_file_comes_in_again_after_its_undo(db: Db, bring: Bring) -> None:
    first = bring("may", {"customer": "a"})
    undo(db, first.entry, by="Mia")
    again = bring("may", {"customer": "a"})
    assert (again.inserted, again.entry) == (1, f"{first.entry}-2")


def test_a_call_or_a_card_is_something_that_followed(db: Db, bring: Bring) -> None:
    may = bring("may", {"customer": "a"}, {"customer": "b"}, {"customer": "c"})
    held = claim(db, "spring", "Ann")
    assert held is not None
    with pytest.raises(Conflict, match=r"with agents \(1\).*Nothing was undone"):
        undo(db, may.entry, by="Mia")
    record(db, held["_id"], "Ann", CallReport(Result.SOLD), call=1)
    with pytest.raises(Conflict, match=r"1 calls"):
        undo(db, may.entry, by="Mia")
    assert require(db, may.entry).state is State.DONE
    rest = withdraw_rest(db, "spring", may.entry, by="Mia", why="wrong file")
    assert rest.withdrawn == 2
    assert sorted(p["status"] for p in db.prospects.find()) == ["done", "withdrawn", "withdrawn"]


def test_calls_to_other_people_are_no_obstacle(db: Db, bring: Bring) -> None:
    bring("may", {"customer": "a"})
    june = bring("june", {"customer": "b"})
    record(db, "spring:a", "Ann", CallReport(Result.SOLD))
    assert not followed(db, require(db, june.entry))
    undo(db, june.entry, by="Mia")
    assert [p["ref"] for p in db.prospects.find()] == ["a"]


def test_a_later_file_for_the_same_people_is_undone_first(db: Db, bring: Bring) -> None:
    may = bring("may", {"customer": "a"}, {"customer": "b"})
    june = bring("june", {"customer": "a", "age": "42"})
    bring("july", {"customer": "x"})
    with pytest.raises(Conflict, match=r"later files changed its people \(june\.csv\)"):
        undo(db, may.entry, by="Mia")
    undo(db, june.entry, by="Mia")
    undo(db, may.entry, by="Mia")
    assert [p["ref"] for p in db.prospects.find()] == ["x"]


def test_whom_an_agent_takes_during_the_undo_stays(db: Db, bring: Bring, dying: Any) -> None:
    may = bring("may", {"customer": "a"}, {"customer": "b"})
    assert not dying(2, lambda: undo(db, may.entry, by="Mia"))
    held = claim(db, "spring", "Ann")
    assert held is not None
    assert undo(db, may.entry, by="Mia").document["undo"]["stayed"] == 1
    assert [p["_id"] for p in db.prospects.find()] == [held["_id"]]
