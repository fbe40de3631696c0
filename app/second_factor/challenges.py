"""Challenges that a passkey signs: each is used once, for one purpose, in the browser for which it was made.

`attempts` has one for each purpose and browser: for the cookie of the second step, or for that of a session. So a
second window makes the first one's challenge void, and nobody can fill the database with them.
"""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from enum import StrEnum

from app.access import sessions
from core.stores.embedded_mongo import milliseconds
from core.stores.mongo import Db, reachable

LASTS = timedelta(minutes=5)
"""How long after the page was drawn a passkey may sign its challenge."""
BYTES = 32


class Purpose(StrEnum):
    """What a passkey signs for. An answer for one is not accepted for another."""

    SIGN_IN = "sign-in"
    CONFIRM = "confirm"
    ADD = "add"


def make(db: Db, purpose: Purpose, token: str, name: str, at: datetime) -> bytes:
    """A challenge for the account `name` in the browser with this cookie. Raises Unavailable."""
    challenge = secrets.token_bytes(BYTES)
    stored = {"challenge": challenge.hex(), "user": name, "until": milliseconds(at + LASTS)}
    with reachable():
        db.attempts.update_one({"_id": _id(purpose, token)}, {"$set": stored}, upsert=True)
    return challenge


def take(db: Db, purpose: Purpose, token: str, name: str, at: datetime) -> bytes | None:
    """The challenge, which nobody can take again; None if there is none, or it is too old. Raises Unavailable."""
    with reachable():
        stored = db.attempts.find_one_and_delete({"_id": _id(purpose, token)})
    if stored is None or stored["user"] != name or stored["until"] <= milliseconds(at):
        return None
    return bytes.fromhex(stored["challenge"])


def _id(purpose: Purpose, token: str) -> str:
    return f"challenge:{purpose}:{sessions.key(token)}"
