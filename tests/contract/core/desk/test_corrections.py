"""A manager corrects results after the minute, and settles late results; a process that dies loses nothing of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from core.calls import do_not_call, recording
from core.calls.claims import claim, claim_person, settle_calls
from core.calls.late_results import record_late
from core.calls.lifecycle import Result
from core.calls.recording import CallReport, record
from core.calls.undo import undo
from core.clock import now
from core.desk import agenda, conflicts, correction
from core.desk.correction import Correction, correct
from core.do_not_call.do_not_call_list import add_people, remove_person
from core.errors import Conflict, InputError, NotFound
from core.stores.mongo import Db
from monitor.ranking.settle import settle as settle_all
from tests.contract.core.calls.conftest import Watch, stored

pytestmark = pytest.mark.mongo
HOUR = timedelta(hours=1)


def called(db: Db, watch: Watch, result: Result, agent: str = "ann", person: str = "spring:3") -> str:
    claim_person(db, person, agent, all_of_them=True, clock=watch)
    again = watch.at + HOUR if result is Result.CALLBACK else None
    made = record(db, person, agent, CallReport(result, again=again, everywhere=True), clock=watch)
    watch.at += timedelta(minutes=2)
    return str(made["_id"])


def outcomes(db: Db) -> list[tuple[str, bool, str]]:
    return [(o["_id"], o["positive"], o["agent"]) for o in db.outcomes.find().sort([("_id", 1)])]


def to(result: Result, watch: Watch) -> Correction:
    again = watch.at + HOUR if result is Result.CALLBACK else None
    return Correction(result, "the wrong key", again=again, everywhere=True)


@pytest.mark.parametrize("before", list(Result))
@pytest.mark.parametrize("after", list(Result))
def test_all_that_follows_from_a_result_follows_its_correction(
    spring: Db,
    watch: Watch,
    before: Result,
    after: Result,
) -> None:
    key = called(spring, watch, before)
    done = correct(spring, key, to(after, watch), by="mia", clock=watch)
    assert done.listed
    as_if = {
        Result.SOLD: "done", Result.REFUSED: "done", Result.CALLBACK: "callback", Result.NO_ANSWER: "paused",
        Result.WRONG_NUMBER: "off", Result.DO_NOT_CALL: "off",
    }  # fmt: skip
    assert stored(spring)["status"] == as_if[after]
    assert outcomes(spring) == ([(key, after is Result.SOLD, "ann")] if after.is_outcome else [])
    assert (do_not_call.entry_of(spring, "3") is not None) is (after is Result.DO_NOT_CALL)
    wished = stored(spring, "autumn:3")["status"]
    assert wished == ("off" if after is Result.DO_NOT_CALL else "open")
    assert correct(spring, key, to(after, watch), by="mia", clock=watch).call["result"] == after.value
    changed = 0 if before is after and after is not Result.CALLBACK else 1
    assert len((spring.calls.find_one({"_id": key}) or {}).get("corrected", ())) == changed
    assert len(list(spring.events.find({"what": "result corrected"}))) == changed


@pytest.mark.parametrize("after", [result for result in Result if result is not Result.DO_NOT_CALL])
def test_a_wish_that_was_corrected_away_and_back_holds(spring: Db, watch: Watch, after: Result) -> None:
    key = called(spring, watch, Result.DO_NOT_CALL)
    for result in (after, Result.DO_NOT_CALL):
        watch.at += timedelta(minutes=1)
        correct(spring, key, to(result, watch), by="mia", clock=watch)
    settle_all(spring, by_reference=True)
    assert do_not_call.entry_of(spring, "3") is not None
    assert {stored(spring, one)["status"] for one in ("spring:3", "autumn:3")} == {"off"}


@pytest.mark.parametrize("after", [Result.SOLD, Result.REFUSED, Result.WRONG_NUMBER, Result.DO_NOT_CALL])
def test_a_correction_reaches_the_list_also_when_the_pause_is_over(spring: Db, watch: Watch, after: Result) -> None:
    key = called(spring, watch, Result.NO_ANSWER)
    watch.at += timedelta(days=1)
    settle_calls(spring, clock=watch)
    assert stored(spring)["status"] == "open"
    done = correct(spring, key, to(after, watch), by="mia", clock=watch)
    assert done.listed
    assert stored(spring)["status"] == ("done" if after.is_outcome else "off")


def test_a_promise_that_another_agent_has_follows_its_correction(spring: Db, watch: Watch) -> None:
    key = called(spring, watch, Result.CALLBACK)
    agenda.reassign(spring, "spring:3", "bob", seen="ann", by="mia", clock=watch)
    assert correct(spring, key, to(Result.REFUSED, watch), by="mia", clock=watch).listed
    assert stored(spring)["status"] == "done"


def test_a_wish_in_an_earlier_call_takes_the_person_off_without_a_reference_too(spring: Db, watch: Watch) -> None:
    first = called(spring, watch, Result.NO_ANSWER)
    called(spring, watch, Result.NO_ANSWER)
    wanted = Correction(Result.DO_NOT_CALL, "she said so", everywhere=False)
    correct(spring, first, wanted, by="mia", clock=watch)
    assert stored(spring)["status"] == "off"


def test_a_list_keeps_its_wish_when_the_call_that_had_it_first_is_corrected(spring: Db, watch: Watch) -> None:
    key = called(spring, watch, Result.DO_NOT_CALL)
    add_people(spring, ["3"], by="mia", why="asked by letter", clock=watch)
    watch.at += timedelta(minutes=1)
    correct(spring, key, to(Result.NO_ANSWER, watch), by="mia", clock=watch)
    assert (do_not_call.entry_of(spring, "3") or {})["why"] == "asked by letter"
    remove_person(spring, "3", by="mia", why="she asked again", clock=watch)
    assert stored(spring, "autumn:3")["status"] == "open"


def test_a_correction_needs_a_reason_and_a_result_that_stands(spring: Db, watch: Watch) -> None:
    key = called(spring, watch, Result.SOLD)
    for why in ("", "  ", "x" * 201):
        with pytest.raises(InputError, match="1 to 200"):
            correct(spring, key, Correction(Result.REFUSED, why), by="mia", clock=watch)
    with pytest.raises(InputError, match="time of the callback is missing"):
        correct(spring, key, Correction(Result.CALLBACK, "promised"), by="mia", clock=watch)
    with pytest.raises(NotFound):
        correct(spring, "spring:9:1", to(Result.SOLD, watch), by="mia", clock=watch)
    assert outcomes(spring) == [(key, True, "ann")]
    other = "autumn:3"
    claim_person(spring, other, "bob", all_of_them=True, clock=watch)
    undone = record(spring, other, "bob", CallReport(Result.SOLD), clock=watch)["_id"]
    undo(spring, undone, "bob", clock=watch)
    with pytest.raises(Conflict, match="was taken back"):
        correct(spring, undone, to(Result.REFUSED, watch), by="mia", clock=watch)


def test_what_later_calls_made_of_a_person_stays(spring: Db, watch: Watch) -> None:
    first = called(spring, watch, Result.NO_ANSWER)
    second = called(spring, watch, Result.SOLD)
    with pytest.raises(Conflict, match="Another call to 3 has the outcome 'sold'"):
        correct(spring, first, to(Result.REFUSED, watch), by="mia", clock=watch)
    done = correct(spring, first, to(Result.WRONG_NUMBER, watch), by="mia", clock=watch)
    assert not done.listed
    assert stored(spring)["status"] == "done"
    assert outcomes(spring) == [(second, True, "ann")]


def test_whoever_is_on_the_phone_decides_about_the_list(spring: Db, watch: Watch) -> None:
    key = called(spring, watch, Result.CALLBACK)
    watch.at = now()  # who holds a person is asked of the clock
    claim_person(spring, "spring:3", "bob", all_of_them=True, clock=watch)
    done = correct(spring, key, to(Result.REFUSED, watch), by="mia", clock=watch)
    assert not done.listed
    assert stored(spring)["status"] == "callback"
    assert outcomes(spring) == [(key, False, "ann")]


class Killed(Exception):
    """The process died here."""


@pytest.mark.parametrize("at", ["remove_by_key", "finish", "_state_follows"])
def test_a_correction_is_completed_after_its_process_died(
    spring: Db,
    watch: Watch,
    monkeypatch: pytest.MonkeyPatch,
    at: str,
) -> None:
    key = called(spring, watch, Result.SOLD)

    def die(*_: Any) -> None:
        raise Killed

    def corrected() -> None:
        correct(spring, key, to(Result.NO_ANSWER, watch), by="mia", clock=watch)

    with monkeypatch.context() as patched:
        if at == "finish":
            calls: list[int] = []
            whole = recording.finish

            def second(*given: Any) -> None:
                calls.append(1)
                if len(calls) > 1:
                    raise Killed
                whole(*given)

            patched.setattr(recording, "finish", second)
        else:
            patched.setattr(correction, at, die)
        with pytest.raises(Killed):
            corrected()
    settle_all(spring)
    assert outcomes(spring) == []
    assert stored(spring)["status"] in ("paused", "open")
    assert correction.settle(spring) == 0


# --- late results -----------------------------------------------------------------------------------------------------


def overtaken(db: Db, watch: Watch, ann: Result, bob: Result) -> tuple[str, str]:
    """Ann's hold lapses, Bob records his result, then Ann hers; the keys of the calls of Bob and Ann."""
    claim(db, "spring", "ann", clock=watch)
    watch.at += timedelta(minutes=16)
    first = called(db, watch, bob, agent="bob")
    late = record_late(db, "spring:3", "ann", CallReport(ann, everywhere=True), call=1, clock=watch)
    return first, late["_id"]


def test_a_late_result_waits_for_a_manager(spring: Db, watch: Watch) -> None:
    bobs, anns = overtaken(spring, watch, Result.SOLD, Result.REFUSED)
    (found,) = conflicts.open_conflicts(spring, ["spring", "autumn"])
    assert (found.call["_id"], [other["_id"] for other in found.others]) == (anns, [bobs])
    assert outcomes(spring) == [(bobs, False, "bob")]
    for _ in range(2):
        conflicts.settle_late(spring, anns, accept=False, by="mia", why="Bob spoke to her last", clock=watch)
    assert conflicts.open_conflicts(spring, ["spring"]) == []
    assert outcomes(spring) == [(bobs, False, "bob")]
    with pytest.raises(Conflict, match="mia has settled this already"):
        conflicts.settle_late(spring, anns, accept=True, by="eve", why="no", clock=watch)
    with pytest.raises(Conflict, match="nothing to settle"):
        conflicts.settle_late(spring, bobs, accept=True, by="eve", why="no", clock=watch)


@pytest.mark.parametrize("bob", [result for result in Result if result is not Result.DO_NOT_CALL])
@pytest.mark.parametrize("ann", list(Result))
def test_the_late_result_that_is_right_leaves_no_outcome_of_another(
    spring: Db, watch: Watch, ann: Result, bob: Result
) -> None:
    claim(spring, "spring", "ann", clock=watch)
    watch.at += timedelta(minutes=16)
    called(spring, watch, bob, agent="bob")
    again = watch.at + HOUR if ann is Result.CALLBACK else None
    report = CallReport(ann, again=again, everywhere=True)
    anns = record_late(spring, "spring:3", "ann", report, call=1, clock=watch)["_id"]
    if not conflicts.open_conflicts(spring, ["spring"]):
        return  # nothing to settle: it was an ordinary call
    conflicts.settle_late(spring, anns, accept=True, by="mia", why="she is right", clock=watch)
    assert outcomes(spring) == ([(anns, ann is Result.SOLD, "ann")] if ann.is_outcome else [])


def test_no_late_result_overrules_a_wish(spring: Db, watch: Watch) -> None:
    _, anns = overtaken(spring, watch, Result.SOLD, Result.DO_NOT_CALL)
    with pytest.raises(Conflict, match="bob recorded that 3 asked not to be called"):
        conflicts.settle_late(spring, anns, accept=True, by="mia", why="the order is there", clock=watch)
    assert stored(spring)["status"] == "off"


def test_a_late_result_that_is_right_is_the_only_outcome(spring: Db, watch: Watch) -> None:
    _, anns = overtaken(spring, watch, Result.SOLD, Result.REFUSED)
    for _ in range(2):
        conflicts.settle_late(spring, anns, accept=True, by="mia", why="the order is there", clock=watch)
    assert outcomes(spring) == [(anns, True, "ann")]
    assert stored(spring)["status"] == "done"
    assert stored(spring)["calls"] == 2
    assert conflicts.open_conflicts(spring, ["spring"]) == []


@pytest.mark.parametrize("at", ["remove_by_key", "rank_if_open"])
def test_what_was_half_settled_is_completed(
    spring: Db,
    watch: Watch,
    monkeypatch: pytest.MonkeyPatch,
    at: str,
) -> None:
    _, anns = overtaken(spring, watch, Result.SOLD, Result.REFUSED)

    def die(*_: Any) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(conflicts, at, die)
        with pytest.raises(Killed):
            conflicts.settle_late(spring, anns, accept=True, by="mia", why="the order is there", clock=watch)
    settle_all(spring)
    assert outcomes(spring) == [(anns, True, "ann")]
    assert conflicts.settle(spring) == 0
