"""My account: a second factor is switched on by a code, its recovery codes are shown once, and it is switched off."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from datetime import timedelta

import pytest

from app.accounts import own_factor
from core.accounts import passkeys, second_factor
from core.accounts.account import Role
from core.accounts.changes import existing
from core.accounts.directory import add, find
from core.accounts.one_time_codes import KeyRing, code_at
from core.accounts.passkeys import Passkey
from core.clock import now
from core.stores.mongo import Db
from tests.people import PASSWORD
from tests.screens import Draw, drawn, tables, texts

pytestmark = pytest.mark.mongo
KEY, SECRET = "a-key-of-these-tests", b"12345678901234567890"


@pytest.fixture
def screen(db: Db, monkeypatch: pytest.MonkeyPatch) -> Iterator[Draw]:
    add(db, "ann", "Ann", Role.ENGINEER, by="tests", password=PASSWORD, must_change=False)
    add(db, "bob", "Bob", Role.ENGINEER, by="tests", password=PASSWORD, must_change=False)
    add(db, "sue", "Sue", Role.MANAGER, by="tests", subject="https://id.example|1")
    with drawn(db, monkeypatch, "accounts.my_account", CALLWISE_SECOND_FACTOR_KEY=KEY) as draw:
        yield draw


def switched_on(db: Db, name: str = "ann") -> list[str]:
    account, before = find(db, name), now() - timedelta(minutes=2)
    assert account is not None
    return second_factor.turn_on(db, KeyRing(KEY), account, SECRET, code_at(SECRET, before), before)[1]


def has_factor(db: Db, name: str = "ann") -> bool:
    found = find(db, name)
    assert found is not None
    return found.second_factor


def test_it_is_switched_on_by_a_code_of_the_app(screen: Draw, db: Db) -> None:
    test = screen()
    test.button(key="factor-begin").click().run()
    typed, address = (code.value for code in test.code)
    secret = base64.b32decode(typed.replace(" ", ""))
    assert typed.replace(" ", "") in address
    test.text_input(key="factor_code").set_value("000000")
    test.button(key="factor-on").click().run()
    assert "This code is not right" in texts(test)
    assert not has_factor(db)
    test.text_input(key="factor_code").set_value(code_at(secret, now()))
    test.button(key="factor-on").click().run()
    assert "Your second factor is on." in texts(test)
    assert has_factor(db)
    [codes] = [code.value.split("\n") for code in test.code]
    assert len(codes) == 10
    test.button(key="factor-kept").click().run()
    assert not test.code
    assert "10 recovery codes are left." in texts(test)
    assert second_factor.accept(db, None, "ann", codes[0], now())


def test_what_was_begun_can_be_left(screen: Draw, db: Db) -> None:
    test = screen()
    test.button(key="factor-begin").click().run()
    test.button(key="factor-cancel").click().run()
    assert not test.code
    assert not has_factor(db)


@pytest.mark.parametrize("button", ["factor-off", "factor-renew"])
def test_nothing_changes_without_the_password_and_a_code(screen: Draw, db: Db, button: str) -> None:
    codes = switched_on(db)
    before = db.users.find_one({"_id": "ann"})
    test = screen()
    for password, code, said in (
        ("wrong", code_at(SECRET, now()), "The current password is incorrect."),
        (PASSWORD, "000000", "This code is not right"),
        (PASSWORD, "", "This code is not right"),
    ):
        test.text_input(key="factor_password").set_value(password)
        test.text_input(key="factor_own_code").set_value(code)
        test.button(key=button).click().run()
        assert said in texts(test)
    assert db.users.find_one({"_id": "ann"}) == before
    test.text_input(key="factor_password").set_value(PASSWORD)
    test.text_input(key="factor_own_code").set_value(code_at(SECRET, now()))
    test.button(key=button).click().run()
    assert has_factor(db) is (button == "factor-renew")
    assert second_factor.accept(db, None, "ann", codes[0], now()) is None


def passkey(db: Db, name: str = "ann") -> list[str]:
    """The account has a passkey; these are its recovery codes."""
    made = Passkey(b"an id", b"a key", 0, "my *phone*", now())
    return passkeys.add(db, existing(db, name), made)[1]


def test_passkeys_are_listed_with_the_way_to_their_page(screen: Draw, db: Db, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALLWISE_APP_PAGE", "https://calls.example.org:8443")
    monkeypatch.setattr(own_factor, "_address", lambda: "http://calls.example.org:8443")
    assert "Add a passkey" in texts(screen())
    passkey(db)
    shown = texts(screen())
    assert "On. A sign-in needs your password and a passkey." in shown
    assert "my *phone* · since" in shown
    assert "never used" in shown
    assert 'href="/account/passkey"' in shown
    monkeypatch.setattr(own_factor, "_address", lambda: "http://192.0.2.7:8443")
    elsewhere = texts(screen())
    assert "Passkeys belong to https://calls.example.org:8443. Open the app there." in elsewhere
    assert "href" not in elsewhere


def test_an_app_is_added_to_passkeys_by_their_owner_alone(screen: Draw, db: Db) -> None:
    codes = passkey(db)
    test = screen()
    test.text_input(key="factor_password").set_value(PASSWORD)
    test.text_input(key="factor_own_code").set_value("wrong")
    test.button(key="factor-app").click().run()
    assert "This code is not right" in texts(test)
    test.text_input(key="factor_password").set_value(PASSWORD)
    test.text_input(key="factor_own_code").set_value(codes[0])
    test.button(key="factor-app").click().run()
    secret = base64.b32decode(test.code[0].value.replace(" ", ""))
    test.text_input(key="factor_code").set_value(code_at(secret, now()))
    test.button(key="factor-on").click().run()
    account = existing(db, "ann")
    assert (account.has_codes, account.passkeys, account.recovery_codes) == (True, 1, 9)
    assert not test.code, "the recovery codes stay, so none are shown"
    assert "A passkey works instead of a code." in texts(test)


def test_switching_off_ends_passkeys_too(screen: Draw, db: Db) -> None:
    codes = passkey(db)
    test = screen()
    test.text_input(key="factor_password").set_value(PASSWORD)
    test.text_input(key="factor_own_code").set_value(codes[0])
    test.button(key="factor-off").click().run()
    assert not has_factor(db)
    assert passkeys.passkeys_of(db, "ann") == []


def test_the_single_sign_on_has_its_own(screen: Draw) -> None:
    test = screen("Sue")
    assert "A second factor is its affair." in texts(test)
    assert "factor-begin" not in {button.key for button in test.button}


def test_without_a_key_nobody_has_one(screen: Draw, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CALLWISE_SECOND_FACTOR_KEY")
    test = screen()
    assert "CALLWISE_SECOND_FACTOR_KEY is not set" in texts(test)
    assert "factor-begin" not in {button.key for button in test.button}


def test_engineers_see_who_has_one_and_reset_it_for_somebody_else(db: Db, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ann", "bob"):
        add(db, name, name.title(), Role.ENGINEER, by="tests", password=PASSWORD, must_change=False)
    switched_on(db, "bob")
    with drawn(db, monkeypatch, "accounts") as draw:
        test = draw()
        shown = test.table[0].value
        assert list(shown["Second factor"]) == ["off", "on"]
        test.selectbox(key="account_chosen").select("ann").run()
        assert "account-factor-reset" not in {button.key for button in test.button}
        test.selectbox(key="account_chosen").select("bob").run()
        test.button(key="account-factor-reset").click().run()
        assert "Bob has no second factor any more." in texts(test)
        assert "on" not in tables(test).split()
    assert not has_factor(db, "bob")
    [event] = db.events.find({"what": "second factor reset"})
    assert (event["who"], event["subject"]) == ("Ann", "bob")


def test_ones_own_is_not_reset_under_accounts(db: Db, monkeypatch: pytest.MonkeyPatch) -> None:
    add(db, "ann", "Ann", Role.ENGINEER, by="tests", password=PASSWORD, must_change=False)
    switched_on(db)
    with drawn(db, monkeypatch, "accounts") as draw:
        test = draw()
        test.selectbox(key="account_chosen").select("ann").run()
        assert "account-factor-reset" not in {button.key for button in test.button}
