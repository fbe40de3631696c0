"""The browsers in which somebody signed in before, each known for one login name.

Such a browser has a cookie that no script reads. It opens nothing: it only says whose slips an attempt is counted among
(OWASP calls it a device cookie: https://owasp.org/www-community/Slow_Down_Online_Guessing_Attacks_with_Device_Cookies).
`attempts` has the hash of the cookie and the name, and whether a code was right in it: a thief of the password may have
made any number of browsers known before there was a second factor.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta

from core.stores.embedded_mongo import milliseconds
from core.stores.mongo import Db, reachable

COOKIE = "callwise_device"
KNOWN = timedelta(days=90)
"""How long a browser stays known after a sign-in."""


def device_key(token: str, name: str) -> str:
    """The key of a browser with the cookie `token`, for `name`."""
    return hashlib.sha256(f"{token}|{name}".encode()).hexdigest()


def known(db: Db, token: str | None, name: str, at: datetime, *, code: bool = False) -> str | None:
    """The key of the browser, if it is known for `name`; with `code`, by a right code. Raises Unavailable."""
    if not token:
        return None
    key = device_key(token, name)
    with reachable():
        found = db.attempts.find_one({"_id": f"known:{key}", "until": {"$gt": milliseconds(at)}})
    if found and code and not found.get("code"):
        return None
    return key if found else None


def remember(db: Db, token: str | None, name: str, at: datetime, *, code: bool = False) -> str:
    """The browser is known for `name` from now on; returns its cookie, a new one if it had none.

    `code`: a code of the second factor was right in it. Raises Unavailable.
    """
    token = token if token and len(token) <= 64 else secrets.token_urlsafe(32)
    key = f"known:{device_key(token, name)}"
    with reachable():
        db.attempts.delete_many({"until": {"$lt": milliseconds(at)}})
        found = {"until": milliseconds(at + KNOWN), **({"code": True} if code else {})}
        db.attempts.update_one({"_id": key}, {"$set": found}, upsert=True)
    return token
