"""Who is at this screen, and what they may do.

The browser holds a cookie that no script can read; the database says whose session that is, and whether it still is
one. `begin` asks at the start of every run of a page, `app.shell.notices` before everything that a button does and
before a part of a page that is drawn alone: a session that ended, or another role, counts from the next click on.
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
    """Nobody is signed in at this screen, any more or yet."""


def begin(house: Appliance) -> Account:
    """Find out who is at this screen. Raises SignedOut, Unavailable."""
    st.session_state[_HOUSE] = house
    return check()


def check(*, active: bool = True) -> Account:
    """Look once more; `active`: because a person did something. Raises SignedOut, Unavailable."""
    house: Appliance | None = st.session_state.get(_HOUSE)
    found = sessions.holder(house.db, token(), now(), house.limits, active=active) if house else None
    before: Account | None = st.session_state.get(_ACCOUNT)
    # Another account: somebody else signed in with this browser, and the page was drawn for the one before.
    if found is None or (before is not None and before.name != found.name):
        raise SignedOut(_("You are not signed in any more."), kept=_("Nothing was changed."), next=_("Sign in again."))
    st.session_state[_ACCOUNT] = found
    return found


def signed_in() -> Account:
    """The account that is signed in. Raises SignedOut."""
    account: Account | None = st.session_state.get(_ACCOUNT)
    return account if account is not None else check()


def current_agent() -> str:
    """The name of the person at this screen, as colleagues see it and as their calls are kept."""
    return signed_in().shown


def may(role: Role) -> bool:
    """Whether the person at this screen is a `role`, or more than that."""
    return _RANK[signed_in().role] >= _RANK[role]


def require(role: Role) -> Account:
    """The account at this screen, looked up anew. Raises Forbidden unless it is a `role` or more, SignedOut."""
    account = check()
    if not may(role):
        raise Forbidden(
            _("Your account may not do that."),
            kept=_("Nothing was changed."),
            next=_("Ask somebody who may; an engineer can change what your account may do."),
        )
    return account


def house() -> Appliance:
    """The appliance that this screen is of. Raises SignedOut before `begin`."""
    found: Appliance | None = st.session_state.get(_HOUSE)
    if found is None:
        raise SignedOut(_("You are not signed in any more."))
    return found


def token() -> str | None:
    """What the browser brought along."""
    found: str | None = st.context.cookies.get(COOKIE)
    return found
