"""People who are signed in, without the form: an account and a session of theirs on the test's own database."""

from __future__ import annotations

from playwright.sync_api import Page

from app.identity import COOKIE
from core.accounts import Account, Role, add, find
from core.clock import now
from core.mongo import Db
from core.sessions import Limits, open_session

PASSWORD = "correct horse battery staple"


def account(db: Db, shown: str = "Ann", role: Role = Role.MANAGER) -> Account:
    """The account of somebody called `shown`, made where there is none. It has no password; `with_password` has."""
    name = shown.lower().replace(" ", ".")
    return find(db, name) or add(db, name, shown, role, by="tests")


def signed_in(db: Db, shown: str = "Ann", role: Role = Role.MANAGER) -> str:
    """The token of a new session of `shown`."""
    return open_session(db, account(db, shown, role), now(), Limits())


def enter(page: Page, app: str, db: Db, shown: str = "Ann", role: Role = Role.MANAGER) -> None:
    """Let the browser have the session's cookie; what it opens next is opened as `shown`."""
    cookie = {"name": COOKIE, "value": signed_in(db, shown, role), "url": app, "httpOnly": True, "sameSite": "Lax"}
    page.context.add_cookies([cookie])  # type: ignore[list-item]
