"""Sessions: who is signed in, in which browser. `sessions`, by the sha256 of the token that the browser holds.

The token itself is kept nowhere, so that nobody who reads the database, or a copy of it, is signed in by that.
A session ends when nobody did anything for a while, at an age, when its owner signs out, and with everything that moves
the account's `epoch` on.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta

from app.shell.appliance import SessionLimits
from core.accounts.account import Account
from core.stores.mongo import Db, count, reachable

TOUCH = timedelta(minutes=1)
"""How exactly it is kept when somebody last did something."""


def open_session(db: Db, account: Account, at: datetime, limits: SessionLimits) -> str:
    """Begin a session; returns its token (256 bits), which is told once. Raises Unavailable."""
    token = secrets.token_urlsafe(32)
    stamp = int(at.timestamp())
    with reachable():
        db.sessions.delete_many({"ends": {"$lt": stamp}})
        db.sessions.insert_one(
            {
                "_id": key(token),
                "user": account.name,
                "epoch": account.epoch,
                "seen": stamp,
                "ends": stamp + int(limits.lifetime.total_seconds()),
            }
        )
    return token


def holder(db: Db, token: str | None, at: datetime, limits: SessionLimits, *, active: bool = True) -> Account | None:
    """Whose session the token is of, or None if it is nobody's or has ended.

    `active`: a person did something, so the session lasts from now on. Raises Unavailable.
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
    """Let this session go on under the account's new epoch: that of the person who changed it. Raises Unavailable."""
    with reachable():
        db.sessions.update_one({"_id": key(token), "user": account.name}, {"$set": {"epoch": account.epoch}})


def end(db: Db, token: str) -> None:
    """Sign out. Raises Unavailable."""
    with reachable():
        db.sessions.delete_one({"_id": key(token)})


def others(db: Db, token: str, account: Account, at: datetime, limits: SessionLimits) -> int:
    """How many other sessions of the account are open. Raises Unavailable."""
    stamp = int(at.timestamp())
    idle = stamp - int(limits.idle.total_seconds())
    mine = {"user": account.name, "epoch": account.epoch, "ends": {"$gt": stamp}, "seen": {"$gt": idle}}
    with reachable():
        return count(db.sessions, mine) - count(db.sessions, {**mine, "_id": key(token)})


def key(token: str) -> str:
    """The key under which a session is kept. No salt: the token is random enough."""
    return hashlib.sha256(token.encode()).hexdigest()
