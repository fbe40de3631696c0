"""Counts failed sign-ins so that guessing takes too long, and nobody else is made to wait by it.

`attempts` has a document for each key that is counted. A browser in which somebody signed in before is known for that
name and has a count of its own (`app.access.devices`), so neither a prankster elsewhere nor the slips of an office make
its owner wait. Any other browser shares three counts: of the name from this address, of the address, and of the name.

An attempt is counted before its password is checked, in one find-and-update. So however many attempts arrive at once,
in any number of processes, only the free ones reach the check. A right password takes its count back. An attempt during
the wait is refused and not counted, so that the wait ends.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from pymongo import ReturnDocument

from core.stores import event_log
from core.stores.embedded_mongo import milliseconds, set_once
from core.stores.events import Event
from core.stores.mongo import Db, Document, reachable

FIRST, LONGEST = timedelta(seconds=15), timedelta(minutes=15)
FORGET = timedelta(days=1)
"""A name's count ends this long after the last failure, an address's count this long after its first attempt."""


@dataclass(frozen=True)
class Key:
    """Whose attempts are counted, and how many (`free`) may fail before a wait.

    `daily`: the count ends a day after its first attempt. Without that an address's count would never end, because the
    slips of a whole team add up.
    """

    id: str
    free: int
    daily: bool = False

    @classmethod
    def of_device(cls, device: str) -> Key:
        """Attempts in a browser that is known under the key `device`, for one name."""
        return cls(f"device:{device}", 5)

    @classmethod
    def of_pair(cls, name: str, address: str | None) -> Key:
        """Attempts as `name`, with or without such an account. Hashed: people type passwords there by mistake."""
        return cls(f"pair:{_hashed(f'{name}|{address}')}", 5)

    @classmethod
    def of_address(cls, address: str) -> Key:
        """Attempts from `address`, which a whole team may share; those whom it let in later do not count."""
        return cls(f"address:{address[:64]}", 50, daily=True)

    @classmethod
    def of_name(cls, name: str) -> Key:
        """Attempts as `name` from any address: more than the waits let one address make in a day."""
        return cls(f"name:{_hashed(name)}", 200, daily=True)

    @classmethod
    def of_code(cls, name: str, device: str | None) -> Key:
        """Codes of a second factor, in the browser `device` where one was right before, or in all others together."""
        return cls(f"code:{device or _hashed(name)}", 5)


@dataclass(frozen=True)
class CountedAttempt:
    """A counted attempt: seconds to wait first; failures including this one; its time and the last one's, in ms."""

    key: Key
    wait: int
    failures: int
    at: int
    before: int | None


def wait_after(failures: int, free: int) -> timedelta:
    """The wait after `failures`: none for the `free` ones, then 15 seconds, doubled each time up to LONGEST."""
    if failures < free:
        return timedelta(0)
    doubled: int = 2 ** min(failures - free, 10)
    return min(LONGEST, FIRST * doubled)


def remaining_wait(db: Db, key: Key, at: datetime) -> int:
    """Seconds left to wait; counts nothing. Raises Unavailable."""
    with reachable():
        return _left(db.attempts.find_one({"_id": key.id}), key, at)


def count(db: Db, key: Key, at: datetime) -> CountedAttempt:
    """Count an attempt before it is made. If the result has a wait, refuse the attempt. Raises Unavailable."""
    begun = set_once("since", milliseconds(at)) if key.daily else {}
    with reachable():
        before = db.attempts.find_one_and_update(
            {"_id": key.id},
            {"$inc": {"failures": 1}, "$max": {"last": milliseconds(at)}, **begun},
            upsert=True,
            return_document=ReturnDocument.BEFORE,
        )
    failures = int(before["failures"] if before else 0) + 1
    return CountedAttempt(
        key, _left(before, key, at), failures, milliseconds(at), int(before["last"]) if before else None
    )


def forget(db: Db, key: Key) -> None:
    """Drop the count after a right password. Raises Unavailable."""
    with reachable():
        db.attempts.delete_one({"_id": key.id})


def uncount(db: Db, counted: CountedAttempt, more: int = 0) -> None:
    """Uncount an attempt that succeeded, and `more` slips before it, so that nobody waits because of them.

    Raises Unavailable.
    """
    known = {"_id": counted.key.id, "failures": {"$gt": 0}}
    with reachable():
        if counted.before is not None:
            db.attempts.update_one({**known, "last": counted.at}, {"$set": {"last": counted.before}})
        if (
            not more
            or not db.attempts.update_one(
                {**known, "failures": {"$gt": more}}, {"$inc": {"failures": -1 - more}}
            ).matched_count
        ):
            db.attempts.update_one(known, {"$inc": {"failures": -1}})
        db.attempts.delete_one({"_id": counted.key.id, "failures": 0})  # nothing is left to wait for


def prune(db: Db, at: datetime) -> None:
    """Remove counts older than FORGET. Raises Unavailable."""
    with reachable():
        for stamp in ("last", "since"):
            db.attempts.delete_many({stamp: {"$lt": milliseconds(at - FORGET)}})


def log_throttling(db: Db, key: Key, account: str | None) -> None:
    """Log that a wait begins, without the name if no account has it: it may be a password. Raises Unavailable."""
    event_log.append(
        db,
        who="nobody",
        what=Event.SIGN_IN_THROTTLED,
        subject=account or "an unknown login name",
        why=f"{key.free} attempts failed",
        counted=key.id.partition(":")[0],
    )


def _hashed(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _left(count: Document | None, key: Key, at: datetime) -> int:
    needed = wait_after(int(count["failures"]), key.free) if count else timedelta(0)
    if not count or not needed:  # decided without the clock, which may have been put back
        return 0
    waited = timedelta(milliseconds=milliseconds(at) - int(count["last"]))
    return max(0, ceil((needed - waited).total_seconds()))
