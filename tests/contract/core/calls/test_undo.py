"""Taking back a result: everything is as it was before, or nothing is changed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from core.calls import do_not_call, undo
from core.calls.claims import claim, held_by, settle_calls
from core.calls.lifecycle import STATE, CallRules, Result
from core.calls.recording import CallReport, record
from core.calls.undo import settle_undos
from core.errors import Conflict
from core.stores import event_log
from core.stores.events import Event
from core.stores.mongo import Db, Document
from monitor.ranking.settle import settle as settle_all
from tests.contract.core.calls.conftest import START, Watch, stored

RULES = CallRules(attempts=2)
HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)


def state(prospect: Mapping[str, Any]) -> list[Any]:
    return [prospect.get(name) for name in STATE]


def said(db: Db, watch: Watch, result: Result, **more: Any) -> Document:
    """Ann takes the best and records `result`."""
    assert claim(db, "spring", "ann", rules=RULES, clock=watch) is not None
    return record(
        db,
        "spring:3",
        "ann",
        CallReport(result, again=watch.at + HOUR, everywhere=True),
        rules=RULES,
        clock=watch,
        **more,
    )


@pytest.mark.parametrize("result", list(Result))
@pytest.mark.parametrize("earlier", [None, Result.CALLBACK, Result.NO_ANSWER])
def test_everything_is_as_it_was_before(spring: Db, watch: Watch, result: Result, earlier: Result | None) -> None:
    if earlier:
        said(spring, watch, earlier)
        watch.at += RULES.pause
        settle_calls(spring, clock=watch)
    assert claim(spring, "spring", "ann", rules=RULES, clock=watch) is not None
    before, there = stored(spring, "spring:3"), stored(spring, "autumn:3")
    call = said(spring, watch, result)
    assert state(stored(spring, "spring:3")) != state(before)
    watch.at += 59 * SECOND
    assert undo.last_undoable(spring, "spring", "ann", rules=RULES, clock=watch) is not None
    assert undo.undo(spring, call["_id"], "ann", rules=RULES, clock=watch).learnt is False
    now = stored(spring, "spring:3")
    assert state(now) == state(before)
    assert (now["claim"]["by"], now["score"]) == ("ann", before["score"])
    assert state(stored(spring, "autumn:3")) == state(there)
    assert stored(spring, "autumn:3")["status"] == "open"
    assert do_not_call.entry_of(spring, "3") is None
    assert spring.outcomes.find_one({}) is None
    assert [p["_id"] for p in held_by(spring, "spring", "ann", watch.at)] == ["spring:3"]
    assert undo.last_undoable(spring, "spring", "ann", rules=RULES, clock=watch) is None


def test_after_taking_back_the_right_result_is_recorded(spring: Db, watch: Watch) -> None:
    call = said(spring, watch, Result.SOLD)
    undo.undo(spring, call["_id"], "ann", rules=RULES, clock=watch)
    again = said(spring, watch, Result.REFUSED)
    assert (again["_id"], again["before"]["status"]) == ("spring:3:2", "open")
    assert [(o["_id"], o["positive"]) for o in spring.outcomes.find()] == [("spring:3:2", False)]
    assert [bool(c.get("undone")) for c in spring.calls.find({"prospect": "spring:3"})] == [True, False]


def test_repeating_it_changes_nothing_and_neither_does_a_late_click_on_what_was_taken_back(
    spring: Db, watch: Watch
) -> None:
    call = said(spring, watch, Result.SOLD, call=1)
    undo.undo(spring, call["_id"], "ann", rules=RULES, clock=watch)
    whole = stored(spring, "spring:3")
    assert undo.undo(spring, call["_id"], "ann", rules=RULES, clock=watch).call["undone"]
    with pytest.raises(Conflict, match="taken back"):
        record(spring, "spring:3", "ann", CallReport(Result.SOLD), call=1, rules=RULES, clock=watch)
    assert stored(spring, "spring:3") == whole
    assert spring.outcomes.find_one({}) is None


def test_after_a_minute_it_stands_and_others_never_take_it_back(spring: Db, watch: Watch) -> None:
    call = said(spring, watch, Result.SOLD)
    with pytest.raises(Conflict, match="ann recorded this"):
        undo.undo(spring, call["_id"], "bob", rules=RULES, clock=watch)
    watch.at += RULES.undo
    with pytest.raises(Conflict, match="too late"):
        undo.undo(spring, call["_id"], "ann", rules=RULES, clock=watch)
    assert undo.last_undoable(spring, "spring", "ann", rules=RULES, clock=watch) is None
    assert stored(spring, "spring:3")["status"] == "done"
    assert spring.outcomes.find_one({}) is not None


def test_somebody_who_has_the_person_on_the_phone_is_not_interrupted(spring: Db, watch: Watch) -> None:
    assert claim(spring, "spring", "ann", rules=RULES, clock=watch) is not None
    soon = watch.at + 20 * SECOND
    hasty = CallRules(overdue=timedelta(0))
    call = record(spring, "spring:3", "ann", CallReport(Result.CALLBACK, again=soon), rules=hasty, clock=watch)
    watch.at = soon
    taken = claim(spring, "spring", "bob", rules=hasty, clock=watch)
    assert taken is not None
    assert taken["_id"] == "spring:3"
    with pytest.raises(Conflict, match="another agent by now"):
        undo.undo(spring, call["_id"], "ann", rules=hasty, clock=watch)
    assert stored(spring, "spring:3")["claim"]["by"] == "bob"
    assert [c.get("undone") for c in spring.calls.find()] == [None]


def test_what_a_training_has_read_is_said_to_be_learnt(spring: Db, watch: Watch) -> None:
    event_log.append(spring, who="trainer", what=Event.OUTCOMES_READ, subject="m", clock=lambda: START - SECOND)
    first = said(spring, watch, Result.SOLD)
    assert undo.undo(spring, first["_id"], "ann", rules=RULES, clock=watch).learnt is False
    second = said(spring, watch, Result.SOLD)
    event_log.append(spring, who="trainer", what=Event.OUTCOMES_READ, subject="m", clock=lambda: START + SECOND)
    assert undo.undo(spring, second["_id"], "ann", rules=RULES, clock=watch).learnt is True
    assert spring.outcomes.find_one({}) is None


@pytest.mark.parametrize("result", list(Result))
@pytest.mark.parametrize("marked", [False, True])
def test_a_process_that_died_while_taking_back_is_made_good(
    spring: Db, watch: Watch, marked: bool, result: Result
) -> None:
    """Killed after the outcome was removed: before the call was marked the result stands, afterwards it is undone."""
    call = said(spring, watch, result)
    outcome = spring.outcomes.find_one({})
    held = {"claim": {"by": "ann", "until": watch.at + RULES.claim}}
    spring.prospects.update_one({"_id": "spring:3"}, {"$set": held})
    spring.outcomes.delete_one({"_id": call["_id"]})
    if marked:
        spring.calls.update_one({"_id": call["_id"]}, {"$set": {"undone": {"by": "ann", "at": watch.at}}})
    assert settle_calls(spring, clock=watch) == 0
    assert settle_undos(spring, clock=watch) == 0, "whoever takes it back may be at it"
    watch.at += RULES.claim
    settle_undos(spring, clock=watch)
    assert settle_undos(spring, clock=watch) == 0
    assert state(stored(spring, "spring:3")) == [call["before" if marked else "after"][name] for name in STATE]
    assert spring.outcomes.find_one({}) == (None if marked else outcome)
    assert settle_all(spring) == "every call is recorded to the end"
