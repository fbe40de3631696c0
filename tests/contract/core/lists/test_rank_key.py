"""Kind: a person who comes back on the list, or is changed, and whom no ranking finds until the next list begins."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from core.calls import late_results
from core.calls.claims import claim, claim_person, end_pauses
from core.calls.lifecycle import STANDARD, Result
from core.calls.rank_key import RANK_KEY, to_be_ranked
from core.calls.recording import CallReport, record
from core.calls.undo import undo as take_back
from core.clock import now
from core.do_not_call import do_not_call_list
from core.lists import changes
from core.lists.undo_import import undo as undo_import
from core.lists.withdrawal import put_back, withdraw
from core.stores.mongo import Db, Document
from tests.contract.core.lists.conftest import Bring

pytestmark = pytest.mark.mongo

RANKED = "spring|a model"
Way = Callable[[Db, Bring], object]


def unanswered(db: Db) -> None:
    record(db, "spring:a", "Ann", CallReport(Result.NO_ANSWER))


def pause_ends(db: Db, _bring: Bring) -> None:
    unanswered(db)
    end_pauses(db, "spring", now() + STANDARD.pause + timedelta(seconds=1))


def calls_in(db: Db, _bring: Bring) -> None:
    unanswered(db)
    claim_person(db, "spring:a", "Bob")


def result_is_taken_back(db: Db, _bring: Bring) -> None:
    take_back(db, record(db, "spring:a", "Ann", CallReport(Result.SOLD))["_id"], "Ann")


def is_put_back(db: Db, _bring: Bring) -> None:
    withdraw(db, "spring", ["a"], by="Mia", why="in error")
    put_back(db, "spring", ["a"], by="Mia")


def file_changes(_db: Db, bring: Bring) -> None:
    bring("june", {"customer": "a", "age": "51"})


def file_is_undone(db: Db, bring: Bring) -> None:
    report = bring("june", {"customer": "a", "age": "51"})
    db.prospects.update_many({}, {"$set": {RANK_KEY: RANKED}})
    undo_import(db, report.entry, by="Mia")


def file_that_closed_is_undone(db: Db, bring: Bring) -> None:
    report = bring("june", {"customer": "a", "y": "yes"})
    undo_import(db, report.entry, by="Mia")


def wish_is_taken_back(db: Db, bring: Bring) -> None:
    """A wish of the same person in another campaign."""
    db.prospects.insert_one({"_id": "autumn:a", "campaign": "autumn", "ref": "a", "status": "open", "claim": None})
    wish = CallReport(Result.DO_NOT_CALL, everywhere=True)
    call = record(db, "autumn:a", "Ann", wish)
    assert [one["status"] for one in db.prospects.find({"campaign": "spring"})] == ["off"]
    take_back(db, call["_id"], "Ann")
    db.prospects.delete_one({"_id": "autumn:a"})


def is_taken_off_the_do_not_call_list(db: Db, _bring: Bring) -> None:
    do_not_call_list.add_people(db, ["a"], by="Mia", why="asked by letter")
    assert [one["status"] for one in db.prospects.find()] == ["off"]
    do_not_call_list.remove_person(db, "a", by="Mia", why="it was another person")


def result_comes_late(db: Db, _bring: Bring) -> None:
    held = claim(db, "spring", "Ann")
    assert held is not None
    later = now() + STANDARD.claim + timedelta(minutes=1)
    assert claim_person(db, "spring:a", "Bob", clock=lambda: later) is not None
    answer = CallReport(Result.NO_ANSWER)
    late_results.record_late(db, "spring:a", "Ann", answer, call=1, clock=lambda: later + timedelta(minutes=1))


@pytest.mark.parametrize(
    "way",
    [
        pause_ends, calls_in, result_is_taken_back, is_put_back, file_changes, file_is_undone,
        file_that_closed_is_undone, result_comes_late, wish_is_taken_back, is_taken_off_the_do_not_call_list,
    ],
)  # fmt: skip
def test_whoever_comes_back_on_the_list_or_is_changed_is_to_be_ranked(db: Db, bring: Bring, way: Way) -> None:
    bring("may", {"customer": "a", "age": "50"})
    assert [one[RANK_KEY] for one in db.prospects.find()] == [to_be_ranked("spring")]
    db.prospects.update_many({}, {"$set": {RANK_KEY: RANKED, "score": 0.5, "score_version": "1"}})
    way(db, bring)
    [after] = db.prospects.find()
    assert (after["status"], after[RANK_KEY]) == ("open", to_be_ranked("spring"))


def test_who_is_only_put_back_on_the_list_has_a_score_of_their_own_values(db: Db, bring: Bring) -> None:
    """No version is called ``: that is for people whose values a file has changed."""
    bring("may", {"customer": "a"})
    db.prospects.update_many({}, {"$set": {"score": 0.5, "score_version": "1"}})
    file_that_closed_is_undone(db, bring)
    assert [one["score_version"] for one in db.prospects.find()] == ["1"]
    file_changes(db, bring)
    assert [one["score_version"] for one in db.prospects.find()] == [""]


def test_a_pause_that_ends_while_a_file_is_read_is_not_undone_by_it(
    db: Db, bring: Bring, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Kind: a word that follows from a status which is over when it is written."""
    bring("may", {"customer": "a", "age": "50"})
    unanswered(db)
    changing = changes.changing

    def slow(*given: Any) -> Document:
        new = changing(*given)
        end_pauses(db, "spring", now() + STANDARD.pause + timedelta(seconds=1))
        return new

    monkeypatch.setattr(changes, "changing", slow)
    bring("june", {"customer": "a", "age": "51"})
    [after] = db.prospects.find()
    assert (after["status"], after["features"]["age"], after[RANK_KEY]) == ("open", 51, to_be_ranked("spring"))


def test_whoever_leaves_the_list_is_not(db: Db, bring: Bring) -> None:
    bring("may", *({"customer": ref, "age": "50"} for ref in "abcd"), {"customer": "e", "y": "yes"})
    for ref, result in (("a", Result.SOLD), ("b", Result.NO_ANSWER), ("c", Result.DO_NOT_CALL)):
        record(db, f"spring:{ref}", "Ann", CallReport(result))
    withdraw(db, "spring", ["d"], by="Mia", why="moved away")
    assert db.prospects.count_documents({RANK_KEY: to_be_ranked("spring")}) == 0
