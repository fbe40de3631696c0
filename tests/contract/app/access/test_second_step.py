"""The second factor on a real store: a code counts once, wrong ones wait, and recovery codes are used up."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from argon2 import PasswordHasher

from app.access import second_step
from app.access.second_step import WrongCode, pending
from app.access.sessions import account_of, open_session
from app.access.sign_in import CodeNeeded, Refused, SignedIn, sign_in
from app.shell.appliance import SessionLimits
from core.accounts import changes, one_time_codes, passwords, second_factor
from core.accounts.account import Account, Role
from core.accounts.directory import add, find
from core.accounts.one_time_codes import KeyRing, code_at
from core.accounts.second_factor import FactorRules
from core.clock import now
from core.errors import Conflict, InputError, NotFound, SettingsError
from core.stores.mongo import Db

pytestmark = pytest.mark.mongo

PASSWORD = "correct horse battery staple"
KEYS = KeyRing("a key of these tests")
SECRET = b"12345678901234567890"
START = now()
LIMITS = SessionLimits()
WRONG = "not-a-code"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same hash with little work."""
    monkeypatch.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))


@pytest.fixture
def plain_ann(db: Db) -> Account:
    return add(db, "ann", "Ann Lee", Role.ENGINEER, by="tests", password=PASSWORD, must_change=False)


@pytest.fixture
def recovery(db: Db, plain_ann: Account) -> list[str]:
    """Ann has a second factor since a minute ago; these are her recovery codes."""
    before = START - timedelta(minutes=1)
    return second_factor.turn_on(db, KEYS, plain_ann, SECRET, code_at(SECRET, before), before)[1]


def ann(db: Db) -> Account:
    found = find(db, "ann")
    assert found is not None
    return found


def password(db: Db, after: float = 0, device: str | None = None, given: str = PASSWORD) -> str:
    """The right password; returns the token of the second step."""
    at = START + timedelta(seconds=after)
    done = sign_in(db, "ann", given, address="10.0.0.1", at=at, limits=LIMITS, device=device)
    assert isinstance(done, CodeNeeded), done
    return done.step


def code(
    db: Db, typed: str | None = None, after: float = 0, step: str | None = None, device: str | None = None
) -> tuple[str, str] | WrongCode:
    """The second step with `typed`, or with the code of that moment."""
    at = START + timedelta(seconds=after)
    step = step or password(db, after)
    typed = code_at(SECRET, at) if typed is None else typed
    return second_step.complete(db, KEYS, step, ann(db), typed, at=at, limits=LIMITS, device=device)


def told(db: Db) -> list[str]:
    return [str(event["what"]) for event in db.events.find({}).sort([("_id", 1)])]


# --- switching on --------------------------------------------------------------------------------------------------


def test_it_is_off_until_a_code_shows_that_the_app_has_the_secret(db: Db, plain_ann: Account) -> None:
    with pytest.raises(InputError, match="not right"):
        second_factor.turn_on(db, KEYS, plain_ann, SECRET, "000000", START)
    assert find(db, "ann") == plain_ann
    changed, recovery = second_factor.turn_on(db, KEYS, plain_ann, SECRET, code_at(SECRET, START), START)
    assert (changed.second_factor, changed.recovery_codes, len(recovery)) == (True, 10, 10)
    assert changed.epoch == plain_ann.epoch + 1, "whoever is signed in without it has to sign in again"
    assert told(db)[-1] == "second factor on"


def test_no_secret_and_no_recovery_code_is_readable_in_the_database(db: Db, recovery: list[str]) -> None:
    kept = str([*db.users.find({}), *db.events.find({})])
    for secret in (SECRET.decode(), one_time_codes.typed(SECRET).replace(" ", ""), *recovery):
        assert secret not in kept
        assert one_time_codes.plain(secret) not in kept


def test_of_two_windows_that_switch_it_on_at_once_one_succeeds(db: Db, plain_ann: Account) -> None:
    def turn_on(secret: bytes) -> bool:
        try:
            second_factor.turn_on(db, KEYS, plain_ann, secret, code_at(secret, START), START)
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(turn_on, [bytes([n]) * 20 for n in range(4)])) == 1


def test_who_uses_the_single_sign_on_has_none_here(db: Db) -> None:
    sue = add(db, "sue", "Sue", Role.MANAGER, by="tests", subject="https://id.example|1")
    with pytest.raises(Conflict):
        second_factor.turn_on(db, KEYS, sue, SECRET, code_at(SECRET, START), START)
    assert not FactorRules(KEYS, required=True).must_enrol(sue)


def test_who_must_switch_it_on(db: Db) -> None:
    accounts = {role: add(db, role, role.title(), role, by="tests", password=PASSWORD) for role in Role}
    must = {role: FactorRules(KEYS, required=True).must_enrol(account) for role, account in accounts.items()}
    assert must == {Role.AGENT: False, Role.MANAGER: True, Role.ENGINEER: True}
    assert not any(FactorRules(KEYS).must_enrol(account) for account in accounts.values())
    assert not any(FactorRules(None, required=True).must_enrol(account) for account in accounts.values())


# --- signing in ----------------------------------------------------------------------------------------------------


def test_the_password_alone_opens_nothing_and_makes_no_browser_known(db: Db, recovery: list[str]) -> None:
    step = password(db)
    assert db.sessions.find_one({}) is None
    assert account_of(db, step, START, LIMITS) is None
    assert not list(db.attempts.find({"_id": {"$regex": "^known:"}}))
    assert step not in str(list(db.attempts.find({})))
    assert "signed in" not in told(db)


def test_password_and_code_open_a_session(db: Db, recovery: list[str]) -> None:
    done = code(db)
    assert isinstance(done, tuple)
    assert account_of(db, done[0], START, LIMITS) == ann(db)
    assert told(db)[-1] == "signed in"
    assert db.attempts.find_one({"_id": {"$regex": "^step:"}}) is None


def test_a_code_counts_once(db: Db, recovery: list[str]) -> None:
    shown = code_at(SECRET, START)
    assert isinstance(code(db, shown), tuple)
    assert code(db, shown) == WrongCode()
    assert code(db, shown, after=20) == WrongCode()
    assert code(db, code_at(SECRET, START - timedelta(seconds=30)), after=1) == WrongCode(), "nor an earlier one"
    assert isinstance(code(db, after=60), tuple)


def test_the_code_that_switched_it_on_signs_nobody_in(db: Db, plain_ann: Account) -> None:
    second_factor.turn_on(db, KEYS, plain_ann, SECRET, code_at(SECRET, START), START)
    assert code(db) == WrongCode()


def test_of_many_sign_ins_at_once_with_one_code_one_succeeds(db: Db, recovery: list[str]) -> None:
    steps, account, shown = [password(db) for _ in range(4)], ann(db), code_at(SECRET, START)

    def enter(step: str) -> bool:
        done = second_step.complete(db, KEYS, step, account, shown, at=START, limits=LIMITS, device=None)
        return isinstance(done, tuple)

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(enter, steps)) == 1
    assert db.sessions.count_documents({}) == 1


def test_wrong_codes_wait_and_the_right_password_does_not_end_the_wait(db: Db, recovery: list[str]) -> None:
    for _ in range(5):
        assert code(db, "123") == WrongCode()
    step = password(db)
    assert code(db, step=step) == WrongCode(timedelta(seconds=15))
    assert code(db, step=step, after=14) == WrongCode(timedelta(seconds=1))
    assert code(db, WRONG, step=step, after=15) == WrongCode()
    assert code(db, after=44) == WrongCode(timedelta(seconds=1)), "also with a new first step"
    assert isinstance(code(db, after=45), tuple)
    [event] = db.events.find({"what": "sign-in throttled"})
    assert (event["subject"], event["details"]) == ("ann", {"counted": "code"})


def test_of_many_guesses_at_once_five_are_looked_at(
    db: Db, recovery: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[str] = []
    accept = second_factor.accept

    def looking(*given: object, **more: object) -> object:
        looked.append("")
        return accept(*given, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(second_factor, "accept", looking)
    account = ann(db)
    with ThreadPoolExecutor(20) as pool:
        list(
            pool.map(lambda n: second_step.check(db, KEYS, account, f"x{n}", at=START, device=None), range(20)),
        )
    assert len(looked) == 5


def test_a_thief_of_the_password_makes_a_known_browser_wait_for_nothing(db: Db, recovery: list[str]) -> None:
    done = code(db)
    assert isinstance(done, tuple)
    hers = done[1]
    for _ in range(5):
        assert code(db, WRONG, after=60) == WrongCode()
    assert isinstance(code(db, after=60), WrongCode)
    again = code(db, after=60, device=hers)
    assert isinstance(again, tuple)
    assert again[1] == hers


def test_browsers_that_were_known_before_it_was_on_share_the_count_of_the_account(db: Db, plain_ann: Account) -> None:
    """A thief of the password may have any number of them, each with guesses of its own."""
    before, known = START - timedelta(minutes=1), list[str]()
    for _ in range(6):
        done = sign_in(db, "ann", PASSWORD, address="10.0.0.1", at=before, limits=LIMITS)
        assert isinstance(done, SignedIn)
        known.append(done.device)
    second_factor.turn_on(db, KEYS, plain_ann, SECRET, code_at(SECRET, before), before)
    for device in known[:5]:
        assert code(db, WRONG, device=device) == WrongCode()
    assert code(db, WRONG, device=known[5]) == WrongCode(timedelta(seconds=15))
    # One of them is hers: from her first right code in it on it has a count of its own.
    assert isinstance(code(db, after=60, device=known[5]), tuple)
    for _ in range(5):
        assert code(db, WRONG, after=60) == WrongCode()
    assert code(db, WRONG, after=60, device=known[0]) == WrongCode(timedelta(seconds=15))
    assert code(db, WRONG, after=60, device=known[5]) == WrongCode()


@pytest.mark.parametrize("token", [None, "", "guessed"])
def test_without_the_first_step_there_is_no_second(db: Db, recovery: list[str], token: str | None) -> None:
    assert pending(db, token, START) is None


def test_the_first_step_ends_by_time_and_with_a_change_of_the_account(db: Db, recovery: list[str]) -> None:
    add(db, "bob", "Bob", Role.ENGINEER, by="tests", password=PASSWORD, must_change=False)
    step = password(db)
    assert pending(db, step, START + second_step.LASTS - timedelta(seconds=1)) == ann(db)
    assert pending(db, step, START + second_step.LASTS) is None
    changes.reset_password(db, "ann", by="Bob", password="another first password")
    assert pending(db, step, START) is None
    step = password(db, given="another first password")
    changes.set_disabled(db, "ann", True, by="Bob")
    assert pending(db, step, START) is None


def test_a_wrong_password_never_gets_to_the_second_step(db: Db, recovery: list[str]) -> None:
    done = sign_in(db, "ann", "wrong", address="10.0.0.1", at=START, limits=LIMITS)
    assert done == Refused()


# --- recovery codes ------------------------------------------------------------------------------------------------


def test_each_recovery_code_signs_in_once_and_it_is_told_how_many_are_left(db: Db, recovery: list[str]) -> None:
    assert isinstance(code(db, recovery[3].upper().replace("-", " ")), tuple)
    assert ann(db).recovery_codes == 9
    assert code(db, recovery[3]) == WrongCode()
    assert isinstance(code(db, recovery[4]), tuple)
    used = [event["details"] for event in db.events.find({"what": "recovery code used"})]
    assert used == [{"left": "9"}, {"left": "8"}]


def test_of_many_uses_of_a_recovery_code_at_once_one_succeeds(db: Db, recovery: list[str]) -> None:
    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(lambda _: second_factor.accept(db, KEYS, "ann", recovery[0], START), range(4)))
    assert sum(one is not None for one in done) == 1
    assert ann(db).recovery_codes == 9


def test_new_recovery_codes_end_the_earlier_ones(db: Db, recovery: list[str]) -> None:
    fresh = second_factor.renew_recovery(db, ann(db))
    assert code(db, recovery[0]) == WrongCode()
    assert isinstance(code(db, fresh[0]), tuple)
    assert "recovery codes renewed" in told(db)


def test_the_last_recovery_code_leaves_none_and_the_app_still_signs_in(db: Db, recovery: list[str]) -> None:
    for one in recovery:
        assert second_factor.accept(db, KEYS, "ann", one, START)
    assert (ann(db).recovery_codes, ann(db).second_factor) == (0, True)
    assert isinstance(code(db), tuple)


# --- switching off, and keys ---------------------------------------------------------------------------------------


def test_whoever_lost_it_is_helped_by_a_name_in_the_events(db: Db, recovery: list[str]) -> None:
    token = open_session(db, ann(db), START, LIMITS)
    second_factor.reset(db, " ANN ", by="Bob")
    assert not ann(db).second_factor
    assert account_of(db, token, START, LIMITS) is None
    done = sign_in(db, "ann", PASSWORD, address=None, at=START, limits=LIMITS)
    assert isinstance(done, SignedIn)
    [event] = db.events.find({"what": "second factor reset"})
    assert (event["who"], event["subject"]) == ("Bob", "ann")
    with pytest.raises(InputError, match="no second factor"):
        second_factor.reset(db, "ann", by="Bob")
    with pytest.raises(NotFound):
        second_factor.reset(db, "nobody", by="Bob")
    with pytest.raises(Conflict):
        second_factor.renew_recovery(db, ann(db))


def test_it_can_be_switched_on_again_with_another_secret(db: Db, recovery: list[str]) -> None:
    off = second_factor.turn_off(db, ann(db))
    assert (off.second_factor, told(db)[-1]) == (False, "second factor off")
    other = b"x" * 20
    second_factor.turn_on(db, KEYS, off, other, code_at(other, START), START)
    assert code(db, recovery[0]) == WrongCode()
    assert isinstance(code(db, code_at(other, START + timedelta(seconds=60)), after=60), tuple)


@pytest.mark.parametrize("keys", [None, KeyRing("another key")])
def test_without_its_key_recovery_codes_alone_sign_in(db: Db, recovery: list[str], keys: KeyRing | None) -> None:
    with pytest.raises(SettingsError, match="CALLWISE_SECOND_FACTOR_KEY"):
        second_factor.accept(db, keys, "ann", code_at(SECRET, START), START)
    assert second_factor.accept(db, keys, "ann", recovery[0], START) == "recovery"


def test_secrets_are_encrypted_again_under_a_new_key_and_nobody_notices(db: Db, recovery: list[str]) -> None:
    both, new = KeyRing("new,a key of these tests"), KeyRing("new")
    for _ in range(2):
        assert second_factor.reseal_all(db, both) == 1
    assert second_factor.accept(db, new, "ann", code_at(SECRET, START), START) == "clock"
    with pytest.raises(SettingsError):
        second_factor.reseal_all(db, KEYS)
    assert second_factor.accept(db, new, "ann", recovery[0], START) == "recovery"
