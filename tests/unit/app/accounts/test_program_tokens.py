"""Tokens of programs on the page Accounts: made once, shown once, revoked at once, and by engineers alone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from core.accounts import tokens
from core.accounts.account import Role
from core.accounts.directory import add
from core.accounts.tokens import Scope
from core.stores.mongo import Db
from tests.people import PASSWORD
from tests.screens import Draw, drawn, tables, texts

pytestmark = pytest.mark.mongo


@pytest.fixture
def screen(db: Db, monkeypatch: pytest.MonkeyPatch) -> Iterator[Draw]:
    """Ann, an engineer, looks at the accounts."""
    add(db, "ann", "Ann", Role.ENGINEER, by="tests", password=PASSWORD, must_change=False)
    with drawn(db, monkeypatch, "accounts") as draw:
        yield draw


def test_a_token_is_shown_once_and_opens_what_was_chosen(screen: Draw, db: Db) -> None:
    test = screen()
    test.text_input(key="token_name").set_value("dialler")
    test.multiselect(key="token_scopes").set_value([Scope.CALLS, Scope.CONTACTS])
    test.button(key="token-make").click().run()
    assert not test.exception
    [secret] = [code.value for code in test.code]
    made = tokens.find(db, secret)
    assert made is not None
    assert (made.name, made.scopes, made.made_by) == ("dialler", frozenset({Scope.CALLS, Scope.CONTACTS}), "Ann")
    test.run()
    assert not test.code
    assert "calls, contacts" in tables(test)
    assert secret not in str(list(db.events.find({})))


def test_a_token_without_a_right_or_with_a_name_given_before_is_not_made(screen: Draw, db: Db) -> None:
    test = screen()
    test.text_input(key="token_name").set_value("dialler")
    test.button(key="token-make").click().run()
    assert "A token without a right opens nothing." in texts(test)
    tokens.make(db, "dialler", [Scope.READ], days=3, by="Ann")
    test.multiselect(key="token_scopes").set_value([Scope.CALLS])
    test.button(key="token-make").click().run()
    assert "There was a token 'dialler' before." in texts(test)
    assert len(tokens.all_tokens(db)) == 1


def test_a_token_is_revoked(screen: Draw, db: Db) -> None:
    secret, _ = tokens.make(db, "dialler", [Scope.READ], days=3, by="Ann")
    test = screen()
    test.button(key="token-revoke-go").click().run()
    assert "The token dialler is revoked." in texts(test)
    found = tokens.find(db, secret)
    assert found is not None
    assert found.revoked is not None
    assert [event["who"] for event in db.events.find({"what": "token revoked"})] == ["Ann"]
    assert "token-revoke-go" not in {button.key for button in test.button}


def test_a_manager_sees_no_token(db: Db, monkeypatch: pytest.MonkeyPatch) -> None:
    tokens.make(db, "dialler", [Scope.READ], days=3, by="Ann")
    with drawn(db, monkeypatch, "accounts") as draw:
        test = draw("Mia")
        assert not test.exception
        assert "Access for programs" not in texts(test)
        assert "dialler" not in tables(test)
