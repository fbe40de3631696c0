"""Notes, own results, dialling addresses, promised calls and the team at work."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.calls.claims import claim, claim_person
from core.calls.contact_keys import ContactKeys
from core.calls.lifecycle import Result
from core.calls.recording import CallReport, record
from core.calls.undo import undo
from core.desk import agenda, dialling, notes, own_results, team
from core.errors import Conflict, InputError, NotFound, SettingsError
from core.lists import contact_sealing
from core.stores.mongo import Db
from tests.contract.core.calls.conftest import START, Watch, stored

pytestmark = pytest.mark.mongo
KEYS = ContactKeys("first")
HOUR = timedelta(hours=1)


def called(db: Db, watch: Watch, result: Result, agent: str = "ann", person: str = "spring:3", **more: object) -> str:
    claim_person(db, person, agent, all_of_them=True, clock=watch)
    again = watch.at + HOUR if result is Result.CALLBACK else None
    return str(record(db, person, agent, CallReport(result, again=again, **more), clock=watch)["_id"])  # type: ignore[arg-type]


# --- notes ------------------------------------------------------------------------------------------------------------


def test_a_note_is_kept_with_its_call_and_nobody_reads_it_without_the_key(spring: Db, watch: Watch) -> None:
    note = notes.sealed(KEYS, "  Prefers mornings; ask for Mrs Müller ", "ann", watch.at)
    key = called(spring, watch, Result.NO_ANSWER, note=note)
    call = spring.calls.find_one({"_id": key})
    assert call is not None
    assert "Müller" not in str(call)
    found = notes.of_call(KEYS, call)
    assert found is not None
    assert (found.text, found.by, found.at) == ("Prefers mornings; ask for Mrs Müller", "ann", watch.at)
    stranger = notes.of_call(ContactKeys("other"), call)
    assert stranger is not None
    assert stranger.text is None
    assert all("note" not in outcome for outcome in spring.outcomes.find())


def test_a_note_is_changed_within_the_minute_by_its_agent_alone(spring: Db, watch: Watch) -> None:
    key = called(spring, watch, Result.REFUSED)
    notes.write(spring, KEYS, key, "moved house", by="ann", clock=watch)
    with pytest.raises(Conflict, match="ann recorded this, not you"):
        notes.write(spring, KEYS, key, "no", by="bob", clock=watch)
    with pytest.raises(NotFound):
        notes.write(spring, KEYS, "spring:9:1", "no", by="ann", clock=watch)
    watch.at += timedelta(minutes=1)
    with pytest.raises(Conflict, match="too late"):
        notes.write(spring, KEYS, key, "", by="ann", clock=watch)
    kept = notes.of_call(KEYS, spring.calls.find_one({"_id": key}) or {})
    assert kept is not None
    assert kept.text == "moved house"
    assert "note" not in str(spring.outcomes.find_one({"_id": key}))


def test_a_note_is_refused_without_a_key_and_when_it_is_too_long() -> None:
    with pytest.raises(SettingsError, match="CALLWISE_CONTACT_KEY"):
        notes.sealed(None, "hello", "ann", START)
    assert notes.sealed(None, "  ", "ann", START) is None, "no note needs no key"
    with pytest.raises(InputError, match="2,000"):
        notes.sealed(KEYS, "x" * 2_001, "ann", START)


def test_a_replaced_key_takes_the_notes_along(spring: Db, watch: Watch) -> None:
    key = called(spring, watch, Result.REFUSED, note=notes.sealed(KEYS, "moved house", "ann", watch.at))
    both = ContactKeys("second,first")
    assert contact_sealing.needs_former(spring, both)
    assert contact_sealing.renew(spring, both) == 1
    assert not contact_sealing.needs_former(spring, both)
    kept = notes.of_call(ContactKeys("second"), spring.calls.find_one({"_id": key}) or {})
    assert kept is not None
    assert kept.text == "moved house"


# --- own results ------------------------------------------------------------------------------------------------------


def test_an_own_result_has_the_effect_of_a_standard_one(spring: Db, watch: Watch) -> None:
    own = own_results.add(spring, "spring", " Already  has one ", Result.REFUSED, by="mia")
    assert (own.key, own.name, own.effect) == ("own-1", "Already has one", Result.REFUSED)
    assert own_results.add(spring, "spring", "already has one", Result.REFUSED, by="mia") == own
    key = called(spring, watch, own_results.effect_of(spring, "spring", own.key), own=own.key)
    assert stored(spring)["status"] == "done"
    assert (spring.calls.find_one({"_id": key}) or {})["own"] == "own-1"
    assert (spring.outcomes.find_one({"_id": key}) or {})["result"] == "refused"
    own_results.rename(spring, "spring", "own-1", "Has one", by="mia")
    assert own_results.names(spring, ["spring", "autumn"]) == {("spring", "own-1"): "Has one"}


def test_an_own_result_is_retired_and_never_deleted(spring: Db) -> None:
    own_results.add(spring, "spring", "Voicemail", Result.NO_ANSWER, by="mia")
    own_results.set_retired(spring, "spring", "own-1", retired=True, by="mia")
    assert [one.retired for one in own_results.read_own_results(spring, "spring")] == [True]
    assert own_results.effect_of(spring, "spring", "own-1") is Result.NO_ANSWER
    assert not own_results.add(spring, "spring", "voicemail", Result.NO_ANSWER, by="mia").retired
    with pytest.raises(Conflict, match="counts as 'no answer'"):
        own_results.add(spring, "spring", "Voicemail", Result.REFUSED, by="mia")
    for name in ("", " ", "x" * 41):
        with pytest.raises(InputError, match="1 to 40"):
            own_results.add(spring, "spring", name, Result.REFUSED, by="mia")
    with pytest.raises(NotFound):
        own_results.rename(spring, "spring", "own-9", "Else", by="mia")
    own_results.add(spring, "spring", "Engaged", Result.NO_ANSWER, by="mia")
    with pytest.raises(Conflict, match="is there already"):
        own_results.rename(spring, "spring", "own-2", "VOICEMAIL", by="mia")
    for number in range(18):
        own_results.add(spring, "spring", f"More {number}", Result.REFUSED, by="mia")
    with pytest.raises(InputError, match="at most 20"):
        own_results.add(spring, "spring", "One too many", Result.REFUSED, by="mia")
    assert spring.events.find_one({"what": "own result changed"}) is not None


# --- dialling ---------------------------------------------------------------------------------------------------------


def test_a_campaign_has_an_address_for_its_numbers(spring: Db) -> None:
    assert dialling.read_template(spring, "spring") == "tel:{number}"
    template = "https://dialler.example.com/call?number={number}&campaign={campaign}&claim={claim}"
    assert dialling.write_template(spring, "spring", f" {template} ", by="mia") == template
    dialling.write_template(spring, "spring", template, by="mia")
    assert dialling.read_template(spring, "spring") == template
    assert len(list(spring.events.find({"what": "dialling address changed"}))) == 1, "no event where nothing changed"
    assert dialling.write_template(spring, "spring", "", by="mia") == "tel:{number}"
    with pytest.raises(NotFound):
        dialling.write_template(spring, "winter", template, by="mia")
    filled = dialling.address(template, number="+491515550002", campaign="a&b", claim="a&b:7:1", ref="7")
    assert filled.endswith("?number=%2B491515550002&campaign=a%26b&claim=a%26b%3A7%3A1")
    assert dialling.address("tel:{number}", number="+4915", campaign="", claim="", ref="") == "tel:+4915"


@pytest.mark.parametrize(
    ("template", "why"),
    [
        ("javascript:alert({number})", "begins with one of these"),
        ("data:text/html,{number}", "begins with one of these"),
        ("{number}", "begins with one of these"),
        ("tel:{phone}", "no value for the place {phone}"),
        ("tel:+49", "needs the place {number}"),
        ("tel:{number}}", "brace"),
        ("sip:{number}@a b", "no blanks"),
        ('https://a/?n="{number}"', "no blanks"),
        ("https:{number}", "must be fixed"),
        ("https://{number}.example.com/", "must be fixed"),
        ("tel:{number}" + "x" * 500, "at most 500"),
    ],
)
def test_an_address_that_is_not_safe_or_cannot_be_filled_is_refused(template: str, why: str) -> None:
    with pytest.raises(InputError, match=why):
        dialling.check(template)


# --- promised calls ---------------------------------------------------------------------------------------------------


def test_the_agenda_has_the_promised_calls_of_all_campaigns_in_order(spring: Db, watch: Watch) -> None:
    called(spring, watch, Result.CALLBACK, person="autumn:2")
    watch.at += timedelta(minutes=5)
    called(spring, watch, Result.CALLBACK, agent="bob")
    both = ("spring", "autumn")
    assert [(p.key, p.by) for p in agenda.promises(spring, both, watch.at)] == [
        ("autumn:2", "ann"),
        ("spring:3", "bob"),
    ]
    assert [p.key for p in agenda.promises(spring, both, watch.at, agent="bob")] == ["spring:3"]
    assert agenda.promises(spring, ("autumn",), watch.at)[0].at == START + HOUR


def test_a_promised_call_is_given_to_another_agent_once(spring: Db, watch: Watch) -> None:
    called(spring, watch, Result.CALLBACK)
    for _ in range(2):
        given = agenda.reassign(spring, "spring:3", "bob", seen="ann", by="mia", names=("ann", "bob"), clock=watch)
        assert (given.by, given.given_by) == ("bob", "mia")
    assert len(list(spring.events.find({"what": "callback reassigned"}))) == 1
    with pytest.raises(Conflict, match="no longer promised to ann"):
        agenda.reassign(spring, "spring:3", "eve", seen="ann", by="mia", clock=watch)
    with pytest.raises(InputError, match="no agent 'zoe'"):
        agenda.reassign(spring, "spring:3", "zoe", seen="bob", by="mia", names=("ann", "bob"), clock=watch)
    watch.at += HOUR
    held = claim(spring, "spring", "bob", clock=watch)
    assert held is not None
    assert held["_id"] == "spring:3", "bob gets it when it is due"
    with pytest.raises(Conflict, match="bob is on the phone"):
        agenda.reassign(spring, "spring:3", "ann", seen="bob", by="mia", clock=watch)
    spring.campaigns.update_one({"_id": "spring"}, {"$set": {"agents": ["bob"]}})
    with pytest.raises(InputError, match="not assigned to ann"):
        agenda.reassign(spring, "spring:3", "ann", seen="bob", by="mia", clock=watch)


# --- the team ---------------------------------------------------------------------------------------------------------


def test_the_team_shows_who_calls_and_what_each_has_done(spring: Db, watch: Watch) -> None:
    undone = called(spring, watch, Result.SOLD)
    undo(spring, undone, "ann", clock=watch)
    called(spring, watch, Result.NO_ANSWER)
    watch.at += timedelta(minutes=3)
    called(spring, watch, Result.SOLD, person="autumn:3", agent="bob")
    claim_person(spring, "spring:2", "ann", all_of_them=True, clock=watch)
    began = watch.at
    watch.at += timedelta(minutes=10)
    claim_person(spring, "autumn:2", "eve", all_of_them=True, clock=watch)
    claim(spring, "spring", "ann", clock=watch)  # renewed
    ann, bob, eve, zoe = team.team(spring, ["ann", "zoe"], START, watch.at)
    assert (ann.agent, ann.campaign, ann.since, ann.calls, ann.reached, ann.sold) == ("ann", "spring", began, 1, 0, 0)
    assert (bob.waits, bob.calls, bob.reached, bob.sold, bob.last) == (True, 1, 1, 1, began)
    assert (eve.campaign, eve.calls) == ("autumn", 0)
    assert (zoe.waits, zoe.calls, zoe.last) == (True, 0, None)
