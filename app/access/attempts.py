"""Attempts to sign in, counted so that guessing takes for ever: `attempts`, one document a name and one an address.

An attempt is counted before its password is looked at, in one find-and-update: of any number of attempts at once, in
however many processes, no more than the free ones get that far. The count is taken back if the password was right. What
is refused while one has to wait is not counted, so that waiting helps.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from pymongo import ReturnDocument

from core.stores.embedded_mongo import first_kept, milliseconds
from core.stores.mongo import Db, Document, reachable

FIRST, LONGEST = timedelta(seconds=15), timedelta(minutes=15)
FORGET = timedelta(days=1)
"""After so long without a failure the count of a name starts anew; that of an address so long after it began."""


@dataclass(frozen=True)
class Key:
    """Whose attempts are counted, and how many may fail before one has to wait.

    `daily`: the count ends a day after it began. Behind an address a team's slips add up although each of them signs in
    in the end, so it would never end otherwise.
    """

    id: str
    free: int
    daily: bool = False

    @classmethod
    def of_name(cls, name: str) -> Key:
        """Attempts as `name`, whether there is such an account or not. Hashed: people type passwords there."""
        return cls(f"name:{hashlib.sha256(name.encode()).hexdigest()[:32]}", 5)

    @classmethod
    def of_address(cls, address: str) -> Key:
        """Attempts from `address`, behind which a whole team may sit."""
        return cls(f"address:{address[:64]}", 50, daily=True)


@dataclass(frozen=True)
class Counted:
    """An attempt that was counted: seconds to wait first, the failures with this one, and when they were the last."""

    key: Key
    wait: int
    failures: int
    at: int
    before: int | None


def pause(failures: int, free: int) -> timedelta:
    """How long one waits after so many failures: nothing at first, then 15 seconds, doubled each time up to LONGEST."""
    if failures < free:
        return timedelta(0)
    doubled: int = 2 ** min(failures - free, 10)
    return min(LONGEST, FIRST * doubled)


def left(db: Db, key: Key, at: datetime) -> int:
    """Seconds that one has to wait; nothing is counted. Raises Unavailable."""
    with reachable():
        return _left(db.attempts.find_one({"_id": key.id}), key, at)


def count(db: Db, key: Key, at: datetime) -> Counted:
    """Count an attempt that is about to be made; with seconds to wait it must not be made. Raises Unavailable."""
    begun = first_kept("since", milliseconds(at)) if key.daily else {}
    with reachable():
        before = db.attempts.find_one_and_update(
            {"_id": key.id},
            {"$inc": {"failures": 1}, "$max": {"last": milliseconds(at)}, **begun},
            upsert=True,
            return_document=ReturnDocument.BEFORE,
        )
    failures = int(before["failures"] if before else 0) + 1
    return Counted(key, _left(before, key, at), failures, milliseconds(at), int(before["last"]) if before else None)


def forget(db: Db, key: Key) -> None:
    """The password was right: what failed before does not count any more. Raises Unavailable."""
    with reachable():
        db.attempts.delete_one({"_id": key.id})


def take_back(db: Db, counted: Counted) -> None:
    """The attempt was none that failed, and nobody waits because of it. Raises Unavailable."""
    known = {"_id": counted.key.id, "failures": {"$gt": 0}}
    with reachable():
        if counted.before is not None:
            db.attempts.update_one({**known, "last": counted.at}, {"$set": {"last": counted.before}})
        db.attempts.update_one(known, {"$inc": {"failures": -1}})


def prune(db: Db, at: datetime) -> None:
    """Remove what is forgotten. Raises Unavailable."""
    with reachable():
        for stamp in ("last", "since"):
            db.attempts.delete_many({stamp: {"$lt": milliseconds(at - FORGET)}})


def _left(found: Document | None, key: Key, at: datetime) -> int:
    needed = pause(int(found["failures"]), key.free) if found else timedelta(0)
    if not found or not needed:  # whatever the clock says, which may have been put back
        return 0
    waited = timedelta(milliseconds=milliseconds(at) - int(found["last"]))
    return max(0, ceil((needed - waited).total_seconds()))
