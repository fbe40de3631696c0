"""Signing in with a name and a password.

Whoever is refused is told the same, after the same work, whether the name, the password or the account was at fault.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from app.access import attempts, sessions
from app.access.attempts import Key
from app.shell.appliance import SessionLimits
from core.accounts import passwords
from core.accounts.account import Account, tidy
from core.accounts.changes import rehash
from core.stores import event_log
from core.stores.events import Event
from core.stores.mongo import Db, Document, reachable


@dataclass(frozen=True)
class Entered:
    """Signed in, with the token of the session."""

    account: Account
    token: str


@dataclass(frozen=True)
class Refused:
    """Not signed in: wrong, or, with a `wait`, not even looked at before that time has passed."""

    wait: timedelta = timedelta(0)


def sign_in(
    db: Db, name: str, password: str, *, address: str | None, at: datetime, limits: SessionLimits
) -> Entered | Refused:
    """Open a session for whoever has the name and the password. Raises Unavailable."""
    name = tidy(name)[:200]
    found = proven(db, name, password, address=address, at=at)
    if isinstance(found, Refused):
        return found
    token = sessions.open_session(db, found, at, limits)
    event_log.append(db, who=found.shown, what=Event.SIGNED_IN, subject=found.name, address=address)
    return Entered(found, token)


def proven(db: Db, name: str, password: str, *, address: str | None, at: datetime) -> Account | Refused:
    """The account whose name and password these are; the attempt is counted. Raises Unavailable."""
    keys = [Key.of_name(name), *([Key.of_address(address)] if address else [])]
    attempts.prune(db, at)
    if wait := max(attempts.left(db, key, at) for key in keys):
        return Refused(timedelta(seconds=wait))
    counted = [attempts.count(db, key, at) for key in keys]
    if wait := max(one.wait for one in counted):
        return Refused(timedelta(seconds=wait))
    with reachable():
        user = db.users.find_one({"_id": name})
    right = passwords.matches(user["hash"] if user else None, password[: passwords.MOST * 4])  # always the same work
    if user is None or user["disabled"] or not right:
        for one in counted:
            if one.failures == one.key.free:
                _tell(db, one.key, user, address)
        return Refused()
    attempts.forget(db, keys[0])
    for one in counted[1:]:
        attempts.take_back(db, one)
    if passwords.outdated(user["hash"]):
        rehash(db, name, user["hash"], password)
    return Account.from_document(user)


def _tell(db: Db, key: Key, user: Document | None, address: str | None) -> None:
    """Once, when one begins to have to wait. A name that is no account's is not told: it may be a password."""
    subject = str(user["_id"]) if user else "a name that is no account's"
    event_log.append(
        db,
        who="nobody",
        what=Event.SIGN_IN_THROTTLED,
        subject=subject,
        why=f"{key.free} attempts failed",
        address=address,
        counted=key.id.partition(":")[0],
    )
