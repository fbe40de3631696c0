"""The lock under which one process migrates. It runs out, so one that was killed keeps nobody out for long."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

from pymongo.errors import DuplicateKeyError

from bootstrap.migrations.migration import Keep
from core.clock import Clock, now
from core.errors import Conflict
from core.stores.embedded_mongo import milliseconds
from core.stores.mongo import Db

KEY = "migrating"
LASTS = timedelta(seconds=30)
"""How long the lock stays without a sign of life. A part of a migration is some hundred documents, or one index."""


@contextmanager
def locked(
    home: Db, say: Callable[[str], None], *, clock: Clock = now, pause: Callable[[float], None] = time.sleep
) -> Iterator[Keep]:
    """Hold the lock; waits for whoever has it, and says so once. Gives what keeps it. Raises PyMongoError."""
    mine, told = uuid.uuid4().hex, False
    while not _take(home, mine, clock):
        if not told:
            say("another set-up is migrating the data; waiting for it")
            told = True
        pause(0.5)

    def keep() -> None:
        until = milliseconds(clock() + LASTS)
        held = home.appliance.update_one({"_id": KEY, "by": mine}, {"$set": {"until": until}})
        if not held.matched_count:
            raise Conflict(
                "Another set-up has taken over the migration of the data.",
                kept="What was done stays; the other one goes on.",
                next="Wait for it.",
            )

    try:
        yield keep
    finally:
        home.appliance.delete_one({"_id": KEY, "by": mine})


def _take(home: Db, mine: str, clock: Clock) -> bool:
    at = clock()
    fields = {"by": mine, "until": milliseconds(at + LASTS)}
    try:
        home.appliance.insert_one({"_id": KEY, **fields})
        return True
    except DuplicateKeyError:
        pass
    held = home.appliance.find_one({"_id": KEY})
    if held is None or held["until"] > milliseconds(at):
        return False
    # Whoever takes it first of several changes `by`, and the others match nothing.
    taken = home.appliance.update_one({"_id": KEY, "by": held["by"], "until": held["until"]}, {"$set": fields})
    return bool(taken.matched_count)
