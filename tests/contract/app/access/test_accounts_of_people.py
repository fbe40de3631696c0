"""Accounts, sessions and attempts on a real store."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from argon2 import PasswordHasher

from app.access import attempts, devices, sessions
from app.access.attempts import Key
from app.access.sessions import account_of, open_session
from app.access.sign_in import CodeNeeded, Refused, SignedIn, sign_in
from app.shell.appliance import SessionLimits
from core.accounts import changes as account_changes
from core.accounts import passwords
from core.accounts.account import Account, Role
from core.accounts.directory import add, all_accounts, find
from core.clock import now
from core.errors import Conflict, InputError, NotFound
from core.stores import event_log
from core.stores.mongo import Db

pytestmark = pytest.mark.mongo

GOOD, OTHER = "correct horse battery staple", "tinker tailor soldier sailor"
START = now()
LIMITS = SessionLimits(idle=timedelta(hours=1), lifetime=timedelta(hours=8))


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same hash with little work: what is looked at here is everything around it."""
    monkeypatch.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))


@pytest.fixture
def ann(db: Db) -> Account:
    return add(db, "ann", "Ann Lee", Role.ENGINEER, by="tests", password=GOOD, must_change=False)


def enter(
    db: Db,
    name: str = "ann",
    password: str = GOOD,
    *,
    after: float = 0,
    address: str | None = "10.0.0.1",
    device: str | None = None,
) -> SignedIn | CodeNeeded | Refused:
    at = START + timedelta(seconds=after)
    return sign_in(db, name, password, address=address, at=at, limits=LIMITS, device=device)


def told(db: Db) -> list[str]:
    return [str(event["what"]) for event in db.events.find({}).sort([("_id", 1)])]


# --- accounts ------------------------------------------------------------------------------------------------------


def test_the_first_password_is_to_be_changed_and_no_secret_is_in_the_events(db: Db) -> None:
    made = add(db, " Ann.Lee ", " Ann   Lee ", Role.AGENT, by="tests", password=GOOD)
    assert (made.name, made.shown, made.must_change) == ("ann.lee", "Ann Lee", True)
    found = find(db, "ANN.LEE")
    assert found == made
    text = str(list(db.events.find({})))
    assert GOOD not in text
    assert "argon2" not in text


@pytest.mark.parametrize("name", ["", "a b", "ann/lee", "-ann", "Ännë", "a" * 65, "$where"])
def test_what_cannot_be_a_login_name(db: Db, name: str) -> None:
    with pytest.raises(InputError, match="cannot be a login name"):
        add(db, name, "Ann", Role.AGENT, by="tests")
    assert all_accounts(db) == []


@pytest.mark.parametrize("shown", ["", "   ", "x" * 41, "Import", "monitor"])
def test_what_cannot_be_a_shown_name(db: Db, shown: str) -> None:
    with pytest.raises(InputError, match="cannot be a name that others see"):
        add(db, "ann", shown, Role.AGENT, by="tests")


@pytest.mark.parametrize(("name", "shown", "taken"), [("ann", "Bob", "login name"), ("bob", "ANN LEE", "'ANN LEE'")])
def test_no_two_accounts_share_a_name(db: Db, ann: Account, name: str, shown: str, taken: str) -> None:
    with pytest.raises(Conflict, match=taken):
        add(db, name, shown, Role.AGENT, by="tests")
    assert all_accounts(db) == [ann]


def test_the_last_engineer_stays_one(db: Db, ann: Account) -> None:
    add(db, "bob", "Bob", Role.MANAGER, by="tests")
    with pytest.raises(Conflict, match="last engineer"):
        account_changes.set_role(db, "ann", Role.AGENT, by="Ann Lee")
    with pytest.raises(Conflict, match="last engineer"):
        account_changes.set_disabled(db, "ann", True, by="Ann Lee")
    assert find(db, "ann") == ann
    account_changes.set_role(db, "bob", Role.ENGINEER, by="Ann Lee")
    assert account_changes.set_role(db, "ann", Role.AGENT, by="Bob").role is Role.AGENT


def test_a_disabled_engineer_is_none_of_the_engineers(db: Db, ann: Account) -> None:
    add(db, "bob", "Bob", Role.ENGINEER, by="tests")
    account_changes.set_disabled(db, "bob", True, by="Ann Lee")
    with pytest.raises(Conflict, match="last engineer"):
        account_changes.set_role(db, "ann", Role.MANAGER, by="Ann Lee")
    account_changes.set_role(db, "bob", Role.AGENT, by="Ann Lee")


def test_two_engineers_who_demote_each_other_do_not_both_succeed(db: Db) -> None:
    for round_ in range(5):
        names = [f"a{round_}", f"b{round_}"]
        db.users.delete_many({})
        for name in names:
            add(db, name, name, Role.ENGINEER, by="tests")

        def demote(name: str) -> bool:
            try:
                account_changes.set_role(db, name, Role.AGENT, by="the other")
            except Conflict:
                return False
            return True

        with ThreadPoolExecutor(2) as pool:
            done = list(pool.map(demote, names))
        left = [account.name for account in all_accounts(db) if account.role is Role.ENGINEER]
        assert left, done
        assert len(left) == 2 - sum(done)


def test_who_may_look_after_whom() -> None:
    may = {role: [other for other in Role if Account("x", "X", role).may_administer(other)] for role in Role}
    assert may == {Role.AGENT: [], Role.MANAGER: [Role.AGENT], Role.ENGINEER: list(Role)}


def test_of_an_account_that_is_not_there_nothing_is_changed(db: Db) -> None:
    with pytest.raises(NotFound):
        account_changes.set_role(db, "nobody", Role.AGENT, by="tests")
    with pytest.raises(NotFound):
        account_changes.reset_password(db, "nobody", by="tests")
    assert all_accounts(db) == []


# --- sign-in -------------------------------------------------------------------------------------------------------


def test_a_right_password_opens_a_session(db: Db, ann: Account) -> None:
    done = enter(db, " ANN ")
    assert isinstance(done, SignedIn)
    assert account_of(db, done.token, START, LIMITS) == ann
    assert told(db) == ["account made", "signed in"]
    assert done.token not in str([*db.sessions.find({}), *db.events.find({})]), "the token itself is kept nowhere"


@pytest.mark.parametrize("name", ["ann", "nobody", "ann lee", ""])
def test_whoever_is_refused_is_told_the_same(db: Db, ann: Account, name: str) -> None:
    waits = [enter(db, name, "wrong") for _ in range(6)]
    assert waits == [Refused()] * 5 + [Refused(timedelta(seconds=15))]


def test_a_disabled_account_is_refused_like_a_wrong_password(db: Db, ann: Account) -> None:
    add(db, "bob", "Bob", Role.ENGINEER, by="tests", password=GOOD)
    account_changes.set_disabled(db, "ann", True, by="Bob")
    assert enter(db) == Refused()


def test_an_account_without_a_password_opens_with_none(db: Db) -> None:
    add(db, "ann", "Ann", Role.AGENT, by="tests")
    assert [enter(db, password=password) for password in ("", "None", "null")] == [Refused()] * 3


def test_after_five_failures_the_right_password_waits_too_and_then_opens(db: Db, ann: Account) -> None:
    for _ in range(5):
        assert enter(db, password="wrong") == Refused()
    assert enter(db) == Refused(timedelta(seconds=15))
    assert enter(db, after=14) == Refused(timedelta(seconds=1)), "being refused meanwhile makes it no longer"
    assert enter(db, password="wrong", after=15) == Refused()
    assert enter(db, after=44) == Refused(timedelta(seconds=1))
    assert isinstance(enter(db, after=45), SignedIn)
    assert enter(db, password="wrong", after=46) == Refused(), "and the count starts anew"


def test_it_is_told_once_when_somebody_has_to_wait(db: Db, ann: Account) -> None:
    for after in range(0, 10_000, 1000):
        enter(db, password="wrong", after=after)
    assert told(db).count("sign-in throttled") == 1
    event = db.events.find_one({"what": "sign-in throttled"})
    assert event is not None
    assert (event["subject"], event["details"]) == ("ann", {"counted": "pair"})


def test_no_address_stays_in_the_events(db: Db, ann: Account) -> None:
    for number in range(60):
        enter(db, f"name{number % 12}", "wrong")
    assert isinstance(enter(db, after=3600), SignedIn)
    assert told(db).count("sign-in throttled") > 1
    assert "10.0.0.1" not in str([*db.events.find({})])


def test_a_password_typed_as_a_name_is_written_nowhere(db: Db, ann: Account) -> None:
    for _ in range(8):
        enter(db, "my-secret-passw0rd", "ann")
    assert "my-secret" not in str([*db.events.find({}), *db.attempts.find({})])


def test_an_address_is_throttled_whatever_names_it_tries(db: Db, ann: Account) -> None:
    for number in range(50):
        assert enter(db, f"name{number}", "wrong") == Refused()
    assert enter(db) == Refused(timedelta(seconds=15))
    assert isinstance(enter(db, address="10.0.0.2"), SignedIn)
    assert isinstance(enter(db, address=None), SignedIn), "where no address is known, the name alone counts"


def device_of(done: SignedIn | CodeNeeded | Refused) -> str:
    assert isinstance(done, SignedIn)
    return done.device


def test_a_prankster_elsewhere_makes_nobody_wait(db: Db, ann: Account) -> None:
    """With 100 wrong passwords for her name: also where she never signed in before."""
    for second in range(0, 100_000, 1_000):
        enter(db, password="wrong", address="10.0.0.66", after=second)
    assert isinstance(enter(db, after=100_000), SignedIn)


def test_a_prankster_at_the_same_address_makes_a_known_browser_wait_for_nothing(db: Db, ann: Account) -> None:
    hers = device_of(enter(db))
    for _ in range(5):
        assert enter(db, password="wrong", after=1) == Refused()
    assert enter(db, after=1) == Refused(timedelta(seconds=15)), "a browser that is not known waits"
    assert device_of(enter(db, after=1, device=hers)) == hers


def test_many_addresses_together_are_slowed_down_and_a_known_browser_is_not(db: Db, ann: Account) -> None:
    """200 failures a day for one name; then any other browser waits, and hers does not."""
    hers = device_of(enter(db))
    for number in range(200):
        assert enter(db, password="wrong", address=f"10.1.{number}.1") == Refused()
    assert enter(db, address="10.2.0.1") == Refused(timedelta(seconds=15))
    assert isinstance(enter(db, address="10.2.0.1", device=hers), SignedIn)


def test_an_office_that_types_wrongly_two_hundred_times_a_day_is_not_locked_out(db: Db) -> None:
    """40 people, who each type it wrongly five times, and sign in."""
    for number in range(40):
        add(db, f"agent{number}", f"Agent {number}", Role.AGENT, by="tests", password=GOOD, must_change=False)
    for number in range(40):
        at = number * 600
        for _ in range(4):
            assert enter(db, f"agent{number}", "wrong", after=at) == Refused()
        assert isinstance(enter(db, f"agent{number}", after=at + 1), SignedIn)
        assert enter(db, f"agent{number}", "wrong", after=at + 2) == Refused()
        assert isinstance(enter(db, f"agent{number}", after=at + 3), SignedIn)


def test_a_known_browser_is_known_for_its_name_alone_and_guesses_slowly_itself(db: Db, ann: Account) -> None:
    add(db, "bob", "Bob", Role.AGENT, by="tests", password=OTHER, must_change=False)
    hers = device_of(enter(db))
    for _ in range(5):
        assert enter(db, "bob", "wrong", device=hers) == Refused()
    assert enter(db, "bob", OTHER, device=hers) == Refused(timedelta(seconds=15)), "it is not known for Bob"
    for _ in range(5):
        assert enter(db, password="wrong", device=hers) == Refused()
    assert enter(db, device=hers) == Refused(timedelta(seconds=15))
    assert isinstance(enter(db, device=hers, after=15), SignedIn)


@pytest.mark.parametrize("device", ["", "guessed", "x" * 5000])
def test_a_cookie_that_was_not_given_out_helps_nobody(db: Db, ann: Account, device: str) -> None:
    for _ in range(5):
        assert enter(db, password="wrong", device=device) == Refused()
    assert enter(db, device=device) == Refused(timedelta(seconds=15))


def test_a_browser_is_known_for_ninety_days(db: Db, ann: Account) -> None:
    hers = device_of(enter(db))
    assert devices.known(db, hers, "ann", START + devices.KNOWN - timedelta(hours=1))
    assert not devices.known(db, hers, "ann", START + devices.KNOWN)
    assert hers not in str([*db.attempts.find({})]), "the cookie itself is kept nowhere"
    for after in (86_400 * 2, 86_400 * 4):
        enter(db, "bob", "wrong", after=after)
    assert devices.known(db, hers, "ann", START), "counts are forgotten after a day, and it is not"


def test_a_team_behind_one_address_that_signs_in_is_not_throttled(db: Db, ann: Account) -> None:
    assert all(isinstance(enter(db), SignedIn) for _ in range(60))
    assert [*db.attempts.find({"failures": {"$exists": True}})] == [], "who signs in leaves no count behind"


def test_the_slips_of_a_team_behind_one_address_do_not_add_up_for_ever(db: Db, ann: Account) -> None:
    hours = 3600
    for hour in range(60):  # each of them signs in at the second try
        assert enter(db, password="wrong", after=hour * hours) == Refused()
        assert isinstance(enter(db, after=hour * hours + 1), SignedIn)


def test_whoever_signs_in_does_not_make_the_others_wait(db: Db, ann: Account) -> None:
    for number in range(50):
        enter(db, f"name{number}", "wrong")
    assert isinstance(enter(db, after=15), SignedIn)
    assert isinstance(enter(db, after=16), SignedIn)


def test_yesterdays_failures_are_forgotten(db: Db, ann: Account) -> None:
    for _ in range(5):
        enter(db, password="wrong")
    tomorrow = attempts.FORGET.total_seconds() + 1
    assert [enter(db, password="wrong", after=tomorrow) for _ in range(5)] == [Refused()] * 5


def test_of_many_attempts_at_once_each_is_counted(db: Db) -> None:
    key = Key.of_pair("ann", None)
    with ThreadPoolExecutor(20) as pool:
        counted = list(pool.map(lambda _: attempts.count(db, key, START), range(20)))
    assert sorted(one.failures for one in counted) == list(range(1, 21))
    assert sum(one.wait == 0 for one in counted) == 5
    found = db.attempts.find_one({"_id": key.id})
    assert found is not None
    assert found["failures"] == 20


def test_of_many_guesses_at_once_five_are_looked_at(db: Db, ann: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[str] = []
    matches = passwords.matches

    def looking(kept: str | None, guess: str) -> bool:
        looked.append(guess)
        return matches(kept, guess)

    monkeypatch.setattr(passwords, "matches", looking)
    with ThreadPoolExecutor(20) as pool:
        done = list(pool.map(lambda n: enter(db, password=f"guess {n}"), range(20)))
    assert len(looked) == 5
    assert done.count(Refused()) == 5


def test_an_outdated_hash_is_made_anew_and_no_session_ends(
    db: Db, ann: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = enter(db)
    before = db.users.find_one({"_id": "ann"})
    monkeypatch.setattr(passwords, "_hasher", PasswordHasher(time_cost=2, memory_cost=64, parallelism=1))
    assert isinstance(enter(db), SignedIn)
    after = db.users.find_one({"_id": "ann"})
    assert before is not None
    assert after is not None
    assert "t=1" in before["hash"]
    assert "t=2" in after["hash"]
    assert isinstance(enter(db), SignedIn)
    assert isinstance(first, SignedIn)
    assert account_of(db, first.token, START, LIMITS) == ann


# --- sessions ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("token", [None, "", "made up", "x" * 100_000])
def test_no_other_token_is_a_session(db: Db, ann: Account, token: str | None) -> None:
    open_session(db, ann, START, LIMITS)
    assert account_of(db, token, START, LIMITS) is None


def test_what_is_kept_of_a_token_is_no_token(db: Db, ann: Account) -> None:
    open_session(db, ann, START, LIMITS)
    kept = db.sessions.find_one({})
    assert kept is not None
    assert account_of(db, kept["_id"], START, LIMITS) is None


def test_a_session_ends_when_nobody_does_anything(db: Db, ann: Account) -> None:
    token = open_session(db, ann, START, LIMITS)
    for minutes in (59, 118, 177):
        assert account_of(db, token, START + timedelta(minutes=minutes), LIMITS) == ann
    for minutes in (200, 220):  # what the page does by itself keeps nobody signed in
        assert account_of(db, token, START + timedelta(minutes=minutes), LIMITS, active=False) == ann
    assert account_of(db, token, START + timedelta(minutes=237), LIMITS) is None


def test_a_session_ends_at_an_age_whatever_is_done(db: Db, ann: Account) -> None:
    token = open_session(db, ann, START, LIMITS)
    for minutes in range(0, 480, 30):
        assert account_of(db, token, START + timedelta(minutes=minutes), LIMITS) == ann
    assert account_of(db, token, START + timedelta(hours=8), LIMITS) is None
    open_session(db, ann, START + timedelta(hours=9), LIMITS)
    assert len(list(db.sessions.find({}))) == 1, "what has ended is not kept"


def test_signing_out_ends_this_session_and_no_other(db: Db, ann: Account) -> None:
    here, there = (open_session(db, ann, START, LIMITS) for _ in range(2))
    assert sessions.count_others(db, here, ann, START, LIMITS) == 1
    sessions.end_session(db, here)
    assert account_of(db, here, START, LIMITS) is None
    assert account_of(db, there, START, LIMITS) == ann


CHANGES: dict[str, Callable[[Db], object]] = {
    "role": lambda db: account_changes.set_role(db, "bob", Role.MANAGER, by="Ann"),
    "disabled": lambda db: account_changes.set_disabled(db, "bob", True, by="Ann"),
    "reset": lambda db: account_changes.reset_password(db, "bob", by="Ann"),
    "chosen": lambda db: account_changes.choose_password(db, Account("bob", "Bob", Role.AGENT), OTHER),
    "ended": lambda db: account_changes.end_sessions(db, Account("bob", "Bob", Role.AGENT)),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_ends_every_session_of_an_account_and_of_nobody_else(db: Db, ann: Account, change: str) -> None:
    bob = add(db, "bob", "Bob", Role.AGENT, by="tests", password=GOOD)
    hers, his = open_session(db, ann, START, LIMITS), [open_session(db, bob, START, LIMITS) for _ in range(3)]
    CHANGES[change](db)
    assert [account_of(db, token, START, LIMITS) for token in his] == [None] * 3
    assert account_of(db, hers, START, LIMITS) == ann


def test_whoever_changes_their_password_stays_signed_in_there(db: Db, ann: Account) -> None:
    here, there = (open_session(db, ann, START, LIMITS) for _ in range(2))
    changed = account_changes.choose_password(db, ann, OTHER)
    sessions.carry_over(db, here, changed)
    assert account_of(db, here, START, LIMITS) == changed
    assert account_of(db, there, START, LIMITS) is None
    assert sessions.count_others(db, here, changed, START, LIMITS) == 0
    assert enter(db) == Refused()
    assert isinstance(enter(db, password=OTHER), SignedIn)


def test_a_weak_password_is_not_taken(db: Db, ann: Account) -> None:
    with pytest.raises(InputError, match="is not accepted"):
        account_changes.choose_password(db, ann, "password1234")
    assert isinstance(enter(db), SignedIn)


def test_nobody_can_carry_a_session_over_to_another_account(db: Db, ann: Account) -> None:
    bob = add(db, "bob", "Bob", Role.AGENT, by="tests")
    token = open_session(db, bob, START, LIMITS)
    sessions.carry_over(db, token, account_changes.end_sessions(db, ann))
    assert account_of(db, token, START, LIMITS) == bob


def test_all_of_it_is_in_the_events_and_they_are_whole(db: Db, ann: Account) -> None:
    add(db, "bob", "Bob", Role.AGENT, by="Ann Lee", password=GOOD)
    for change in CHANGES.values():
        change(db)
    account_changes.set_disabled(db, "bob", False, by="Ann Lee")
    assert told(db) == [
        *("account made", "account made", "role changed", "account disabled", "password reset"),
        *("password changed", "sessions ended", "account enabled"),
    ]
    assert event_log.first_broken(db) is None


def test_a_clock_that_was_put_back_makes_nobody_wait_who_has_not_failed_too_often(db: Db, ann: Account) -> None:
    for _ in range(4):
        enter(db, password="wrong", after=3600)
    assert isinstance(enter(db), SignedIn)
