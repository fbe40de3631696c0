"""Sign-in with a login name and a password.

Every refusal gives the same message after the same work, whether the name, the password or the account was wrong.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from app.access import attempts, sessions
from app.access.attempts import Key
from app.shell.appliance import SessionLimits
from core.accounts import passwords
from core.accounts.account import Account, login_name
from core.accounts.changes import rehash
from core.stores import event_log
from core.stores.events import Event
from core.stores.mongo import Db, Document, reachable


@dataclass(frozen=True)
class SignedIn:
    """A successful sign-in, with the session's token."""

    account: Account
    token: str


@dataclass(frozen=True)
class Refused:
    """A refused sign-in. With a `wait`, the password was not checked; the person has to wait that long."""

    wait: timedelta = timedelta(0)


def sign_in(
    db: Db, name: str, password: str, *, address: str | None, at: datetime, limits: SessionLimits
) -> SignedIn | Refused:
    """Open a session if the name and password are right. Raises Unavailable."""
    account = verify(db, login_name(name)[:200], password, address=address, at=at)
    if isinstance(account, Refused):
        return account
    token = sessions.open_session(db, account, at, limits)
    event_log.append(db, who=account.shown, what=Event.SIGNED_IN, subject=account.name, address=address)
    return SignedIn(account, token)


def verify(db: Db, name: str, password: str, *, address: str | None, at: datetime) -> Account | Refused:
    """The account with this name and password. Counts the attempt. Raises Unavailable."""
    keys = [Key.of_name(name), *([Key.of_address(address)] if address else [])]
    attempts.prune(db, at)
    if wait := max(attempts.remaining_wait(db, key, at) for key in keys):
        return Refused(timedelta(seconds=wait))
    counted = [attempts.count(db, key, at) for key in keys]
    if wait := max(attempt.wait for attempt in counted):
        return Refused(timedelta(seconds=wait))
    with reachable():
        user = db.users.find_one({"_id": name})
    right = passwords.matches(user["hash"] if user else None, password[: passwords.MOST * 4])  # always the same work
    if user is None or user["disabled"] or not right:
        for attempt in counted:
            if attempt.failures == attempt.key.free:  # the first that makes one wait
                _log_throttling(db, attempt.key, user, address)
        return Refused()
    attempts.forget(db, keys[0])
    for attempt in counted[1:]:
        attempts.uncount(db, attempt)
    if passwords.outdated(user["hash"]):
        rehash(db, name, user["hash"], password)
    return Account.from_document(user)


def _log_throttling(db: Db, key: Key, user: Document | None, address: str | None) -> None:
    """Log that a wait begins, without the name if no account has it: it may be a password."""
    event_log.append(
        db,
        who="nobody",
        what=Event.SIGN_IN_THROTTLED,
        subject=str(user["_id"]) if user else "an unknown login name",
        why=f"{key.free} attempts failed",
        address=address,
        counted=key.id.partition(":")[0],
    )
