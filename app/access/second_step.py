"""The second step of a sign-in: a code or a passkey, after the password was right.

Between the two steps a browser has a cookie that opens nothing but the second step, for a few minutes; `attempts` has
its hash. Only who knows the password comes here, so wrong codes have counts of their own: of the account, from wherever
they come, or of a browser in which a code was right before. A right password does not end them. Passkeys that are not
accepted count among them, but no wait holds up a right one: nobody guesses a signature, so a wait would only help who
wants to keep the owner out.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.access import attempts, devices, sessions
from app.access.attempts import Key
from app.shell.appliance import SessionLimits
from core.accounts import second_factor
from core.accounts.account import Account
from core.accounts.one_time_codes import KeyRing
from core.stores import event_log
from core.stores.embedded_mongo import milliseconds
from core.stores.events import Event
from core.stores.mongo import Db, reachable

COOKIE = "callwise_step"
LASTS = timedelta(minutes=10)
"""How long after the password the code may be typed."""


@dataclass(frozen=True)
class WrongCode:
    """A code that was not accepted. With a `wait`, it was not checked; the person has to wait that long."""

    wait: timedelta = timedelta(0)


def begin(db: Db, account: Account, at: datetime) -> str:
    """The password was right; returns the token for the second step, the only copy. Raises Unavailable."""
    token = secrets.token_urlsafe(32)
    step = {"_id": _id(token), "user": account.name, "epoch": account.epoch, "until": milliseconds(at + LASTS)}
    with reachable():
        db.attempts.insert_one(step)
    return token


def pending(db: Db, token: str | None, at: datetime) -> Account | None:
    """The account whose password was right; None if that is too long ago or the account changed. Raises Unavailable."""
    if not token:
        return None
    with reachable():
        step = db.attempts.find_one({"_id": _id(token), "until": {"$gt": milliseconds(at)}})
        user = db.users.find_one({"_id": step["user"]}, {"hash": 0}) if step else None
    if step is None or user is None or user["disabled"] or user["epoch"] != step["epoch"]:
        return None
    account = Account.from_document(user)
    return account if account.second_factor else None


def complete(
    db: Db,
    keys: KeyRing | None,
    token: str,
    account: Account,
    code: str,
    *,
    at: datetime,
    limits: SessionLimits,
    device: str | None,
) -> tuple[str, str] | WrongCode:
    """Open the session of the `pending` account if `code` is right; returns its token and the browser's.

    Raises Unavailable, SettingsError.
    """
    if refused := check(db, keys, account, code, at=at, device=device):
        return refused
    return finish(db, token, account, at=at, limits=limits, device=device)


def finish(
    db: Db, token: str, account: Account, *, at: datetime, limits: SessionLimits, device: str | None
) -> tuple[str, str]:
    """Open the session of the `pending` account, whose code or passkey was right; returns its token and the browser's.

    Raises Unavailable.
    """
    with reachable():
        db.attempts.delete_one({"_id": _id(token)})
    return enter(db, account, at=at, limits=limits, device=device, code=True)


def enter(
    db: Db, account: Account, *, at: datetime, limits: SessionLimits, device: str | None, code: bool = False
) -> tuple[str, str]:
    """Open a session after the last step, which was one with a `code` or not; returns its token and the browser's.

    Raises Unavailable.
    """
    device = devices.remember(db, device, account.name, at, code=code)
    token = sessions.open_session(db, account, at, limits)
    # Without the address: events are kept for ever. The door's log has it for as long as its files last.
    event_log.append(db, who=account.shown, what=Event.SIGNED_IN, subject=account.name)
    return token, device


def check(
    db: Db, keys: KeyRing | None, account: Account, code: str, *, at: datetime, device: str | None
) -> WrongCode | None:
    """Why `code` is not accepted for the account, or None: it is, once. Counts the attempt.

    Raises Unavailable, SettingsError.
    """
    key = Key.of_code(account.name, devices.known(db, device, account.name, at, code=True))
    attempts.prune(db, at)
    if wait := attempts.remaining_wait(db, key, at):
        return WrongCode(timedelta(seconds=wait))
    counted = attempts.count(db, key, at)
    if counted.wait:
        return WrongCode(timedelta(seconds=counted.wait))
    if second_factor.accept(db, keys, account.name, code, at) is None:
        if counted.failures == key.free:
            attempts.log_throttling(db, key, account.name)
        return WrongCode()
    attempts.forget(db, key)
    return None


def check_passkey(
    db: Db, account: Account, accepted: Callable[[], bool], *, at: datetime, device: str | None
) -> WrongCode | None:
    """Why the answer of a passkey is not accepted for the account, or None if `accepted` says that it is.

    Counts the answers that are not. Raises Unavailable.
    """
    key = Key.of_code(account.name, devices.known(db, device, account.name, at, code=True))
    attempts.prune(db, at)
    if accepted():
        attempts.forget(db, key)
        return None
    if wait := attempts.remaining_wait(db, key, at):
        return WrongCode(timedelta(seconds=wait))
    counted = attempts.count(db, key, at)
    if counted.failures == key.free:
        attempts.log_throttling(db, key, account.name)
    return WrongCode(timedelta(seconds=counted.wait))


def _id(token: str) -> str:
    return f"step:{sessions.key(token)}"
