"""A hold is renewed while the card is open; and a result that comes after it was lost is kept, whoever was quicker."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from core.calls import claim_renewal, do_not_call, late_results, undo
from core.calls import recording as call_records
from core.calls.claims import claim, release, settle_calls
from core.calls.late_results import record_late
from core.calls.lifecycle import CallRules, Result
from core.calls.rank_key import rank_again
from core.calls.recording import CallReport, record
from core.calls.undo import settle_undos
from core.errors import Conflict, InputError, NotFound
from core.privacy.documents import Collection
from core.privacy.place import Subject
from core.schema.person import Person
from core.stores.mongo import Db, Document
from monitor.ranking.settle import settle as settle_all
from tests.contract.core.calls.conftest import Watch, stored

HOUR, MINUTE, SECOND = timedelta(hours=1), timedelta(minutes=1), timedelta(seconds=1)
RULES = CallRules(claim=15 * MINUTE, attempts=3)
ANNS, BOBS = "spring:3:1", "spring:3:2"  # the keys that the first and the second call get
COUNTED = {"calls": 1, **rank_again("spring")}  # what the first call changes whatever comes of it


def taken(db: Db, agent: str, watch: Watch) -> Document:
    found = claim(db, "spring", agent, rules=RULES, clock=watch)
    assert found is not None
    assert found["_id"] == "spring:3"
    return found


def overtaken(db: Db, watch: Watch) -> None:
    """Ann takes the person, her hold lapses, and Bob takes them."""
    taken(db, "ann", watch)
    watch.at += RULES.claim
    taken(db, "bob", watch)


def said(db: Db, agent: str, result: Result, watch: Watch, *, call: int = 1) -> Document:
    return record_late(
        db,
        "spring:3",
        agent,
        CallReport(result, again=watch.at + HOUR, everywhere=True),
        call=call,
        rules=RULES,
        clock=watch,
    )


def outcomes(db: Db) -> list[tuple[str, bool, str]]:
    return [(o["_id"], o["positive"], o["agent"]) for o in db.outcomes.find().sort([("_id", 1)])]


def calls(db: Db) -> list[tuple[str, str, str]]:
    return [(c["_id"], c["agent"], c["result"]) for c in db.calls.find().sort([("_id", 1)])]


# --- the hold -------------------------------------------------------------------------------------------------------


def test_a_hold_lasts_as_long_as_its_card_is_open(spring: Db, watch: Watch) -> None:
    card = taken(spring, "ann", watch)
    for _ in range(600):  # an hour and forty minutes, at a look every ten seconds
        watch.at += 10 * SECOND
        assert claim_renewal.renew(spring, card, "ann", rules=RULES, clock=watch) is not None
        assert stored(spring)["claim"]["until"] > watch.at
    other = claim(spring, "spring", "bob", rules=RULES, clock=watch)
    assert other is not None
    assert other["_id"] == "spring:2"
    watch.at += RULES.claim  # the tab is closed
    release(spring, "spring:2", "bob")
    taken(spring, "bob", watch)


def test_it_is_written_twice_in_its_length_and_not_at_every_look(spring: Db, watch: Watch) -> None:
    card = taken(spring, "ann", watch)
    ends = set()
    for _ in range(90):
        watch.at += 10 * SECOND
        held = claim_renewal.renew(spring, card, "ann", rules=RULES, clock=watch)
        assert held is not None
        ends.add(held["claim"]["until"])
    assert len(ends) == 3


def test_a_lapsed_hold_that_nobody_took_is_found_and_held_again(spring: Db, watch: Watch) -> None:
    card = taken(spring, "ann", watch)
    assert claim_renewal.lapsed(spring, "spring", "ann", watch.at) == []
    watch.at += RULES.claim + HOUR
    assert [p["_id"] for p in claim_renewal.lapsed(spring, "spring", "ann", watch.at)] == ["spring:3"]
    assert claim_renewal.lapsed(spring, "autumn", "ann", watch.at) == []
    assert claim_renewal.renew(spring, card, "ann", rules=RULES, clock=watch) is not None
    assert stored(spring)["claim"]["until"] == watch.at + RULES.claim
    watch.at += RULES.claim + claim_renewal.LONGEST_ABSENCE
    assert claim_renewal.lapsed(spring, "spring", "ann", watch.at) == []


def test_a_card_that_is_out_of_date_is_not_held_on_to(spring: Db, watch: Watch) -> None:
    card = taken(spring, "ann", watch)
    overtaken(spring, watch)
    bobs = stored(spring)
    assert claim_renewal.renew(spring, card, "ann", rules=RULES, clock=watch) is None
    assert stored(spring) == bobs
    assert claim_renewal.lapsed(spring, "spring", "ann", watch.at) == []
    said(spring, "ann", Result.NO_ANSWER, watch)
    assert claim_renewal.renew(spring, bobs, "bob", rules=RULES, clock=watch) is None, (
        "the card does not show Ann's call"
    )
    assert claim_renewal.renew(spring, stored(spring), "bob", rules=RULES, clock=watch) is not None
    do_not_call.add(spring, "3", by="mia", at=watch.at, call="list:1")
    assert claim_renewal.renew(spring, stored(spring), "bob", rules=RULES, clock=watch) is None


# --- what comes late ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("result", list(Result))
def test_a_result_after_a_lapsed_hold_is_an_ordinary_one_where_nobody_was_quicker(
    spring: Db, watch: Watch, result: Result
) -> None:
    taken(spring, "ann", watch)
    watch.at += RULES.claim + HOUR
    made = said(spring, "ann", result, watch)
    assert (made["_id"], made.get("late")) == (ANNS, None)
    assert said(spring, "ann", result, watch)["_id"] == ANNS
    assert calls(spring) == [(ANNS, "ann", result.value)]


@pytest.mark.parametrize("result", list(Result))
def test_while_a_colleague_has_the_person_a_decision_counts_and_anything_else_is_kept(
    spring: Db, watch: Watch, result: Result
) -> None:
    overtaken(spring, watch)
    bobs = stored(spring)
    made = said(spring, "ann", result, watch)
    counts = result.is_outcome or result is Result.DO_NOT_CALL
    assert made["late"] == {"counts": counts, "decides": result.is_outcome, "over": "bob"}
    now = stored(spring)
    if counts:
        assert (now["claim"], now["status"]) == (None, "done" if result.is_outcome else "off")
    else:
        assert now == {**bobs, **COUNTED}, "Bob's hold and the prospect are as they were"
    assert outcomes(spring) == ([(ANNS, result is Result.SOLD, "ann")] if result.is_outcome else [])
    assert (do_not_call.entry_of(spring, "3") is not None) == (result is Result.DO_NOT_CALL)
    assert stored(spring, "autumn:3")["status"] == ("off" if result is Result.DO_NOT_CALL else "open")
    assert said(spring, "ann", result, watch) == made, "a repeated click changes nothing"
    assert stored(spring) == now


@pytest.mark.parametrize("first", list(Result))
@pytest.mark.parametrize("second", list(Result))
def test_both_results_are_kept_and_one_outcome_stands(spring: Db, watch: Watch, first: Result, second: Result) -> None:
    """Ann's comes while Bob has the person; then Bob's, from a card that was drawn before."""
    overtaken(spring, watch)
    said(spring, "ann", first, watch)
    watch.at += MINUTE
    said(spring, "bob", second, watch)
    assert calls(spring) == [(ANNS, "ann", first.value), (BOBS, "bob", second.value)]
    expected = [
        (key, r is Result.SOLD, who) for key, r, who in ((ANNS, first, "ann"), (BOBS, second, "bob")) if r.is_outcome
    ]
    assert outcomes(spring) == expected[:1]
    wished = Result.DO_NOT_CALL in (first, second)
    assert (do_not_call.entry_of(spring, "3") is not None) == wished
    status = stored(spring)["status"]
    if wished:
        assert status == "off"
    elif expected:
        assert status == "done"
    else:
        moved = {Result.CALLBACK: "callback", Result.NO_ANSWER: "paused", Result.WRONG_NUMBER: "off"}
        assert status == moved[second], "Bob's call was the later one"
    said(spring, "bob", second, watch)
    assert len(calls(spring)) == 2
    assert stored(spring)["claim"] is None


@pytest.mark.parametrize("first", list(Result))
@pytest.mark.parametrize("late", list(Result))
def test_after_a_colleagues_result_a_late_one_counts_if_it_says_more(
    spring: Db, watch: Watch, first: Result, late: Result
) -> None:
    overtaken(spring, watch)
    said(spring, "bob", first, watch)
    before = stored(spring)
    watch.at += MINUTE
    made = said(spring, "ann", late, watch)
    assert calls(spring) == [(ANNS, "bob", first.value), (BOBS, "ann", late.value)]
    after = stored(spring)
    assert made["late"]["counts"] == (late_results.WEIGHT[late] > late_results.WEIGHT[first])
    assert made["late"]["over"] is None
    if not made["late"]["counts"]:
        assert {**after, "calls": 1} == before
    deciding = [(ANNS, first, "bob"), (BOBS, late, "ann")]
    assert outcomes(spring) == [(key, r is Result.SOLD, who) for key, r, who in deciding if r.is_outcome][:1]
    assert after["claim"] is None


def test_who_never_held_the_person_for_this_call_is_told_as_before(spring: Db, watch: Watch) -> None:
    overtaken(spring, watch)
    with pytest.raises(Conflict, match="now held by bob"):
        record(spring, "spring:3", "ann", CallReport(Result.SOLD), call=1, rules=RULES, clock=watch)
    assert calls(spring) == []


def test_another_result_of_the_same_call_is_refused_and_so_is_one_that_was_taken_back(spring: Db, watch: Watch) -> None:
    overtaken(spring, watch)
    made = said(spring, "ann", Result.NO_ANSWER, watch)
    with pytest.raises(Conflict, match="already has the result 'no answer'"):
        said(spring, "ann", Result.SOLD, watch)
    undo.undo(spring, made["_id"], "ann", rules=RULES, clock=watch)
    with pytest.raises(Conflict, match="taken back"):
        said(spring, "ann", Result.NO_ANSWER, watch)
    assert len(calls(spring)) == 1
    again = said(spring, "ann", Result.REFUSED, watch, call=2)
    assert (again["_id"], outcomes(spring)) == (BOBS, [(BOBS, False, "ann")])


def test_a_time_that_cannot_be_promised_is_refused_and_nobody_is_left_held(spring: Db, watch: Watch) -> None:
    overtaken(spring, watch)
    said(spring, "bob", Result.NO_ANSWER, watch)
    before = stored(spring)
    with pytest.raises(InputError):
        record_late(
            spring, "spring:3", "ann", CallReport(Result.CALLBACK, again=watch.at), call=1, rules=RULES, clock=watch
        )
    assert stored(spring) == before


def test_a_wish_not_to_be_called_stands_and_a_sale_before_it_is_an_outcome(spring: Db, watch: Watch) -> None:
    taken(spring, "ann", watch)
    watch.at += RULES.claim
    do_not_call.add(spring, "3", by="mia", at=watch.at, call="list:1")
    off = stored(spring)
    said(spring, "ann", Result.SOLD, watch)
    assert stored(spring) == {**off, "calls": 1}
    assert outcomes(spring) == [(ANNS, True, "ann")]
    assert claim(spring, "spring", "bob", rules=RULES, clock=watch) != off


def test_of_a_person_who_was_erased_nothing_is_kept(spring: Db, watch: Watch) -> None:
    overtaken(spring, watch)
    for name, field in (("prospects", "_id"), ("calls", "prospect")):
        Collection(spring, name, field).erase(Subject(Person("3")))
    with pytest.raises(NotFound):
        said(spring, "ann", Result.SOLD, watch)
    assert (calls(spring), outcomes(spring)) == ([], [])


def test_two_late_results_at_once_are_two_calls_and_one_outcome(spring: Db, watch: Watch) -> None:
    overtaken(spring, watch)
    with ThreadPoolExecutor(2) as pool:
        made = list(pool.map(lambda agent: said(spring, agent, Result.SOLD, watch), ("ann", "bob")))
    assert sorted(call["_id"] for call in made) == [ANNS, BOBS]
    assert len(outcomes(spring)) == 1
    assert (stored(spring)["status"], stored(spring)["calls"], stored(spring)["claim"]) == ("done", 2, None)


# --- taking back, and dying half way --------------------------------------------------------------------------------


@pytest.mark.parametrize("result", list(Result))
@pytest.mark.parametrize("bobs", [None, *Result])
def test_what_came_late_can_be_taken_back(spring: Db, watch: Watch, result: Result, bobs: Result | None) -> None:
    overtaken(spring, watch)
    if bobs:
        said(spring, "bob", bobs, watch)
    before, decided = stored(spring), outcomes(spring)
    wish, there = do_not_call.entry_of(spring, "3"), stored(spring, "autumn:3")
    made = said(spring, "ann", result, watch)
    watch.at += 30 * SECOND
    last = undo.last_undoable(spring, "spring", "ann", rules=RULES, clock=watch)
    assert last is not None
    assert last["_id"] == made["_id"]
    for _ in range(2):
        undo.undo(spring, made["_id"], "ann", rules=RULES, clock=watch)
    now = stored(spring)
    unchanged = ("status", "again", "due", "unanswered", "off")
    assert {name: now.get(name) for name in unchanged} == {name: before.get(name) for name in unchanged}
    assert outcomes(spring) == decided
    assert do_not_call.entry_of(spring, "3") == wish
    assert stored(spring, "autumn:3")["status"] == there["status"]
    if bobs is None:
        # A decision had ended Bob's hold: the person is with Ann, who says what holds. Otherwise Bob still has them.
        assert now["claim"]["by"] == ("ann" if made["late"]["counts"] else "bob")
    else:
        assert now["claim"] is None or now["status"] == "callback"
    assert settle_all(spring) == "every call is recorded to the end"


@pytest.mark.parametrize("result", list(Result))
@pytest.mark.parametrize("bobs", [None, *Result])
def test_a_process_that_died_right_after_the_late_call_was_written_is_made_good(
    spring: Db, watch: Watch, result: Result, bobs: Result | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    overtaken(spring, watch)
    if bobs:
        said(spring, "bob", bobs, watch)
    finish = call_records.finish

    def dies(_db: Db, call: Document) -> None:
        assert call["agent"] == "ann"
        raise KeyboardInterrupt

    monkeypatch.setattr(call_records, "finish", dies)
    with pytest.raises(KeyboardInterrupt):
        said(spring, "ann", result, watch)
    monkeypatch.setattr(call_records, "finish", finish)
    left = spring.calls.find_one({"agent": "ann"})
    assert left is not None
    watch.at += RULES.claim + SECOND
    assert settle_calls(spring, clock=watch) + settle_undos(spring, clock=watch) == 1
    now = stored(spring)
    assert now["calls"] == left["call"]
    assert {name: now.get(name) for name in left["after"]} == left["after"]
    assert (spring.outcomes.find_one({"_id": left["_id"]}) is not None) == left["late"]["decides"]
    assert settle_all(spring) == "every call is recorded to the end"
