"""The page Accounts: accounts are made and changed, and nobody locks themselves out."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from core.accounts import passwords
from core.accounts.account import Role
from core.accounts.directory import add, find
from core.stores.mongo import Db
from tests.people import PASSWORD
from tests.screens import Draw, drawn, tables, texts

pytestmark = pytest.mark.mongo


@pytest.fixture
def screen(db: Db, monkeypatch: pytest.MonkeyPatch) -> Iterator[Draw]:
    """Ann, an engineer, looks at the accounts; Tom is an agent."""
    add(db, "ann", "Ann", Role.ENGINEER, by="tests", password=PASSWORD, must_change=False)
    add(db, "tom", "Tom", Role.AGENT, by="tests", password=PASSWORD, must_change=False)

    with drawn(db, monkeypatch, "accounts") as draw:
        yield draw


def kept(db: Db, name: str) -> str:
    found = db.users.find_one({"_id": name})
    assert found is not None
    return str(found["hash"])


def test_an_account_is_made_and_its_first_password_is_shown_once(screen: Draw, db: Db) -> None:
    test = screen()
    test.text_input(key="account_name").set_value("eva.stein")
    test.text_input(key="account_shown").set_value("Eva Stein")
    test.button(key="account-make").click().run()
    assert not test.exception
    assert "Eva Stein can sign in now." in texts(test)
    [password] = [code.value for code in test.code]
    assert passwords.matches(kept(db, "eva.stein"), password)
    made = find(db, "eva.stein")
    assert made is not None
    assert (made.role, made.must_change) == (Role.AGENT, True)
    test.run()
    assert not test.code
    assert "Eva Stein" in tables(test)


def test_somebodys_password_is_made_anew(screen: Draw, db: Db) -> None:
    test = screen()
    test.selectbox(key="account_chosen").select("tom").run()
    test.button(key="account-reset-go").click().run()
    [password] = [code.value for code in test.code]
    assert passwords.matches(kept(db, "tom"), password)
    assert not passwords.matches(kept(db, "tom"), PASSWORD)


def test_ones_own_password_is_not_lost_by_a_click(screen: Draw, db: Db) -> None:
    test = screen()
    test.selectbox(key="account_chosen").select("tom").run()
    test.selectbox(key="account_chosen").select("ann").run()
    assert "account-reset-go" not in {button.key for button in test.button}
    assert "Change your own password under *My account*." in texts(test)
    assert passwords.matches(kept(db, "ann"), PASSWORD)


def test_a_role_is_given_and_an_account_disabled_and_enabled(screen: Draw, db: Db) -> None:
    test = screen()
    test.selectbox(key="account_chosen").select("tom").run()
    test.selectbox(key="account-role-tom").select(Role.MANAGER).run()
    test.button(key="account-save-role").click().run()
    assert "Tom is now: Manager." in texts(test)
    test.button(key="account-disable").click().run()
    assert "Tom cannot sign in any more." in texts(test)
    test.button(key="account-enable").click().run()
    now = find(db, "tom")
    assert now is not None
    assert (now.role, now.disabled) == (Role.MANAGER, False)
