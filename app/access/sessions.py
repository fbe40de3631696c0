"""Sessions: who is signed in, in which browser. `sessions` stores them by the SHA-256 of the browser's token.

The token itself is stored nowhere, so reading the database or a copy of it signs nobody in. A session ends after a
while without activity, at a maximum age, when its owner signs out, and when the account's `epoch` changes.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta

from app.shell.appliance import SessionLimits
from core.accounts.account import Account
from core.stores.mongo import Db, count, reachable

TOUCH = timedelta(minutes=1)  # precision of a session's last activity


def open_session(db: Db, account: Account, at: datetime, limits: SessionLimits) -> str:
    """Begin a session; returns its token (256 bits), the only copy. Raises Unavailable."""
    token = secrets.token_urlsafe(32)
    stamp = int(at.timestamp())
    ends = stamp + int(limits.lifetime.total_seconds())
    session = {"_id": key(token), "user": account.name, "epoch": account.epoch, "seen": stamp, "ends": ends}
    with reachable():
        db.sessions.delete_many({"ends": {"$lt": stamp}})
        db.sessions.insert_one(session)
    return token


def account_of(
    db: Db, token: str | None, at: datetime, limits: SessionLimits, *, active: bool = True
) -> Account | None:
    """The account of the token's session; None without one, or if it has ended. Raises Unavailable.

    `active`: a person did something, so the idle time starts again.
    """
    if not token:
        return None
    stamp = int(at.timestamp())
    with reachable():
        session = db.sessions.find_one({"_id": key(token)})
        if session is None or stamp >= session["ends"] or stamp - session["seen"] >= limits.idle.total_seconds():
            return None
        user = db.users.find_one({"_id": session["user"]}, {"hash": 0})
        if user is None or user["disabled"] or user["epoch"] != session["epoch"]:
            return None
        if active and stamp - session["seen"] >= TOUCH.total_seconds():
            db.sessions.update_one({"_id": session["_id"]}, {"$max": {"seen": stamp}})
    return Account.from_document(user)


def carry_over(db: Db, token: str, account: Account) -> None:
    """Continue this session under the account's new epoch, which its owner caused. Raises Unavailable."""
    with reachable():
        db.sessions.update_one({"_id": key(token), "user": account.name}, {"$set": {"epoch": account.epoch}})


def end_session(db: Db, token: str) -> None:
    """End the session of `token`. Raises Unavailable."""
    with reachable():
        db.sessions.delete_one({"_id": key(token)})


def count_others(db: Db, token: str, account: Account, at: datetime, limits: SessionLimits) -> int:
    """How many other sessions of the account are open. Raises Unavailable."""
    stamp = int(at.timestamp())
    idle = stamp - int(limits.idle.total_seconds())
    mine = {"user": account.name, "epoch": account.epoch, "ends": {"$gt": stamp}, "seen": {"$gt": idle}}
    with reachable():
        return count(db.sessions, mine) - count(db.sessions, {**mine, "_id": key(token)})


def key(token: str) -> str:
    """The key that stores a session. It needs no salt: the token is random."""
    return hashlib.sha256(token.encode()).hexdigest()
