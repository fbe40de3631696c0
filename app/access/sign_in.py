"""Sign-in with a login name and a password; a second step follows where the account has a second factor.

Every refusal gives the same message after the same work, whether the name, the password or the account was wrong.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from app.access import attempts, devices, second_step
from app.access.attempts import Key
from app.shell.appliance import SessionLimits
from core.accounts import passwords
from core.accounts.account import Account, login_name
from core.accounts.changes import rehash
from core.stores.mongo import Db, reachable


@dataclass(frozen=True)
class SignedIn:
    """A successful sign-in, with the session's token and that of the browser (`app.access.devices`)."""

    account: Account
    token: str
    device: str


@dataclass(frozen=True)
class CodeNeeded:
    """The password was right; `step` is the token for `app.access.second_step`."""

    step: str


@dataclass(frozen=True)
class Refused:
    """A refused sign-in. With a `wait`, the password was not checked; the person has to wait that long."""

    wait: timedelta = timedelta(0)


def sign_in(
    db: Db,
    name: str,
    password: str,
    *,
    address: str | None,
    at: datetime,
    limits: SessionLimits,
    device: str | None = None,
) -> SignedIn | CodeNeeded | Refused:
    """Open a session if the name and password are right, or begin the second step of an account that has one.

    `device`: the browser's cookie. Raises Unavailable.
    """
    name = login_name(name)[:200]
    account = verify(db, name, password, address=address, at=at, device=device)
    if isinstance(account, Refused):
        return account
    if account.second_factor:
        return CodeNeeded(second_step.begin(db, account, at))
    token, known = second_step.enter(db, account, at=at, limits=limits, device=device)
    return SignedIn(account, token, known)


def verify(
    db: Db, name: str, password: str, *, address: str | None, at: datetime, device: str | None = None
) -> Account | Refused:
    """The account with this name and password. Counts the attempt. Raises Unavailable."""
    own = devices.known(db, device, name, at)
    shared = [Key.of_pair(name, address), *([Key.of_address(address)] if address else []), Key.of_name(name)]
    keys = [Key.of_device(own)] if own else shared
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
                attempts.log_throttling(db, attempt.key, str(user["_id"]) if user else None)
        return Refused()
    attempts.forget(db, keys[0])
    for attempt in counted[1:]:
        attempts.uncount(db, attempt, more=counted[0].failures - 1)
    if passwords.outdated(user["hash"]):
        rehash(db, name, user["hash"], password)
    return Account.from_document(user)
