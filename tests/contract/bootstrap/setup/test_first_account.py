"""The first account, and the way back in from the command line; with the rights that the app has, and no others."""

from __future__ import annotations

from datetime import timedelta

import pytest
from argon2 import PasswordHasher

from app.access import sessions
from app.access.sessions import account_of
from app.access.sign_in import CodeNeeded, Refused, SignedIn, sign_in
from app.shell.appliance import SessionLimits
from bootstrap.setup.accounts import arguments, ensure_first, run, temporary_account, waits_for_first
from core.accounts import changes as account_changes
from core.accounts import directory, passwords, second_factor
from core.accounts.account import Role
from core.accounts.directory import find
from core.accounts.one_time_codes import KeyRing, code_at
from core.clock import now
from core.errors import CallwiseError, Conflict, InputError, NotFound
from core.stores.mongo import Db
from tests.contract.core.calls.test_call_rights import beyond
from tests.people import PASSWORD
from tests.questions import listened_to

pytestmark = pytest.mark.mongo
OTHER = "tinker tailor soldier sailor"
KEYS, SECRET = KeyRing("a key of these tests"), b"12345678901234567890"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))


def enter(db: Db, name: str, password: str) -> SignedIn | CodeNeeded | Refused:
    return sign_in(db, name, password, address=None, at=now(), limits=SessionLimits())


def command(db: Db, *words: str) -> str:
    return run(db, arguments(list(words)), "somebody at the server")


def test_an_appliance_without_accounts_is_given_one_and_never_again(db: Db) -> None:
    assert ensure_first(db, PASSWORD) == "the first account, admin"
    assert waits_for_first(db)
    assert ensure_first(db, OTHER) == "1 accounts"
    assert isinstance(enter(db, "admin", PASSWORD), SignedIn)
    admin = find(db, "admin")
    assert admin is not None
    assert (admin.role, admin.must_change) == (Role.ENGINEER, True)
    account_changes.choose_password(db, admin, OTHER)
    assert not waits_for_first(db)
    ensure_first(db, PASSWORD)
    assert enter(db, "admin", PASSWORD) == Refused(), "a start never puts the first password back"


def test_where_others_have_accounts_none_is_made(db: Db) -> None:
    directory.add(db, "ann", "Ann", Role.AGENT, by="tests")
    ensure_first(db, PASSWORD)
    assert find(db, "admin") is None
    assert not waits_for_first(db)


def test_without_a_password_to_make_it_with_that_is_said(db: Db) -> None:
    assert "no ADMIN_PASSWORD" in ensure_first(db, None)
    assert find(db, "admin") is None


def test_the_way_back_in(db: Db) -> None:
    ensure_first(db, PASSWORD)
    done = enter(db, "admin", PASSWORD)
    assert isinstance(done, SignedIn)
    said = command(db, "reset", "Admin")
    password = said.split(": ")[1].split("\n")[0]
    assert account_of(db, done.token, now(), SessionLimits()) is None
    assert enter(db, "admin", PASSWORD) == Refused()
    assert isinstance(enter(db, "admin", password), SignedIn)
    assert password not in str(list(db.events.find({})))


def switch_factor_on(db: Db, name: str) -> None:
    account, before = account_changes.existing(db, name), now() - timedelta(minutes=2)
    second_factor.turn_on(db, KEYS, account, SECRET, code_at(SECRET, before), before)


def test_accounts_from_the_command_line(db: Db) -> None:
    assert command(db, "list") == "There is no account."
    said = command(db, "add", "ann", "Ann Lee", "manager")
    assert isinstance(enter(db, "ann", said.rsplit(" ", 1)[1]), SignedIn)
    account_changes.set_disabled(db, "ann", True, by="tests")
    assert "disabled" in command(db, "list")
    switch_factor_on(db, "ann")
    assert "second factor" in command(db, "list")
    assert "has no second factor any more" in command(db, "reset-factor", "ann")
    assert "second factor" not in command(db, "list")
    assert "disabled" not in command(db, "enable", "ann")
    for words, error in (
        (("reset", "nobody"), NotFound),
        (("reset-factor", "ann"), InputError),
        (("add", "ann", "Other", "agent"), Conflict),
    ):
        with pytest.raises(error):
            command(db, *words)


def test_a_visitor_is_let_in_only_as_long_as_it_is_needed(db: Db) -> None:
    for _ in range(2):
        with temporary_account(db, "check", Role.AGENT) as (name, password):
            done = enter(db, name, password)
            assert isinstance(done, SignedIn)
            assert not done.account.must_change
            assert done.account.shown == "check"
        assert account_of(db, done.token, now(), SessionLimits()) is None
        assert enter(db, name, password) == Refused()


def test_a_visitor_takes_nobodys_name(db: Db) -> None:
    directory.add(db, "ann", "Ann", Role.AGENT, by="tests", password=PASSWORD)
    with pytest.raises(CallwiseError), temporary_account(db, "Ann", Role.ENGINEER):
        raise AssertionError("it was let in under somebody's name")
    assert isinstance(enter(db, "ann", PASSWORD), SignedIn)


def test_the_app_may_do_what_signing_in_and_looking_after_accounts_do(db: Db) -> None:
    ann = directory.add(db, "ann", "Ann", Role.ENGINEER, by="tests", password=PASSWORD)
    with listened_to(db) as (heard, questions):
        directory.add(heard, "bob", "Bob", Role.AGENT, by="Ann", password=OTHER)
        assert enter(heard, "bob", "wrong") == Refused()
        done = enter(heard, "bob", OTHER)
        assert isinstance(done, SignedIn)
        assert account_of(heard, done.token, now() + timedelta(minutes=2), SessionLimits()) == done.account
        account_changes.set_role(heard, "bob", Role.MANAGER, by="Ann")
        account_changes.reset_password(heard, "bob", by="Ann")
        switch_factor_on(heard, "bob")
        for code in (code_at(SECRET, now()), "wrong"):
            second_factor.accept(heard, KEYS, "bob", code, now())
        second_factor.reset(heard, "bob", by="Ann")
        sessions.carry_over(heard, done.token, account_changes.end_sessions(heard, ann))
        sessions.end_session(heard, done.token)
    assert beyond("app", questions) == set()
