"""People leave a list by hand or by a file, are never offered, and come back as they were."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.calls.claims import claim
from core.calls.late_results import record_late
from core.calls.lifecycle import Result
from core.calls.recording import CallReport, record
from core.calls.undo import settle_undos
from core.do_not_call import do_not_call_list
from core.errors import InputError
from core.files.campaign_file import CampaignFile
from core.imports.withdrawal_file import withdraw_file
from core.lists.undo_import import undo
from core.lists.withdrawal import put_back, withdraw
from core.schema import Schema
from core.stores.mongo import Db
from monitor.ranking.open_list import open_lists
from tests.contract.core.lists.conftest import Bring

pytestmark = pytest.mark.mongo


def statuses(db: Db) -> dict[str, str]:
    return {p["ref"]: p["status"] for p in db.prospects.find()}


def test_who_is_withdrawn_is_neither_offered_nor_ranked_and_can_be_put_back(db: Db, bring: Bring) -> None:
    bring("may", {"customer": "a"}, {"customer": "b"}, {"customer": "c", "y": "no"})
    found = withdraw(db, "spring", ["a", "c", "nobody"], by="Mia", why="moved away")
    assert (found.withdrawn, found.closed, found.unknown) == (1, 1, 1)
    [spring] = open_lists(db)
    assert [one["_id"] for one in spring.people(spring.to_be_ranked, 10)] == ["spring:b"]
    assert [held["ref"] for held in (claim(db, "spring", name) for name in ("Ann", "Bob")) if held] == ["b"]
    again = withdraw(db, "spring", ["a"], by="Max", why="moved away")
    assert (again.withdrawn, again.already) == (0, 1)
    event = db.events.find_one({"what": "people withdrawn"})
    assert event is not None
    assert (event["who"], event["why"], event["details"]) == ("Mia", "moved away", {"people": 1})
    assert put_back(db, "spring", ["a", "b"], by="Mia") == 1
    assert statuses(db) == {"a": "open", "b": "open", "c": "done"}
    assert put_back(db, "spring", ["a"], by="Mia") == 0
    assert db.events.count_documents({"what": "people put back"}) == 1


def test_a_callback_comes_back_as_it_was_unless_the_person_does_not_want_it(db: Db, bring: Bring) -> None:
    bring("may", {"customer": "a"}, {"customer": "b"})
    for ref in ("a", "b"):
        record(db, f"spring:{ref}", "Ann", CallReport(Result.NO_ANSWER))
    before = db.prospects.find_one({"_id": "spring:a"})
    assert before is not None
    withdraw(db, "spring", ["a", "b"], by="Mia", why="in error")
    do_not_call_list.add_people(db, ["b"], by="Mia", why="asked by letter")
    put_back(db, "spring", ["a", "b"], by="Mia")
    after = db.prospects.find_one({"_id": "spring:a"})
    assert after is not None
    assert {name: after[name] for name in before} == before
    assert statuses(db) == {"a": "paused", "b": "off"}


def test_a_reason_is_asked_for(db: Db, bring: Bring) -> None:
    bring("may", {"customer": "a"})
    with pytest.raises(InputError, match="Nobody was withdrawn"):
        withdraw(db, "spring", ["a"], by="Mia", why="  ")
    assert statuses(db) == {"a": "open"}


def test_who_is_on_the_phone_is_withdrawn_and_the_result_counts(db: Db, bring: Bring) -> None:
    bring("may", {"customer": "a"}, {"customer": "b"})
    first, second = claim(db, "spring", "Ann"), claim(db, "spring", "Bob")
    assert first is not None
    assert second is not None
    withdraw(db, "spring", ["a", "b"], by="Mia", why="moved away")
    record_late(db, first["_id"], "Ann", CallReport(Result.SOLD), call=1)
    record_late(db, second["_id"], "Bob", CallReport(Result.NO_ANSWER), call=1)
    settle_undos(db)
    assert statuses(db) == {first["ref"]: "done", second["ref"]: "withdrawn"}
    assert db.outcomes.count_documents({"positive": True}) == 1


def test_a_later_file_does_not_bring_them_back(db: Db, bring: Bring) -> None:
    bring("may", {"customer": "a"})
    withdraw(db, "spring", ["a"], by="Mia", why="moved away")
    report = bring("june", {"customer": "a", "age": "50"})
    assert (report.changed, report.closed, statuses(db)) == (1, 1, {"a": "withdrawn"})


@pytest.mark.parametrize("place", range(1, 9))
def test_a_file_withdraws_everybody_in_it_wherever_it_is_killed(
    db: Db, bring: Bring, keyed: Schema, tmp_path: Path, dying: object, place: int
) -> None:
    bring("may", *({"customer": ref} for ref in "abcd"))
    path = tmp_path / "leave.csv"
    path.write_text("customer,note\na,x\nb,y\na,z\n,?\nnobody,\n")
    file = CampaignFile.open(path)
    if not dying(place, lambda: withdraw_file(db, keyed, file, "spring", "customer", by="Mia", why="sold")):  # type: ignore[operator]
        db.imports.update_many({"state": "running"}, {"$set": {"state": "stopped"}})
        withdraw_file(db, keyed, file, "spring", "customer", by="Mia", why="sold")
    assert statuses(db) == {"a": "withdrawn", "b": "withdrawn", "c": "open", "d": "open"}
    logged = db.imports.find_one({"kind": "withdrawal"})
    assert logged is not None
    assert {name: logged["report"][name] for name in ("rows", "withdrawn", "unknown", "empty")} == {
        "rows": 5, "withdrawn": 2, "unknown": 1, "empty": 1,
    }  # fmt: skip
    undo(db, logged["_id"], by="Mia")
    assert set(statuses(db).values()) == {"open"}


def test_a_file_without_the_column_withdraws_nobody(db: Db, bring: Bring, keyed: Schema, tmp_path: Path) -> None:
    bring("may", {"customer": "a"})
    (tmp_path / "leave.csv").write_text("name\na\n")
    with pytest.raises(InputError, match="no column 'customer'"):
        withdraw_file(db, keyed, CampaignFile.open(tmp_path / "leave.csv"), "spring", "customer", by="Mia", why="sold")
    assert statuses(db) == {"a": "open"}
