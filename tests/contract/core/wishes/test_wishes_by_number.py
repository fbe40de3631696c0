"""A number with a wish is not called: by nobody, in no campaign, whatever comes later."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from core.calls import claims, do_not_call, undo
from core.calls.claim_renewal import renew
from core.calls.contact_keys import ContactKeys
from core.calls.late_results import record_late
from core.calls.lifecycle import Result
from core.calls.recording import CallReport, record
from core.do_not_call.number_wishes import add_number, lift_number, size, wishes_of_number
from core.do_not_call.wish_sweep import sweep
from core.errors import Conflict, InputError, NotFound
from core.kinds.kind import Kind
from core.lists import contact_numbers
from core.lists.undo_import import undo as undo_import
from core.stores.mongo import COLLECTIONS, Db
from core.wishes.lookup import wish_of
from core.wishes.number_keys import NumberKeys
from tests.contract.core.wishes.conftest import (
    ADA,
    BO,
    CHI,
    ERASURE_KEY,
    KEYS,
    NUMBERS,
    SCHEMA,
    SPELLINGS,
    Bring,
    Watch,
    statuses,
    stored,
)
from tests.customers import CONTACT_KEY

pytestmark = pytest.mark.mongo


def bar(db: Db, text: str = ADA, **more: Any) -> Any:
    return add_number(db, NUMBERS, text, by="mia", why="asked by letter", region="DE", **more)


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_number_in_any_spelling_takes_people_off_every_list(listed: Db, watch: Watch, spelling: str) -> None:
    done = bar(listed, spelling, clock=watch)
    assert (done.new, done.off) == (1, 2)
    assert statuses(listed) == {"autumn:a": "off", "autumn:b": "open", "spring:a": "off", "spring:b": "open"}
    assert stored(listed)["off"]["why"] == "do not call"
    again = bar(listed, spelling, clock=watch)
    assert (again.new, again.off, size(listed)) == (0, 0, 1)


def test_nobody_claims_a_person_whose_number_has_a_wish(listed: Db, watch: Watch) -> None:
    listed.prospects.update_one({"_id": "spring:a"}, {"$set": {"score": 0.9}})
    bar(listed, clock=watch)
    listed.prospects.update_one({"_id": "spring:a"}, {"$set": {"status": "open"}})  # written by another process
    held = claims.claim(listed, "spring", "ann", all_of_them=True, clock=watch)
    assert held is not None
    assert held["_id"] == "spring:b"
    assert stored(listed)["status"] == "off"
    with pytest.raises(Conflict, match="off the list"):
        claims.claim_person(listed, "spring:a", "ann", all_of_them=True, clock=watch)


def test_a_file_after_the_wish_brings_nobody_back(listed: Db, bring: Bring, watch: Watch) -> None:
    bar(listed, CHI, clock=watch)
    bring("june", {"c": "0151 2555 0003"})
    assert stored(listed, "spring:c")["status"] == "off"
    bring("july", {"b": CHI})  # the new number of somebody who was on the list
    assert stored(listed, "spring:b")["status"] == "off"
    bring("august", {"b": BO, "c": BO})
    assert {stored(listed, f"spring:{ref}")["status"] for ref in "bc"} == {"off"}, "an earlier number counts, too"


def test_an_undone_file_takes_its_number_with_it(listed: Db, bring: Bring) -> None:
    july = bring("july", {"b": CHI})
    listed.imports.update_one({"_id": july.entry}, {"$set": {"state": "done", "report": {}}})
    both = listed.contacts.find_one({"_id": "spring:b"})
    assert both is not None
    assert both["numbers"] == sorted([NUMBERS.hash(BO), NUMBERS.hash(CHI)])
    undo_import(listed, july.entry, by="mia")
    one = listed.contacts.find_one({"_id": "spring:b"})
    assert one is not None
    assert one["numbers"] == [NUMBERS.hash(BO)]


def test_the_open_card_says_so_and_the_result_is_kept(listed: Db, watch: Watch) -> None:
    held = claims.claim_person(listed, "spring:a", "ann", all_of_them=True, clock=watch)
    assert renew(listed, held, "ann", clock=watch) is not None
    done = bar(listed, clock=watch)  # in another tab
    assert (done.off, stored(listed)["status"]) == (1, "open"), "who is on the phone stays with the agent"
    assert renew(listed, held, "ann", clock=watch) is None
    assert stored(listed)["status"] == "off"
    call = record_late(listed, "spring:a", "ann", CallReport(Result.NO_ANSWER), call=1, clock=watch)
    assert not call["late"]["counts"]
    assert stored(listed)["status"] == "off"


@pytest.mark.parametrize("result", list(Result))
def test_whatever_is_recorded_later_the_wish_stands(listed: Db, watch: Watch, result: Result) -> None:
    claims.claim_person(listed, "spring:a", "ann", all_of_them=True, clock=watch)
    bar(listed, clock=watch)
    again = watch.at + timedelta(hours=3) if result is Result.CALLBACK else None
    record(listed, "spring:a", "ann", CallReport(result, again=again, everywhere=True), clock=watch)
    assert stored(listed)["status"] in ("off", "done")
    assert wish_of(listed, stored(listed), watch.at) is not None
    watch.pass_by(days=2)
    assert claims.claim(listed, "autumn", "bob", all_of_them=True, clock=watch)["_id"] == "autumn:b"  # type: ignore[index]


def test_the_card_bars_the_numbers_too_and_an_undo_frees_them(listed: Db, bring: Bring, watch: Watch) -> None:
    bring("june", {"house": ADA}, campaign="spring")
    claims.claim_person(listed, "spring:a", "ann", all_of_them=True, clock=watch)
    report = CallReport(Result.DO_NOT_CALL, everywhere=True, numbers=(NUMBERS.hash(ADA),))
    call = record(listed, "spring:a", "ann", report, clock=watch)
    assert statuses(listed) == {
        "autumn:a": "off", "autumn:b": "open", "spring:a": "off", "spring:b": "open", "spring:house": "off",
    }  # fmt: skip
    [(wish, _)] = wishes_of_number(listed, NUMBERS, ADA, clock=watch)
    assert (wish.by, wish.source, wish.at) == ("ann", "card", watch.at)
    assert "spring" not in wish.key, "the key stands at other people, too, and names nobody"
    undo.undo(listed, call["_id"], "ann", clock=watch)
    assert set(statuses(listed).values()) == {"open"}
    assert wishes_of_number(listed, NUMBERS, ADA, clock=watch) == []


def test_a_wish_for_one_campaign_holds_there_alone(listed: Db, watch: Watch) -> None:
    bar(listed, campaign="autumn", clock=watch)
    assert statuses(listed) == {"autumn:a": "off", "autumn:b": "open", "spring:a": "open", "spring:b": "open"}
    assert [where for _, where in wishes_of_number(listed, NUMBERS, ADA, clock=watch)] == ["autumn"]
    with pytest.raises(NotFound):
        lift_number(listed, NUMBERS, ADA, by="mia", why="a mistake", clock=watch)
    assert lift_number(listed, NUMBERS, ADA, by="mia", why="a mistake", campaign="autumn", clock=watch) == ["autumn:a"]
    assert set(statuses(listed).values()) == {"open"}


def test_a_wish_that_ends_brings_people_back_as_they_were(listed: Db, watch: Watch) -> None:
    again = watch.at + timedelta(days=2)
    claims.claim_person(listed, "spring:a", "ann", all_of_them=True, clock=watch)
    record(listed, "spring:a", "ann", CallReport(Result.CALLBACK, again=again), clock=watch)
    before = stored(listed)
    bar(listed, until=watch.at + timedelta(days=1), clock=watch)
    assert stored(listed)["status"] == "off"
    assert sweep(listed, by_reference=True, clock=watch) == 0
    watch.pass_by(days=1, seconds=1)
    assert wish_of(listed, stored(listed), watch.at) is None
    assert sweep(listed, by_reference=True, clock=watch) == 2
    after = stored(listed)
    assert (after["status"], after["again"], after["due"]) == (before["status"], before["again"], before["due"])
    assert sweep(listed, by_reference=True, clock=watch) == 0
    bar(listed, clock=watch)
    assert (stored(listed)["status"], size(listed)) == ("off", 1)


def test_a_longer_wish_takes_the_place_of_a_shorter_and_not_the_other_way(listed: Db, watch: Watch) -> None:
    bar(listed, until=watch.at + timedelta(days=1), clock=watch)
    assert bar(listed, clock=watch).new == 1
    assert bar(listed, until=watch.at + timedelta(days=9), clock=watch).new == 0
    watch.pass_by(days=10)
    assert wish_of(listed, stored(listed), watch.at) is not None


def test_whoever_a_wish_took_off_comes_back_when_the_longer_one_in_its_place_ends(listed: Db, watch: Watch) -> None:
    bar(listed, until=watch.at + timedelta(days=10), clock=watch)
    bar(listed, until=watch.at + timedelta(days=20), clock=watch)
    watch.at += timedelta(days=21)
    sweep(listed, by_reference=True, clock=watch)
    assert set(statuses(listed).values()) == {"open"}


def test_a_number_that_a_list_has_too_stays_barred_when_the_call_is_taken_back(listed: Db, watch: Watch) -> None:
    claims.claim_person(listed, "spring:a", "ann", all_of_them=True, clock=watch)
    report = CallReport(Result.DO_NOT_CALL, numbers=(NUMBERS.hash(ADA),))
    call = record(listed, "spring:a", "ann", report, clock=watch)
    bar(listed, clock=watch)
    undo.undo(listed, call["_id"], "ann", clock=watch)
    assert wish_of(listed, stored(listed, "autumn:a"), watch.at) is not None
    assert statuses(listed)["autumn:a"] == "off"


@pytest.mark.parametrize("at", ["bar_numbers", "add", "take_off_listed"])
def test_a_wish_of_which_a_killed_process_wrote_a_part_is_made_good(
    listed: Db, watch: Watch, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    claims.claim_person(listed, "spring:a", "ann", all_of_them=True, clock=watch)
    report = CallReport(Result.DO_NOT_CALL, everywhere=True, numbers=(NUMBERS.hash(ADA),))

    def die(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(do_not_call, at, die)
        with pytest.raises(KeyboardInterrupt):
            record(listed, "spring:a", "ann", report, clock=watch)
    claims.settle_calls(listed, clock=watch)
    sweep(listed, by_reference=True, clock=watch)
    assert wishes_of_number(listed, NUMBERS, ADA, clock=watch)
    assert {statuses(listed)["spring:a"], statuses(listed)["autumn:a"]} == {"off"}


def test_one_wish_less_leaves_the_other(listed: Db, watch: Watch) -> None:
    claims.claim_person(listed, "spring:a", "ann", all_of_them=True, clock=watch)
    record(listed, "spring:a", "ann", CallReport(Result.DO_NOT_CALL, everywhere=True), clock=watch)
    bar(listed, clock=watch)
    assert lift_number(listed, NUMBERS, ADA, by="mia", why="a mistake", clock=watch) == []
    assert stored(listed)["status"] == "off"


def test_a_wish_reaches_the_lists_of_other_kinds(listed: Db, bring: Bring, watch: Watch) -> None:
    theirs = Kind("customers-too", SCHEMA).database(listed)
    bring("elsewhere", {"x": ADA}, into=theirs, campaign="spring")
    sweep(theirs, by_reference=True, clock=watch)
    bar(listed, clock=watch)
    assert statuses(theirs) == {"spring:x": "open"}
    assert sweep(theirs, by_reference=False, clock=watch) == 1
    assert statuses(theirs) == {"spring:x": "off"}
    lift_number(listed, NUMBERS, ADA, by="mia", why="a mistake", clock=watch)
    assert sweep(theirs, by_reference=False, clock=watch) == 1
    assert statuses(theirs) == {"spring:x": "open"}
    listed.client.drop_database(theirs.name)


def test_a_wish_under_a_former_key_holds_for_people_who_come_later(listed: Db, bring: Bring, watch: Watch) -> None:
    bar(listed, clock=watch)
    rotated = ContactKeys(CONTACT_KEY, NumberKeys(f"a new key,{ERASURE_KEY}"))
    bring("june", {"c": ADA, "d": BO}, keys=rotated)
    assert [stored(listed, f"spring:{ref}")["status"] for ref in "cd"] == ["off", "open"]
    # A wish of today holds for contacts of before the rotation, once the set-up has renewed them.
    assert contact_numbers.renew(listed, rotated) == 4
    assert contact_numbers.renew(listed, rotated) == 0
    assert rotated.numbers is not None
    add_number(listed, rotated.numbers, BO, by="mia", why="asked", clock=watch)
    assert set(statuses(listed).values()) == {"off"}
    assert [len(wishes_of_number(listed, rotated.numbers, one, clock=watch)) for one in (ADA, BO)] == [1, 1]
    lift_number(listed, rotated.numbers, ADA, by="mia", why="a mistake", clock=watch)
    assert stored(listed, "spring:a")["status"] == "open"


def test_contacts_of_an_earlier_release_get_their_hashes(listed: Db, bring: Bring, watch: Watch) -> None:
    bring("july", {"b": CHI})
    hashed = {one["_id"]: one["numbers"] for one in listed.contacts.find()}
    for one in list(listed.contacts.find()):
        listed.contacts.update_one({"_id": one["_id"]}, {"$unset": {"numbers": ""}})
    bar(listed, clock=watch)
    assert statuses(listed)["spring:a"] == "open"
    contact_numbers.hash_all(listed, KEYS)
    assert {one["_id"]: one["numbers"] for one in listed.contacts.find()} == hashed
    assert wish_of(listed, stored(listed), watch.at) is not None


@pytest.mark.parametrize("text", ["no number", "12", ""])
def test_what_is_no_number_is_refused(listed: Db, text: str) -> None:
    with pytest.raises(InputError, match="is no phone number"):
        bar(listed, text)
    assert size(listed) == 0


def test_a_reason_is_asked_for_and_an_end_lies_ahead(listed: Db, watch: Watch) -> None:
    with pytest.raises(InputError, match="reason"):
        add_number(listed, NUMBERS, ADA, by="mia", why=" ", clock=watch)
    with pytest.raises(InputError, match="end of the wish"):
        bar(listed, until=watch.at, clock=watch)
    bar(listed, clock=watch)
    with pytest.raises(InputError, match="reason"):
        lift_number(listed, NUMBERS, ADA, by="mia", why="", clock=watch)


def test_no_number_is_stored_but_in_the_sealed_contact(listed: Db, watch: Watch) -> None:
    claims.claim_person(listed, "spring:a", "ann", all_of_them=True, clock=watch)
    report = CallReport(Result.DO_NOT_CALL, everywhere=True, numbers=(NUMBERS.hash(ADA),))
    record(listed, "spring:a", "ann", report, clock=watch)
    bar(listed, BO, clock=watch)
    for name in COLLECTIONS:
        text = str(list(listed[name].find()))
        assert "5550001" not in text, name
        assert "5550002" not in text, name
