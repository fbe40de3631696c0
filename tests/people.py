"""People who are signed in, without the form: an account and a session of theirs on the test's own database."""

from __future__ import annotations

import pytest
import streamlit as st
from playwright.sync_api import Page
from streamlit.testing.v1 import AppTest

from app.access import identity
from app.access.sessions import open_session
from app.shell.appliance import SessionLimits
from core.accounts.account import Account, Role
from core.accounts.directory import add, find
from core.clock import now
from core.stores.mongo import Db

PASSWORD = "correct horse battery staple"


def account(db: Db, shown: str = "Ann", role: Role = Role.MANAGER) -> Account:
    """The account of somebody called `shown`, made where there is none. It has no password; `with_password` has."""
    name = shown.lower().replace(" ", ".")
    return find(db, name) or add(db, name, shown, role, by="tests")


def signed_in(db: Db, shown: str = "Ann", role: Role = Role.MANAGER) -> str:
    """The token of a new session of `shown`."""
    return open_session(db, account(db, shown, role), now(), SessionLimits())


def enter(page: Page, app: str, db: Db, shown: str = "Ann", role: Role = Role.MANAGER) -> None:
    """Let the browser have the session's cookie; what it opens next is opened as `shown`."""
    cookie = {
        "name": identity.COOKIE,
        "value": signed_in(db, shown, role),
        "url": app,
        "httpOnly": True,
        "sameSite": "Lax",
    }
    page.context.add_cookies([cookie])  # type: ignore[list-item]


def cookies_from_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let Streamlit's test runner, which is no browser, bring the token that `sit_down` gave it."""
    monkeypatch.setattr(identity, "token", lambda: st.session_state.get("token_of_test"))


def sit_down(test: AppTest, db: Db, shown: str = "Ann", role: Role = Role.MANAGER) -> AppTest:
    """The page is opened by `shown`, who is signed in. Needs `cookies_from_tests`."""
    test.session_state["token_of_test"] = signed_in(db, shown, role)
    return test
