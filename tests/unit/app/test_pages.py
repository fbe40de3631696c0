"""The pages' logic, run by Streamlit's own test runner on a real database."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import streamlit as st

from app.access import sessions
from core.accounts import changes as account_changes
from core.accounts.account import Role
from core.calls import claims, recording
from core.calls.campaigns import State, assign, set_state
from core.calls.lifecycle import Result
from core.calls.recording import CallReport
from core.calls.script import write_script
from core.clock import now
from core.schema import Schema
from core.stores.mongo import Db
from tests.people import sit_down
from tests.unit.app.call_list import PEOPLE, Screen, listed, press, said, shown

pytestmark = pytest.mark.mongo


def test_an_empty_appliance_says_what_to_do_first(screen: Screen) -> None:
    test = screen("Ann", Role.MANAGER)
    assert "Import a file of people to call" in said(test)
    assert not test.exception
    assert "When a manager has imported one" in said(screen("Bob", Role.AGENT))


def test_nobody_sees_anything_without_signing_in(screen: Screen, campaign: str, db: Db) -> None:
    test = screen(None)
    assert "You are signed out" in said(test)
    assert not [*test.button, *test.table, *test.metric, *test.title]
    assert not test.exception
    db.sessions.insert_one({"_id": sessions.key("guessed"), "user": "nobody", "epoch": 0, "seen": 0, "ends": 2**31})
    test.session_state["token_of_test"] = "guessed"
    assert "You are signed out" in said(test.run())


def test_what_one_has_shows_as_ones_own(screen: Screen, campaign: str) -> None:
    test = press(screen("Ann Lee"), "take")
    assert "you" in list(next(t.value["With"] for t in test.table if "With" in t.value))


def test_a_button_is_for_those_who_are_still_signed_in(screen: Screen, campaign: str, db: Db) -> None:
    test = screen("Ann")
    account_changes.set_role(db, "ann", Role.MANAGER, by="tests")
    test = press(test, "take")
    assert "You are signed out" in said(test)
    assert [p["claim"] for p in db.prospects.find()] == [None, None, None]


def test_whoever_signs_in_with_the_same_browser_does_not_act_on_the_page_of_the_one_before(
    screen: Screen, campaign: str, db: Db
) -> None:
    test = screen("Ann")
    sit_down(test, db, "Bob", Role.ENGINEER)
    test = press(test, "take")
    assert "You are signed out" in said(test)
    assert [p["claim"] for p in db.prospects.find()] == [None, None, None]


OWN = {"", "agenda", "my-account", "sign-out"}
MANAGING = {
    *OWN, "team", "campaigns", "results", "overview", "models", "operation", "review", "economy", "privacy", "accounts",
}  # fmt: skip


@pytest.mark.parametrize(
    ("role", "visible"),
    [
        (Role.AGENT, OWN),
        (Role.MANAGER, MANAGING),
        (Role.ENGINEER, MANAGING),
    ],
)
def test_each_role_has_its_pages_in_the_menu(
    screen: Screen, monkeypatch: pytest.MonkeyPatch, role: Role, visible: set[str]
) -> None:
    shown: list[Any] = []
    navigation = st.navigation

    def listening(pages: Any, **how: Any) -> Any:
        shown.append(pages)
        return navigation(pages, **how)

    monkeypatch.setattr(st, "navigation", listening)
    screen("Ann", role)
    assert {page.url_path for pages in shown[-1].values() for page in pages if page.visibility == "visible"} == visible


def test_the_best_is_first_and_the_exact_score_is_on_the_card(screen: Screen, campaign: str, db: Db) -> None:
    test = press(screen("Ann"), "take")
    assert shown(test) == ["Person p2"]
    assert "Score 0.9000" in [e.value for e in test.caption]
    assert [m.value for m in test.metric if m.label == "Chance of a sale"] == ["90.0%"]
    held = db.prospects.find_one({"_id": "spring:p2"})
    assert held is not None
    assert held["claim"]["by"] == "Ann"


def test_codes_are_shown_by_their_meaning(screen: Screen, campaign: str) -> None:
    test = press(screen("Ann"), "take")
    cells = [cell for table in test.table for cell in table.value.to_numpy().ravel()]
    assert "Never contacted before" in cells
    assert "999" not in cells


def test_a_recorded_person_leaves_the_list_and_the_next_is_one_click_away(
    screen: Screen, campaign: str, db: Db
) -> None:
    test = press(press(screen("Ann"), "take"), "outcome-sold")
    assert "p2 is recorded" in said(test)
    assert listed(test) == ["p1", "p3"]
    assert [m.value for m in test.metric if m.label in ("To call", "Finished")] == ["2", "1"]
    outcome = db.outcomes.find_one({"_id": "spring:p2:1"})
    assert outcome is not None
    assert (outcome["result"], outcome["agent"]) == ("sold", "Ann")
    assert shown(press(test, "take")) == ["Person p1"]


def test_a_person_given_back_is_free_again(screen: Screen, campaign: str, db: Db) -> None:
    test = press(press(screen("Ann"), "take"), "give-back")
    assert "back on the list" in said(test)
    assert shown(test) == []
    assert [p["claim"] for p in db.prospects.find()] == [None, None, None]
    assert db.outcomes.count_documents({}) == 0


def test_a_call_is_promised_in_two_keys_and_comes_back(screen: Screen, campaign: str, db: Db) -> None:
    test = press(press(screen("Ann"), "take"), "outcome-callback")
    assert shown(test) == ["Person p2"]
    test = press(test, "promise-1")
    assert "p2 is recorded and comes back to you on" in said(test)
    assert any(e.value.startswith(":material/schedule: You promised:") for e in test.caption)
    assert [b.label.split()[0] for b in test.button if str(b.key).startswith("promised-take-")] == ["p2"]
    assert not any("You promised" in e.value for e in screen("Bob").caption)
    assert [m.value for m in test.metric if m.label in ("To call", "Of these due later", "Finished")] == ["3", "1", "0"]
    assert listed(test) == ["p1", "p3"]
    due = now() - timedelta(minutes=1)
    promised = {"again": {"at": due, "by": "Ann"}, "due": int(due.timestamp())}
    db.prospects.update_one({"_id": "spring:p2"}, {"$set": promised})
    test = press(test, "take")
    assert shown(test) == ["Person p2"]
    assert "You promised to call" in said(test)
    assert db.outcomes.find_one({}) is None


def test_any_other_time_can_be_promised_but_none_that_is_past(screen: Screen, campaign: str, db: Db) -> None:
    test = press(press(screen("Ann"), "take"), "outcome-callback")
    midnight = now().replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    test.datetime_input(key="promise-at-spring:p2").set_value(midnight).run()
    test = press(test, "promise-other")
    assert "A callback must be in the future" in said(test)
    assert db.calls.find_one({}) is None
    assert shown(test) == ["Person p2"]
    test = press(test, "outcome-callback")
    test.datetime_input(key="promise-at-spring:p2").set_value(midnight + timedelta(days=1, hours=9)).run()
    press(test, "promise-other")
    call = db.calls.find_one({"_id": "spring:p2:1"})
    assert call is not None
    assert call["again"]["at"].replace(tzinfo=None) == midnight + timedelta(days=1, hours=9)


def test_nobody_answers_and_the_next_one_comes(screen: Screen, campaign: str, db: Db) -> None:
    test = press(press(screen("Ann"), "take"), "outcome-no-answer")
    assert "p2 is recorded and comes back after" in said(test)
    assert shown(press(test, "take")) == ["Person p1"]
    assert db.outcomes.find_one({}) is None


@pytest.mark.parametrize("result", ["wrong-number", "do-not-call"])
def test_some_are_taken_off_without_an_outcome(screen: Screen, campaign: str, db: Db, result: str) -> None:
    test = press(press(screen("Ann"), "take"), f"outcome-{result}")
    assert "p2 is recorded and off the list" in said(test)
    assert [m.value for m in test.metric if m.label in ("To call", "Finished", "Taken off")] == ["2", "1", "1"]
    assert listed(test) == ["p1", "p3"]
    assert db.outcomes.find_one({}) is None
    assert db.do_not_call.find_one({}) is None, "this schema has no reference, so nobody is known elsewhere"


def test_the_last_result_is_taken_back_and_the_person_is_on_the_desk_again(
    screen: Screen, campaign: str, db: Db
) -> None:
    test = press(press(screen("Ann"), "take"), "outcome-sold")
    assert "Take back: Sold, p2" in test.button(key="take-back").label
    test = press(test, "take-back")
    assert "p2 is on your desk again" in said(test)
    assert shown(test) == ["Person p2"]
    assert db.outcomes.find_one({}) is None
    assert [m.value for m in test.metric if m.label in ("To call", "Finished")] == ["3", "0"]
    test = press(test, "outcome-refused")
    assert [(o["_id"], o["positive"]) for o in db.outcomes.find()] == [("spring:p2:2", False)]


def test_a_minute_later_there_is_no_way_back(screen: Screen, campaign: str, db: Db) -> None:
    test = press(press(screen("Ann"), "take"), "outcome-sold")
    call = db.calls.find_one({})
    assert call is not None
    db.calls.replace_one({"_id": call["_id"]}, {**call, "at": now() - timedelta(minutes=1)})
    assert "take-back" not in [b.key for b in press(test, "take-back").button]
    assert [o["_id"] for o in db.outcomes.find()] == ["spring:p2:1"]


def test_nobody_takes_back_what_another_recorded(screen: Screen, campaign: str) -> None:
    press(press(screen("Ann"), "take"), "outcome-sold")
    assert "take-back" not in [b.key for b in screen("Bob").button]


def test_the_card_tells_who_called_when_and_what_came_of_it(screen: Screen, campaign: str, db: Db) -> None:
    test = press(screen("Ann"), "take")
    assert "None. This is the first." in [e.value for e in test.caption]
    press(test, "outcome-no-answer")
    db.prospects.update_one({"_id": "spring:p2"}, {"$set": {"due": 1}})
    claims.end_pauses(db, campaign, now())
    test = press(screen("Bob"), "take")
    assert shown(test) == ["Person p2"]
    past = next(t.value for t in test.table if "When" in t.value)
    assert [tuple(line) for line in past[["Who", "What"]].to_numpy()] == [("Ann", "No answer")]
    assert "Unanswered calls: 1. After 5, the person is taken off the list." in [e.value for e in test.caption]


def test_a_filter_changes_the_list_and_whom_the_next_call_takes(screen: Screen, campaign: str, db: Db) -> None:
    db.prospects.update_one({"_id": "spring:p1"}, {"$set": {"features.marital": "single"}})
    test = screen("Ann")
    test.selectbox(key="filter-marital").set_value("single").run()
    assert listed(test) == ["p1"]
    assert shown(press(test, "take")) == ["Person p1"]
    test = press(test, "outcome-refused")
    assert "Nobody matches the filter." in [e.value for e in test.caption]
    assert "Nobody who matches the filter is free" in said(press(test, "take"))
    test = press(test, "filter-clear")
    assert listed(test) == ["p2", "p3"]


def test_a_band_can_be_chosen(screen: Screen, campaign: str) -> None:
    test = screen("Ann")
    test.selectbox(key="filter-band").set_value("Lower half").run()
    assert listed(test) == ["p3"]
    test.selectbox(key="filter-band").set_value("Top 10%").run()
    assert listed(test) == ["p2"]
    test.number_input(key="filter-age").set_value(50.0).run()
    assert listed(test) == []


def test_those_who_come_back_later_are_said_to(screen: Screen, campaign: str) -> None:
    test = screen("Ann")
    for _ in PEOPLE:
        press(press(test, "take"), "outcome-no-answer")
    assert "The people who are left come back later" in said(test)
    assert not test.button(key="take").disabled


def test_two_agents_get_different_people(screen: Screen, campaign: str) -> None:
    assert shown(press(screen("Ann"), "take")) != shown(press(screen("Bob"), "take"))


def test_a_reload_finds_the_card_again(screen: Screen, campaign: str) -> None:
    press(screen("Ann"), "take")
    assert shown(screen("Ann")) == ["Person p2"]


def test_an_outcome_recorded_elsewhere_is_never_overwritten(screen: Screen, campaign: str, db: Db) -> None:
    test = press(screen("Ann"), "take")
    recording.record(db, "spring:p2", "Ann", CallReport(Result.REFUSED))
    test = press(test, "outcome-sold")
    assert "already has the outcome" in said(test)
    assert "first outcome is unchanged" in said(test)


def test_everybody_called_is_said(screen: Screen, campaign: str) -> None:
    test = screen("Ann")
    for _ in PEOPLE:
        press(press(test, "take"), "outcome-refused")
    assert "Everybody in this campaign has been called" in said(test)
    assert test.button(key="take").disabled


def test_everybody_on_other_screens_is_said(screen: Screen, campaign: str, db: Db) -> None:
    for agent in ("Bob", "Cid", "Dot"):
        claims.claim(db, campaign, agent)
    assert "Nobody is free to call" in said(press(screen("Ann"), "take"))


def test_a_list_that_is_not_ranked_says_so_and_can_be_called(screen: Screen, campaign: str, db: Db) -> None:
    db.prospects.update_many({}, {"$set": {"score": None}})
    test = screen("Ann")
    assert "Not ranked yet" in said(test)
    assert shown(press(test, "take")) == ["Person p1"]


def test_a_database_that_is_away_is_told_to_a_person(screen: Screen, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MONGODB_URI", "mongodb://127.0.0.1:9/?serverSelectionTimeoutMS=200")
    test = screen("Ann")
    assert "part of the appliance does not answer" in said(test)
    assert not test.exception
    assert "Traceback" not in said(test)
    assert "127\\.0\\.0\\.1" not in said(test)


def test_a_defect_shows_a_reference_and_no_trace(
    screen: Screen, campaign: str, db: Db, caplog: pytest.LogCaptureFixture
) -> None:
    db.prospects.update_many({}, {"$unset": {"claim": ""}})
    test = screen("Ann")
    assert "Something went wrong" in said(test)
    assert "KeyError" not in said(test)
    assert not test.exception
    assert "KeyError" in caplog.text


def test_a_missing_setting_is_named(screen: Screen, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("S3_SECRET_KEY")
    text = said(screen())
    assert "S3\\_SECRET\\_KEY" in text
    assert os.environ["MONGODB_URI"] not in text


def test_the_list_turns_pages_and_shrinks(screen: Screen, campaign: str, db: Db) -> None:
    template = db.prospects.find_one({"_id": "spring:p3"})
    assert template is not None
    more = [{**template, "_id": f"spring:q{n:02d}", "ref": f"q{n:02d}", "score": 0.01} for n in range(25)]
    db.prospects.insert_many(more)
    test = screen("Ann")
    assert listed(test)[:4] == ["p2", "p1", "p3", "q00"]
    test.pagination[0].set_value(2).run()
    assert listed(test) == ["q22", "q23", "q24"]
    db.prospects.update_many({"ref": {"$gte": "q10"}}, {"$set": {"status": "done"}})
    test.run()
    assert not test.exception
    assert listed(test)[0] == "p2"
    assert len(test.pagination) == 0


def test_whoever_holds_a_person_stays_with_them_whatever_campaign_is_chosen(
    screen: Screen, campaign: str, db: Db
) -> None:
    db.campaigns.insert_one({"_id": "older", "title": "older", "created_at": now() - timedelta(days=1), "schema": "x"})
    test = press(screen("Ann"), "take")
    test.selectbox(key="campaign").set_value("older").run()
    assert (shown(test), test.selectbox(key="campaign").value) == (["Person p2"], "spring")
    test = press(test, "give-back")
    test.selectbox(key="campaign").set_value("older").run()
    assert shown(test) == []
    assert "Everybody in this campaign has been called" in said(test)


def test_a_campaign_assigned_to_others_is_offered_to_them_and_to_managers(
    screen: Screen, campaign: str, db: Db
) -> None:
    assign(db, campaign, ["Bob"], by="Mia")
    assert "You have no campaign to call" in said(screen("Ann"))
    assert shown(press(screen("Bob"), "take")) == ["Person p2"]
    assert shown(press(screen("Mia", Role.MANAGER), "take")) == ["Person p1"]
    test = screen("Cid", Role.MANAGER)
    set_state(db, campaign, State.PAUSED, by="Mia")
    assert "is paused" in said(press(test, "take"))  # drawn before, and asked again at the claim
    assert db.prospects.find_one({"claim.by": "Cid"}) is None


def test_the_card_says_why_in_the_schemas_words_and_in_which_direction(screen: Screen, campaign: str, db: Db) -> None:
    why = [{"column": "poutcome", "effect": 1.2}, {"column": "job", "effect": -0.4}, {"column": "pdays", "effect": 0.1}]
    changed = {"reasons": why, "features.poutcome": "success", "features.job": "retired", "features.pdays": 6}
    db.prospects.update_one({"_id": "spring:p2"}, {"$set": changed})
    lines = [e.value for e in press(screen("Ann"), "take").markdown if "-badge[:material/trending" in e.value]
    assert [line.split("] ", 1)[1] for line in lines] == [
        "Bought in an earlier campaign",
        "Retired people say yes less often than people who are otherwise alike",
        r"Days since the last campaign's contact\: 6 days",
    ]
    assert ["raises" in line for line in lines] == [True, False, True]


@pytest.mark.parametrize(
    ("reasons", "says"),
    [
        (None, "The reasons come with the next ranking."),
        ([], "Nothing sets this person apart from the average."),
        ([{"column": "gone", "effect": 0.3}], "gone"),
    ],
)
def test_where_there_is_no_reason_the_card_says_so(
    screen: Screen, campaign: str, db: Db, reasons: Any, says: str
) -> None:
    db.prospects.update_one({"_id": "spring:p2"}, {"$set": {"reasons": reasons}})
    test = press(screen("Ann"), "take")
    assert says in said(test) + "\n".join(e.value for e in test.caption)
    assert not test.exception


def test_who_is_not_ranked_has_no_reasons(screen: Screen, campaign: str, db: Db) -> None:
    db.prospects.update_many({}, {"$set": {"score": None}})
    test = press(screen("Ann"), "take")
    assert "Not ranked yet." in said(test)
    assert "Why this chance" not in said(test)


def test_the_script_is_on_the_card_filled_in_and_as_it_was_typed(
    screen: Screen, campaign: str, db: Db, schema: Schema
) -> None:
    test = press(screen("Ann"), "take")
    assert any("A manager can write one" in e.value for e in test.caption)
    write_script(db, schema, "spring", "Hello {ref}, *{age}*?", by="Mia", seen=None)
    st.cache_data.clear()
    test = screen("Ann")
    assert r"Hello p2, \*41 years\*?" in said(test)


def test_the_best_time_is_on_the_card_once_enough_calls_were_made(screen: Screen, campaign: str, db: Db) -> None:
    monday = datetime(2026, 5, 4, tzinfo=UTC)
    results = [
        (hour, "sold" if place % 10 < (7 if hour == 17 else 2) else "no answer")
        for hour in range(9, 19)
        for place in range(60)
    ]
    db.calls.insert_many(
        {"_id": f"old:{n}", "campaign": "spring", "prospect": "x", "result": result, "agent": "bob",
         "at": monday + timedelta(hours=hour), "groups": {}}
        for n, (hour, result) in enumerate(results)
    )  # fmt: skip
    test = press(screen("Ann"), "take")
    assert r"The people of this campaign answer most between 17 and 19 h\:" in said(test)


def test_a_recorded_call_keeps_the_groups_that_its_person_was_in(screen: Screen, campaign: str, db: Db) -> None:
    press(press(screen("Ann"), "take"), "outcome-no-answer")
    call = db.calls.find_one({"_id": "spring:p2:1"})
    assert call is not None
    assert call["groups"] == {"job": "technician", "marital": "married", "age": "40 to under 50"}


def test_today_counts_the_calls_of_today(screen: Screen, campaign: str, db: Db) -> None:
    test = press(press(screen("Ann"), "take"), "outcome-sold")
    yesterday = now() - timedelta(days=1)
    db.calls.insert_one({"_id": "x:1", "campaign": "spring", "agent": "Ann", "result": "sold", "at": yesterday})
    assert [m.value for m in screen("Ann").metric if m.label == "You today"] == ["1 of 1 sold"]
    assert not test.exception
