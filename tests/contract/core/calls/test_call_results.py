"""What each result of a call does to the prospect, to the outcomes, and to who is next."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pymongo.collection import Collection

from core.calls import do_not_call
from core.calls.claim_renewal import renew
from core.calls.claims import claim, claim_person, release, settle_calls
from core.calls.late_results import record_late
from core.calls.lifecycle import CallRules, Result
from core.calls.recording import CallReport, record
from core.errors import Conflict, InputError, Unavailable
from core.files.campaign_file import CampaignFile
from core.imports.importer import ImportRequest, import_campaign
from core.schema import Schema
from core.stores.mongo import Db
from tests.contract.core.calls.conftest import START, Watch, counts, stored

RULES = CallRules(pause=timedelta(hours=4), attempts=3, overdue=timedelta(minutes=10))
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


@pytest.fixture
def spring(db: Db) -> Db:
    """Four people, `spring:0` to `spring:3`, the last the best."""
    db.campaigns.insert_one({"_id": "spring"})
    shared = {"campaign": "spring", "status": "open", "claim": None}
    db.prospects.insert_many([{"_id": f"spring:{n}", "ref": f"{n}", "score": n / 10, **shared} for n in range(4)])
    return db


def next_one(db: Db, agent: str, watch: Watch) -> str | None:
    """Who `agent` is given; the hold is given back at once."""
    found = claim(db, "spring", agent, rules=RULES, clock=watch)
    if found:
        release(db, found["_id"], agent)
    return found["_id"] if found else None


@pytest.mark.parametrize("result", list(Result))
def test_only_a_decision_becomes_an_outcome(spring: Db, watch: Watch, result: Result) -> None:
    claim(spring, "spring", "ann", rules=RULES, clock=watch)
    call = record(spring, "spring:3", "ann", CallReport(result, again=START + HOUR), rules=RULES, clock=watch)
    assert (call["_id"], call["agent"], call["at"], call["result"]) == ("spring:3:1", "ann", START, result.value)
    outcomes = [(o["_id"], o["positive"], o["at"]) for o in spring.outcomes.find()]
    decided = {Result.SOLD: [("spring:3:1", True, START)], Result.REFUSED: [("spring:3:1", False, START)]}
    assert outcomes == decided.get(result, [])
    assert next_one(spring, "ann", watch) == "spring:2"


def test_a_promised_call_comes_back_on_time_to_the_agent_who_promised_it_and_then_to_anyone(
    spring: Db, watch: Watch
) -> None:
    claim(spring, "spring", "ann", rules=RULES, clock=watch)
    record(spring, "spring:3", "ann", CallReport(Result.CALLBACK, again=START + HOUR), rules=RULES, clock=watch)
    assert stored(spring, "spring:3")["again"] == {"at": START + HOUR, "by": "ann"}
    watch.at = START + HOUR - MINUTE
    assert next_one(spring, "ann", watch) == "spring:2"
    watch.at = START + HOUR
    assert next_one(spring, "ann", watch) == "spring:3"
    assert next_one(spring, "bob", watch) == "spring:2"
    watch.at = START + HOUR + RULES.overdue
    assert next_one(spring, "bob", watch) == "spring:3"


def test_a_promised_call_that_is_given_back_keeps_its_promise(spring: Db, watch: Watch) -> None:
    claim(spring, "spring", "ann", rules=RULES, clock=watch)
    record(spring, "spring:3", "ann", CallReport(Result.CALLBACK, again=START + HOUR), rules=RULES, clock=watch)
    watch.at = START + HOUR
    assert [next_one(spring, "ann", watch) for _ in range(2)] == ["spring:3", "spring:3"]
    assert claim(spring, "spring", "ann", rules=RULES, clock=watch) is not None
    record(spring, "spring:3", "ann", CallReport(Result.SOLD), rules=RULES, clock=watch)
    after = stored(spring, "spring:3")
    assert (after["status"], after["again"], after["calls"]) == ("done", None, 2)
    assert [o["_id"] for o in spring.outcomes.find()] == ["spring:3:2"]


@pytest.mark.parametrize("again", [None, START, START - HOUR, START + RULES.furthest + MINUTE])
def test_a_time_that_cannot_be_promised_is_refused_and_nothing_is_recorded(
    spring: Db, watch: Watch, again: datetime | None
) -> None:
    claim(spring, "spring", "ann", rules=RULES, clock=watch)
    with pytest.raises(InputError):
        record(spring, "spring:3", "ann", CallReport(Result.CALLBACK, again=again), rules=RULES, clock=watch)
    assert spring.calls.find_one({}) is None
    assert stored(spring, "spring:3")["status"] == "open"


def test_nobody_answers_and_they_are_left_alone_for_a_while_and_at_last_for_good(spring: Db, watch: Watch) -> None:
    for attempt in range(1, RULES.attempts + 1):
        taken = claim(spring, "spring", "ann", rules=RULES, clock=watch)
        assert taken is not None
        assert (taken["_id"], taken.get("unanswered") or 0) == ("spring:3", attempt - 1)
        record(spring, "spring:3", "ann", CallReport(Result.NO_ANSWER), rules=RULES, clock=watch)
        watch.at += RULES.pause - MINUTE
        settle_calls(spring, clock=watch)
        assert next_one(spring, "ann", watch) == "spring:2"
        watch.at += MINUTE
        settle_calls(spring, clock=watch)
    assert next_one(spring, "ann", watch) == "spring:2"
    gone = stored(spring, "spring:3")
    assert (gone["status"], gone["off"]["why"], gone["unanswered"]) == ("off", "no answer", 3)
    assert [c["call"] for c in spring.calls.find({"prospect": "spring:3"})] == [1, 2, 3]
    assert counts(spring, "spring") == {"open": 3, "done": 0, "sold": 0}


def test_a_pause_that_is_over_ends_at_once_where_nobody_else_is_left(spring: Db, watch: Watch) -> None:
    spring.prospects.update_many({"_id": {"$in": ["spring:0", "spring:1", "spring:2"]}}, {"$set": {"status": "done"}})
    claim(spring, "spring", "ann", rules=RULES, clock=watch)
    record(spring, "spring:3", "ann", CallReport(Result.NO_ANSWER), rules=RULES, clock=watch)
    watch.at += RULES.pause - MINUTE
    assert next_one(spring, "bob", watch) is None
    watch.at += MINUTE
    assert next_one(spring, "bob", watch) == "spring:3"


@pytest.mark.parametrize("result", list(Result))
def test_a_repeated_click_changes_nothing(spring: Db, watch: Watch, result: Result) -> None:
    claim(spring, "spring", "ann", rules=RULES, clock=watch)
    kept = []
    for _ in range(3):
        record(spring, "spring:3", "ann", CallReport(result, again=START + HOUR), call=1, rules=RULES, clock=watch)
        kept.append((stored(spring, "spring:3"), list(spring.calls.find()), list(spring.outcomes.find())))
        watch.at += timedelta(seconds=1)
    assert kept[0] == kept[1] == kept[2]


def test_a_click_on_an_old_card_is_told_so(spring: Db, watch: Watch) -> None:
    claim(spring, "spring", "ann", rules=RULES, clock=watch)
    record(spring, "spring:3", "ann", CallReport(Result.NO_ANSWER), call=1, rules=RULES, clock=watch)
    watch.at += RULES.pause
    settle_calls(spring, clock=watch)
    assert next_one(spring, "bob", watch) == "spring:3"
    with pytest.raises(Conflict, match="already has the result 'no answer'"):
        record(spring, "spring:3", "ann", CallReport(Result.SOLD), call=1, rules=RULES, clock=watch)
    assert spring.outcomes.find_one({}) is None


def test_two_agents_never_record_for_the_same_hold(spring: Db, watch: Watch) -> None:
    """Ann's hold has run out and nobody has taken it: whoever is first records, of ten who try at once."""

    def attempt(agent: str) -> bool:
        try:
            record(spring, "spring:3", agent, CallReport(Result.SOLD), call=1, rules=RULES, clock=watch)
        except Conflict:
            return False
        return True

    claim(spring, "spring", "ann", rules=RULES, clock=watch)
    watch.at += RULES.claim
    with ThreadPoolExecutor(10) as pool:
        agents = [f"agent-{n}" for n in range(10)]
        won = [agent for agent, first in zip(agents, pool.map(attempt, agents), strict=True) if first]
    assert [call["agent"] for call in spring.calls.find()] == won
    assert [outcome["agent"] for outcome in spring.outcomes.find()] == won
    assert len(won) == 1


def test_a_wish_not_to_be_called_holds_in_every_campaign(spring: Db, watch: Watch) -> None:
    spring.campaigns.insert_one({"_id": "autumn"})
    there = {"campaign": "autumn", "status": "open", "claim": None, "score": 0.5}
    spring.prospects.insert_many([{"_id": f"autumn:{n}", "ref": f"{n}", **there} for n in (2, 3)])
    claim(spring, "spring", "ann", rules=RULES, clock=watch)
    record(spring, "spring:3", "ann", CallReport(Result.DO_NOT_CALL, everywhere=True), rules=RULES, clock=watch)
    assert {p["_id"] for p in spring.prospects.find({"status": "off"})} == {"autumn:3", "spring:3"}
    spring.campaigns.insert_one({"_id": "winter"})  # a file that comes in later
    spring.prospects.insert_one({**there, "_id": "winter:3", "campaign": "winter", "ref": "3"})
    assert claim(spring, "winter", "ann", rules=RULES, clock=watch) is None
    assert stored(spring, "winter:3")["status"] == "off"
    assert do_not_call.entry_of(spring, "3") == {"by": "ann", "at": START, "source": "card", "call": "spring:3:1"}


def test_without_a_reference_a_number_in_another_file_is_somebody_else(spring: Db, watch: Watch) -> None:
    spring.campaigns.insert_one({"_id": "autumn"})
    there = {"campaign": "autumn", "status": "open", "claim": None, "score": 0.5}
    spring.prospects.insert_one({"_id": "autumn:3", "ref": "3", **there})
    claim(spring, "spring", "ann", rules=RULES, clock=watch)
    record(spring, "spring:3", "ann", CallReport(Result.DO_NOT_CALL, everywhere=False), rules=RULES, clock=watch)
    assert stored(spring, "spring:3")["status"] == "off"
    assert claim(spring, "autumn", "ann", rules=RULES, clock=watch) is not None


@pytest.mark.parametrize("result", list(Result))
def test_a_process_that_died_right_after_the_call_was_written_is_made_good(
    spring: Db, watch: Watch, result: Result
) -> None:
    claim(spring, "spring", "ann", rules=RULES, clock=watch)
    before = stored(spring, "spring:3")
    record(spring, "spring:3", "ann", CallReport(result, again=START + HOUR, everywhere=True), rules=RULES, clock=watch)

    def written() -> tuple[object, ...]:
        wishes = [{**one, "order": None} for one in spring.do_not_call.find()]  # the time of the write is another one
        return stored(spring, "spring:3"), list(spring.outcomes.find()), wishes

    whole = written()
    spring.outcomes.drop()
    spring.do_not_call.drop()
    spring.prospects.replace_one({"_id": "spring:3"}, before)
    assert settle_calls(spring, clock=watch) == 1
    assert written() == whole


def test_people_held_in_front_of_the_list_are_passed_over(spring: Db, watch: Watch) -> None:
    shared = {"campaign": "spring", "status": "open"}
    held = {"by": "bob", "until": START + HOUR}
    spring.prospects.insert_many(
        [{"_id": f"spring:h{n}", "ref": f"h{n}", "score": 0.9, "claim": held, **shared} for n in range(60)]
    )
    assert next_one(spring, "ann", watch) == "spring:3"


def test_a_file_that_comes_in_later_brings_nobody_back(
    spring: Db, watch: Watch, schema: Schema, person: dict[str, Any], tmp_path: Path
) -> None:
    claim(spring, "spring", "ann", rules=RULES, clock=watch)
    record(spring, "spring:3", "ann", CallReport(Result.DO_NOT_CALL, everywhere=True), rules=RULES, clock=watch)
    file = tmp_path / "winter.csv"
    columns = [*schema.feature_names, "customer"]
    rows = [[*(person[name] for name in schema.feature_names), key] for key in ("3", "33")]
    file.write_text("\n".join(",".join(row) for row in [columns, *rows]) + "\n")
    ours = schema.model_copy(update={"reference": "customer"})
    request = ImportRequest(CampaignFile.open(file), "winter")
    report = import_campaign(spring, ours, request, rejects=tmp_path / "rejects.csv")
    assert (report.inserted, report.rejected) == (2, 0)
    assert {p["ref"]: p["status"] for p in spring.prospects.find({"campaign": "winter"})} == {"3": "off", "33": "open"}
    off = stored(spring, "winter:3")["off"]
    assert (off["why"], off["call"]) == ("do not call", "spring:3:1")


TAKING: dict[str, Callable[[Db, Watch], object]] = {
    "next": lambda db, _watch: claim(db, "spring", "bob", rules=RULES),
    "person": lambda db, _watch: claim_person(db, "spring:2", "bob", rules=RULES),
    "renewed": lambda db, watch: renew(db, stored(db, "spring:3"), "ann", rules=RULES, clock=watch),
    "result": lambda db, watch: record(
        db, "spring:3", "ann", CallReport(Result.SOLD), call=1, rules=RULES, clock=watch
    ),
    "late result": lambda db, watch: record_late(
        db, "spring:2", "ann", CallReport(Result.SOLD), call=1, rules=RULES, clock=watch
    ),
}


@pytest.mark.parametrize("taking", TAKING)
def test_a_claim_that_was_not_written_is_no_other_agents(
    spring: Db, watch: Watch, monkeypatch: pytest.MonkeyPatch, taking: str
) -> None:
    claim(spring, "spring", "ann", rules=RULES, clock=watch)
    watch.at += RULES.claim * 0.9
    with monkeypatch.context() as full:
        full.setattr(Collection, "find_one_and_update", lambda *_words, **_named: None)  # the embedded server's answer
        with pytest.raises(Unavailable, match="did not write the claim on spring:"):
            TAKING[taking](spring, watch)
    assert TAKING[taking](spring, watch)
