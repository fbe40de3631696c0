"""The person at this screen, and what they may do.

The browser has a cookie that no script can read; the database knows the session behind it, and whether that still
lasts. `begin` checks this at every run of a page, `app.access.boundary` before a button's action and before a fragment.
So the end of a session, or a new role, takes effect at the next click.
"""

from __future__ import annotations

import streamlit as st

from app.access import sessions
from app.language import _
from app.shell.appliance import Appliance
from core.accounts.account import Account, Role
from core.clock import now
from core.errors import Forbidden

COOKIE = "callwise_session"
_HOUSE, _ACCOUNT = "identity_house", "identity_account"
_RANK = {role: rank for rank, role in enumerate(Role)}


class SignedOut(Forbidden):
    """Nobody is signed in at this screen."""


def begin(house: Appliance) -> Account:
    """Identify the person at this screen. Raises SignedOut, Unavailable."""
    st.session_state[_HOUSE] = house
    return check()


def check(*, active: bool = True) -> Account:
    """Check the session again; `active`: a person did something. Raises SignedOut, Unavailable."""
    house: Appliance | None = st.session_state.get(_HOUSE)
    account = sessions.account_of(house.db, token(), now(), house.limits, active=active) if house else None
    before: Account | None = st.session_state.get(_ACCOUNT)
    # If another person has signed in with this browser, the page was drawn for the account before.
    if account is None or (before is not None and before.name != account.name):
        raise SignedOut(_("You are not signed in any more."), kept=_("Nothing was changed."), next=_("Sign in again."))
    st.session_state[_ACCOUNT] = account
    return account


def signed_in() -> Account:
    """The account of this screen, as last checked. Raises SignedOut."""
    account: Account | None = st.session_state.get(_ACCOUNT)
    return account if account is not None else check()


def current_agent() -> str:
    """The name of the person at this screen, as colleagues and recorded calls show it."""
    return signed_in().shown


def may(role: Role) -> bool:
    """Whether the person at this screen has `role` or a higher one."""
    return _RANK[signed_in().role] >= _RANK[role]


def require(role: Role) -> Account:
    """The account of this screen, checked again. Raises Forbidden unless it has `role` or a higher one, SignedOut."""
    account = check()
    if not may(role):
        raise Forbidden(
            _("Your account may not do that."),
            kept=_("Nothing was changed."),
            next=_("Ask a colleague who may, or ask an engineer to change your role."),
        )
    return account


def appliance() -> Appliance:
    """The appliance of this screen. Raises SignedOut before `begin`."""
    appliance: Appliance | None = st.session_state.get(_HOUSE)
    if appliance is None:
        raise SignedOut(_("You are not signed in any more."))
    return appliance


def token() -> str | None:
    """The session's token from the browser's cookie."""
    cookie: str | None = st.context.cookies.get(COOKIE)
    return cookie
