"""That the owner of a session was at the screen a moment ago: the password, and the second factor if there is one.

A session that was left open must not be enough to give an account a passkey, or to take one away. `attempts` has it for
the session's cookie.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from app.access import sessions
from core.accounts.account import Account
from core.stores.embedded_mongo import milliseconds
from core.stores.mongo import Db, reachable

LASTS = timedelta(minutes=10)


def confirm(db: Db, token: str, account: Account, at: datetime) -> None:
    """Note that the owner was checked. Raises Unavailable."""
    stored = {"user": account.name, "until": milliseconds(at + LASTS)}
    with reachable():
        db.attempts.update_one({"_id": _id(token)}, {"$set": stored}, upsert=True)


def confirmed(db: Db, token: str, account: Account, at: datetime) -> bool:
    """Whether the owner was checked in this session a moment ago. Raises Unavailable."""
    with reachable():
        found = db.attempts.find_one({"_id": _id(token), "until": {"$gt": milliseconds(at)}})
    return found is not None and found["user"] == account.name


def _id(token: str) -> str:
    return f"confirmed:{sessions.key(token)}"
