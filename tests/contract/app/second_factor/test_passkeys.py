"""A passkey on a real store: it is made, it signs its owner in, and every wrong answer is refused."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest

from app.access import second_step
from app.access.second_step import WrongCode
from app.access.sessions import account_of, open_session
from app.second_factor import ceremony, challenges
from app.second_factor.challenges import Purpose
from app.second_factor.relying_party import RelyingParty
from app.shell.appliance import SessionLimits
from core.accounts import changes, passkeys, second_factor
from core.accounts.account import Account, Role
from core.accounts.directory import add
from core.accounts.one_time_codes import KeyRing, code_at
from core.accounts.second_factor import FactorRules
from core.clock import now
from core.errors import Conflict, InputError, NotFound
from core.stores.mongo import Db
from tests.authenticator import PRESENT, Authenticator

pytestmark = pytest.mark.mongo

PARTY = RelyingParty("calls.example.org", "https://calls.example.org:8443")
KEYS, SECRET = KeyRing("a key of these tests"), b"12345678901234567890"
START = now()
TOKEN = "the-cookie-of-this-browser"


@pytest.fixture
def phone() -> Authenticator:
    return Authenticator(PARTY.origin)


@pytest.fixture
def ann(db: Db) -> Account:
    return add(db, "ann", "Ann Lee", Role.ENGINEER, by="tests", password="a first password", must_change=False)


def made(db: Db, account: Account, phone: Authenticator, name: str = "my phone", **wrong: str) -> passkeys.Passkey:
    """What the browser answered when it made the passkey, verified."""
    challenge = challenges.make(db, Purpose.ADD, TOKEN, account.name, START)
    held = passkeys.passkeys_of(db, account.name)
    options = json.loads(ceremony.creation_options(PARTY, account, challenge, held))
    assert options["authenticatorSelection"]["userVerification"] == "required"
    taken = challenges.take(db, Purpose.ADD, TOKEN, account.name, START)
    return ceremony.new_passkey(PARTY, taken, phone.create(options, **wrong), name, START)


def enrolled(db: Db, account: Account, phone: Authenticator, name: str = "my phone") -> Account:
    return passkeys.add(db, account, made(db, account, phone, name))[0]


def asked(db: Db, account: Account, purpose: Purpose = Purpose.SIGN_IN, token: str = TOKEN) -> dict[str, object]:
    """What the page asks of a browser, with a new challenge."""
    challenge = challenges.make(db, purpose, token, account.name, START)
    options: dict[str, object] = json.loads(
        ceremony.request_options(PARTY, challenge, passkeys.passkeys_of(db, account.name))
    )
    return options


def accepted(
    db: Db, account: Account, answer: str, after: float = 0, token: str = TOKEN, party: RelyingParty = PARTY
) -> bool:
    at = START + timedelta(seconds=after)
    return ceremony.accepted(db, party, Purpose.SIGN_IN, token, account, answer, at)


def told(db: Db) -> list[str]:
    return [str(event["what"]) for event in db.events.find({}).sort([("_id", 1)])]


# --- making one ----------------------------------------------------------------------------------------------------


def test_the_first_passkey_switches_the_second_factor_on_with_recovery_codes(
    db: Db, ann: Account, phone: Authenticator
) -> None:
    token = open_session(db, ann, START, SessionLimits())
    after, recovery = passkeys.add(db, ann, made(db, ann, phone))
    assert (after.second_factor, after.has_codes, after.passkeys, len(recovery)) == (True, False, 1, 10)
    assert after.recovery_codes == 10
    assert account_of(db, token, START, SessionLimits()) is None, "who is signed in without it has to sign in again"
    assert told(db)[-2:] == ["second factor on", "passkey added"]
    [stored] = passkeys.passkeys_of(db, "ann")
    assert (stored.id, stored.name, stored.used) == (phone.id, "my phone", None)
    assert second_factor.accept(db, None, "ann", recovery[0], START) == "recovery"
    assert not FactorRules(KEYS, required=True).must_enrol(after)


def test_a_second_one_leaves_the_recovery_codes(db: Db, ann: Account, phone: Authenticator) -> None:
    after = enrolled(db, ann, phone)
    key = Authenticator(PARTY.origin)
    changed, recovery = passkeys.add(db, after, made(db, after, key, "a key"))
    assert (changed.passkeys, recovery, changed.recovery_codes) == (2, [], 10)
    for one in (phone, key):
        assert accepted(db, changed, one.get(asked(db, changed)))


def test_codes_and_passkeys_are_kept_beside_each_other(db: Db, ann: Account, phone: Authenticator) -> None:
    before = START - timedelta(minutes=2)
    with_codes, recovery = second_factor.turn_on(db, KEYS, ann, SECRET, code_at(SECRET, before), before)
    both = enrolled(db, with_codes, phone)
    assert (both.has_codes, both.passkeys, both.recovery_codes) == (True, 1, 10)
    assert second_factor.accept(db, KEYS, "ann", code_at(SECRET, START), START) == "clock"
    assert accepted(db, both, phone.get(asked(db, both)))
    rest = passkeys.remove(db, both, passkeys.passkeys_of(db, "ann")[0].key)
    assert (rest.second_factor, rest.has_codes, rest.passkeys) == (True, True, 0)
    assert second_factor.accept(db, KEYS, "ann", recovery[0], START) == "recovery"


def test_an_app_is_added_to_passkeys_and_the_recovery_codes_stay(db: Db, ann: Account, phone: Authenticator) -> None:
    after, recovery = passkeys.add(db, ann, made(db, ann, phone))
    assert second_factor.accept(db, KEYS, "ann", "123456", START) is None, "there are no codes yet"
    assert second_factor.reseal_all(db, KEYS) == 0
    assert second_factor.sealed_otherwise(db, KEYS) == []
    both, none = second_factor.turn_on(db, KEYS, after, SECRET, code_at(SECRET, START), START)
    assert (both.has_codes, both.passkeys, none) == (True, 1, [])
    with pytest.raises(Conflict):
        second_factor.turn_on(db, KEYS, both, SECRET, code_at(SECRET, START), START)
    assert second_factor.accept(db, None, "ann", recovery[0], START) == "recovery"
    assert second_factor.reseal_all(db, KEYS) == 1


@pytest.mark.parametrize(
    "wrong", [{"origin": "https://evil.example.net"}, {"origin": "https://calls.example.org"}, {"rp_id": "example.net"}]
)
def test_a_passkey_of_another_site_is_not_stored(
    db: Db, ann: Account, phone: Authenticator, wrong: dict[str, str]
) -> None:
    with pytest.raises(InputError, match="not accepted"):
        made(db, ann, phone, **wrong)


def test_one_that_its_owner_did_not_unlock_is_not_stored(db: Db, ann: Account) -> None:
    with pytest.raises(InputError, match="not accepted"):
        made(db, ann, Authenticator(PARTY.origin, flags=PRESENT))


@pytest.mark.parametrize("name", ["", "x" * 41, "a\nb"])
def test_its_name_is_one_that_a_list_can_show(db: Db, ann: Account, phone: Authenticator, name: str) -> None:
    with pytest.raises(InputError, match="needs a name"):
        enrolled(db, ann, phone, name)


def test_no_two_have_one_name_and_there_is_an_end(db: Db, ann: Account, phone: Authenticator) -> None:
    account = enrolled(db, ann, phone)
    with pytest.raises(InputError, match="already"):
        enrolled(db, account, Authenticator(PARTY.origin), "My Phone")
    for number in range(passkeys.MOST - 1):
        account = enrolled(db, account, Authenticator(PARTY.origin), f"key {number}")
    with pytest.raises(InputError, match="10 passkeys at most"):
        enrolled(db, account, Authenticator(PARTY.origin), "one more")


def test_who_uses_the_single_sign_on_has_none_here(db: Db, phone: Authenticator) -> None:
    sue = add(db, "sue", "Sue", Role.MANAGER, by="tests", subject="https://id.example|1")
    with pytest.raises(Conflict):
        enrolled(db, sue, phone)


def test_of_two_windows_that_add_one_to_the_same_account_one_succeeds(db: Db, ann: Account) -> None:
    new = [made(db, ann, Authenticator(PARTY.origin), f"key {number}") for number in range(4)]

    def add_it(one: passkeys.Passkey) -> bool:
        try:
            passkeys.add(db, ann, one)
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(add_it, new)) == 1


# --- signing in ----------------------------------------------------------------------------------------------------


def test_a_passkey_is_accepted_and_its_use_is_noted(db: Db, ann: Account, phone: Authenticator) -> None:
    account = enrolled(db, ann, phone)
    assert accepted(db, account, phone.get(asked(db, account)))
    [stored] = passkeys.passkeys_of(db, "ann")
    assert (stored.sign_count, stored.used is not None) == (1, True)


def test_one_that_counts_nothing_is_accepted_again_and_again(db: Db, ann: Account) -> None:
    """A passkey that a phone carries to the next one has no count."""
    phone = Authenticator(PARTY.origin, counts=False)
    account = enrolled(db, ann, phone)
    for _ in range(3):
        assert accepted(db, account, phone.get(asked(db, account)))


def test_an_answer_counts_once(db: Db, ann: Account) -> None:
    phone = Authenticator(PARTY.origin, counts=False)
    account = enrolled(db, ann, phone)
    answer = phone.get(asked(db, account))
    assert accepted(db, account, answer)
    assert not accepted(db, account, answer), "its challenge is used up"
    asked(db, account)
    assert not accepted(db, account, answer), "nor does it answer another challenge"


def test_of_many_sign_ins_at_once_with_one_answer_one_succeeds(db: Db, ann: Account) -> None:
    phone = Authenticator(PARTY.origin, counts=False)
    account = enrolled(db, ann, phone)
    answer = phone.get(asked(db, account))
    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(lambda _: accepted(db, account, answer), range(4))) == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"origin": "https://calls.example.org.evil.net"},
        {"origin": "http://calls.example.org:8443"},
        {"rp_id": "evil.net"},
    ],
)
def test_an_answer_for_another_site_is_refused(
    db: Db, ann: Account, phone: Authenticator, wrong: dict[str, str]
) -> None:
    account = enrolled(db, ann, phone)
    assert not accepted(db, account, phone.get(asked(db, account), **wrong))


def test_an_answer_is_refused_after_its_time(db: Db, ann: Account, phone: Authenticator) -> None:
    account, lasts = enrolled(db, ann, phone), challenges.LASTS.total_seconds()
    assert accepted(db, account, phone.get(asked(db, account)), after=lasts - 1)
    assert not accepted(db, account, phone.get(asked(db, account)), after=lasts)


def test_an_answer_is_of_the_browser_the_purpose_and_the_account_that_it_was_asked_for(
    db: Db, ann: Account, phone: Authenticator
) -> None:
    account = enrolled(db, ann, phone)
    assert not accepted(db, account, phone.get(asked(db, account)), token="another cookie")
    assert not accepted(db, account, phone.get(asked(db, account, Purpose.CONFIRM, "a session")), token="a session")
    bob = add(db, "bob", "Bob", Role.MANAGER, by="tests", password="another password", must_change=False)
    assert not accepted(db, bob, phone.get(asked(db, account)))
    assert not accepted(db, bob, phone.get(asked(db, bob))), "a passkey of somebody else"
    bobs = enrolled(db, bob, Authenticator(PARTY.origin), "the key of Bob")
    assert not accepted(db, bobs, phone.get(asked(db, bobs)))


def test_another_key_under_the_same_id_is_refused(db: Db, ann: Account, phone: Authenticator) -> None:
    account = enrolled(db, ann, phone)
    assert not accepted(db, account, Authenticator(PARTY.origin, id=phone.id).get(asked(db, account)))


def test_a_passkey_that_its_owner_did_not_unlock_is_refused(db: Db, ann: Account, phone: Authenticator) -> None:
    account = enrolled(db, ann, phone)
    phone.flags = PRESENT
    assert not accepted(db, account, phone.get(asked(db, account)))


def test_a_copy_is_refused_and_told_once_the_count_stands_still(db: Db, ann: Account, phone: Authenticator) -> None:
    account = enrolled(db, ann, phone)
    copy = replace(phone)
    assert accepted(db, account, phone.get(asked(db, account)))
    assert not accepted(db, account, copy.get(asked(db, account)))
    assert told(db)[-1] == "passkey may be copied"
    forged = Authenticator(PARTY.origin, id=phone.id)
    assert not accepted(db, account, forged.get(asked(db, account)))
    assert told(db).count("passkey may be copied") == 1, "whoever has not the key tells nothing"
    assert accepted(db, account, phone.get(asked(db, account)))


def test_whatever_else_is_sent_is_refused_without_an_error(db: Db, ann: Account, phone: Authenticator) -> None:
    account, random = enrolled(db, ann, phone), Random(7)
    plain = [
        "",
        "{}",
        "[]",
        "null",
        "1",
        '"',
        "[" * 5000,
        '{"id": 1}',
        '{"id":"a","rawId":"a","response":{}}',
        "x" * 20_000,
    ]
    for answer in plain:
        asked(db, account)
        assert not accepted(db, account, answer)
        with pytest.raises(InputError):
            ceremony.new_passkey(PARTY, b"x" * 32, answer, "a name", START)
    for _ in range(200):
        parts = json.loads(phone.get(asked(db, account)))
        place = random.choice(["clientDataJSON", "authenticatorData", "signature"])
        value = list(parts["response"][place])
        for _ in range(random.randrange(1, 4)):
            value[random.randrange(len(value) - 4)] = random.choice("ABCxyz019-_")
        if "".join(value) != parts["response"][place]:
            parts["response"][place] = "".join(value)
            assert not accepted(db, account, json.dumps(parts))
    for _ in range(200):
        challenge = challenges.make(db, Purpose.ADD, TOKEN, "ann", START)
        options = json.loads(ceremony.creation_options(PARTY, account, challenge, ()))
        parts = json.loads(Authenticator(PARTY.origin).create(options))
        place = random.choice(["clientDataJSON", "attestationObject"])
        value = parts["response"][place]
        cut = random.randrange(len(value))
        parts["response"][place] = value[:cut] + random.choice(["", "A", "__", "\u00e9"])
        with pytest.raises(InputError):
            ceremony.new_passkey(PARTY, challenge, json.dumps(parts), "a name", START)


# --- the second step -----------------------------------------------------------------------------------------------


def test_no_wait_holds_up_a_right_passkey_and_wrong_ones_are_counted(
    db: Db, ann: Account, phone: Authenticator
) -> None:
    account = enrolled(db, ann, phone)

    def check(answer: str, after: float = 0) -> WrongCode | None:
        at = START + timedelta(seconds=after)
        return second_step.check_passkey(db, account, lambda: accepted(db, account, answer), at=at, device=None)

    for _ in range(5):
        assert check("wrong") == WrongCode()
    assert check("wrong") == WrongCode(timedelta(seconds=15))
    assert second_step.check(db, KEYS, account, "wrong", at=START, device=None) == WrongCode(timedelta(seconds=15))
    [event] = db.events.find({"what": "sign-in throttled"})
    assert (event["subject"], event["details"]) == ("ann", {"counted": "code"})
    assert check(phone.get(asked(db, account))) is None
    assert check("wrong") == WrongCode(), "the count begins again"


# --- removing ------------------------------------------------------------------------------------------------------


def test_the_last_one_switches_the_second_factor_off(db: Db, ann: Account, phone: Authenticator) -> None:
    account = enrolled(db, ann, phone)
    account = enrolled(db, account, Authenticator(PARTY.origin), "a key")
    first, second = passkeys.passkeys_of(db, "ann")
    rest = passkeys.remove(db, account, first.key)
    assert (rest.second_factor, rest.passkeys) == (True, 1)
    assert not accepted(db, rest, phone.get(asked(db, rest)))
    with pytest.raises(NotFound):
        passkeys.remove(db, rest, first.key)
    with pytest.raises(Conflict):
        passkeys.remove(db, account, second.key)
    off = passkeys.remove(db, rest, second.key)
    assert (off.second_factor, off.recovery_codes) == (False, 0)
    assert told(db)[-2:] == ["passkey removed", "second factor off"]


def test_a_reset_takes_passkeys_away_too(db: Db, ann: Account, phone: Authenticator) -> None:
    account = enrolled(db, ann, phone)
    step = second_step.begin(db, account, START)
    answer = phone.get(asked(db, account, token=step))
    second_factor.reset(db, "ann", by="Bob")
    assert passkeys.passkeys_of(db, "ann") == []
    assert second_step.pending(db, step, START) is None
    assert not accepted(db, changes.existing(db, "ann"), answer, token=step)
