"""The do-not-call list as its keeper works on it."""

from __future__ import annotations

import pytest

from core.calls import do_not_call
from core.calls.claims import claim
from core.calls.lifecycle import Result
from core.calls.recording import CallReport, record
from core.do_not_call.do_not_call_list import Hits, add_people, preview, remove_person, size
from core.errors import InputError, NotFound
from core.stores import event_log
from core.stores.events import Event
from core.stores.mongo import Db

pytestmark = pytest.mark.mongo


@pytest.fixture
def people(db: Db) -> Db:
    """Four people in two campaigns; the fourth was sold to in spring."""
    for campaign in ("spring", "autumn"):
        db.campaigns.insert_one({"_id": campaign})
        for n in range(1, 5):
            status = "done" if (campaign, n) == ("spring", 4) else "open"
            db.prospects.insert_one(
                {"_id": f"{campaign}:p{n}", "campaign": campaign, "ref": f"p{n}", "score": n / 10, "status": status,
                 "claim": None}
            )  # fmt: skip
    return db


def statuses(db: Db) -> dict[str, str]:
    return {p["_id"]: p["status"] for p in db.prospects.find()}


def test_a_list_holds_at_once_in_every_campaign(people: Db) -> None:
    refs = ["p1", " p4 ", "p1", "", "stranger"]
    assert preview(people, refs) == Hits(3, 0, {"spring": 1, "autumn": 2})  # type: ignore[arg-type]
    assert statuses(people)["spring:p1"] == "open"
    assert add_people(people, refs, by="Mia", why="register of May") == Hits(3, 0, {"spring": 1, "autumn": 2})  # type: ignore[arg-type]
    now = statuses(people)
    assert (now["spring:p1"], now["autumn:p1"], now["autumn:p4"]) == ("off", "off", "off")
    assert (now["spring:p4"], now["spring:p2"]) == ("done", "open")
    assert size(people) == 3
    wish = do_not_call.entry_of(people, "stranger")
    assert wish is not None
    assert (wish["by"], wish["why"]) == ("Mia", "register of May")
    held = claim(people, "autumn", "Ann")
    assert held is not None
    assert held["ref"] == "p3"


def test_the_same_list_again_changes_nothing_and_finishes_what_was_half_done(people: Db) -> None:
    add_people(people, ["p1", "p2"], by="Mia", why="asked")
    before = list(people.do_not_call.find())
    people.prospects.update_one({"_id": "autumn:p2"}, {"$set": {"status": "open", "off": None}})  # as if it had died
    again = add_people(people, ["p1", "p2"], by="Tom", why="again")
    assert (again.new, again.known, dict(again.campaigns)) == (0, 2, {"autumn": 1})
    assert list(people.do_not_call.find()) == before
    assert statuses(people)["autumn:p2"] == "off"


def test_who_is_on_the_phone_can_still_be_recorded_and_is_not_called_again(people: Db) -> None:
    held = claim(people, "autumn", "Ann")
    assert held is not None
    assert held["ref"] == "p4"
    add_people(people, ["p4", "p3"], by="Mia", why="register of May")
    assert (statuses(people)["autumn:p4"], statuses(people)["autumn:p3"]) == ("open", "off")
    assert record(people, held["_id"], "Ann", CallReport(Result.NO_ANSWER))["result"] == Result.NO_ANSWER.value
    people.prospects.update_one({"_id": held["_id"]}, {"$set": {"status": "open", "due": None}})  # the pause is over
    following = claim(people, "autumn", "Ann")
    assert following is not None
    assert following["ref"] in {"p1", "p2"}, "instead of one who is off comes any of the best"
    assert statuses(people)["autumn:p4"] == "off"


def test_who_is_taken_off_stands_as_before(people: Db) -> None:
    before = list(people.prospects.find(sort=[("_id", 1)]))
    add_people(people, ["p1"], by="Mia", why="asked")
    assert remove_person(people, "p1", by="Mia", why="the wrong person") == ["autumn", "spring"]
    states = [(p["_id"], p["status"], p.get("off")) for p in people.prospects.find(sort=[("_id", 1)])]
    assert states == [(p["_id"], p["status"], None) for p in before]
    assert (size(people), do_not_call.entry_of(people, "p1")) == (0, None)
    with pytest.raises(NotFound, match="not on the do-not-call list"):
        remove_person(people, "p1", by="Mia", why="once more")
    add_people(people, ["p1"], by="Mia", why="after all")
    assert statuses(people)["spring:p1"] == "off"
    assert size(people) == 1


def test_a_wish_from_a_call_is_taken_off_too(people: Db) -> None:
    held = claim(people, "spring", "Ann")
    assert held is not None
    record(people, held["_id"], "Ann", CallReport(Result.DO_NOT_CALL, everywhere=True))
    assert statuses(people)["autumn:p3"] == "off"
    assert remove_person(people, "p3", by="Mia", why="Ann pressed the wrong key") == ["autumn", "spring"]
    assert (statuses(people)["spring:p3"], statuses(people)["autumn:p3"]) == ("open", "open")


def test_who_is_off_for_another_reason_stays_off(people: Db) -> None:
    people.prospects.update_one(
        {"_id": "spring:p1"}, {"$set": {"status": "off", "off": {"why": "wrong number", "call": "spring:p1:1"}}}
    )
    add_people(people, ["p1"], by="Mia", why="asked")
    assert remove_person(people, "p1", by="Mia", why="a mistake") == ["autumn"]
    assert statuses(people)["spring:p1"] == "off"


@pytest.mark.parametrize("why", ["", "  "])
def test_nothing_is_done_without_a_reason(people: Db, why: str) -> None:
    with pytest.raises(InputError, match="reason is missing"):
        add_people(people, ["p1"], by="Mia", why=why)
    add_people(people, ["p1"], by="Mia", why="asked")
    with pytest.raises(InputError, match="reason is missing"):
        remove_person(people, "p1", by="Mia", why=why)
    assert size(people) == 1


def test_the_event_log_has_numbers_and_no_keys_of_people(people: Db) -> None:
    add_people(people, ["p1", "stranger"], by="Mia", why="asked")
    remove_person(people, "p1", by="Mia", why="a mistake")
    told = list(people.events.find(sort=[("_id", 1)]))
    assert [e["what"] for e in told] == [Event.PUT_ON_DO_NOT_CALL, Event.TAKEN_OFF_DO_NOT_CALL]
    assert told[0]["details"] == {"people": 2, "campaigns": {"autumn": 1, "spring": 1}}
    assert "p1" not in str([{**e, "seal": ""} for e in told])
    assert event_log.first_broken(people) is None
