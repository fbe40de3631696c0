"""Takes in a delivery of a register: a new version beside the one in force, which counts from one write to the next.

A process that is killed leaves the version in force as it was, and buckets of the new one, which have the same content
when the file is taken in again: they are not written twice. What earlier tries and versions left is cleared by the next
delivery; the version before stays until then, because a backup may be copying it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import datetime
from typing import Any

from pymongo.errors import DuplicateKeyError

from core.errors import Conflict
from core.sentences import Sentence
from core.stores.embedded_mongo import milliseconds, remove_by_key, revision_update
from core.stores.mongo import Db, Document, reachable
from core.wishes import registers
from core.wishes.number_keys import NumberKeys
from core.wishes.registers import IN_FORCE, PREFIX, bucket_key, pack

WRITTEN_AT_ONCE = 100
BUCKETS = 16**PREFIX


class Packing:
    """Hashes of numbers by bucket, in memory: `registers.WIDTH` bytes a number."""

    def __init__(self) -> None:
        self._buckets: list[bytearray | None] = [None] * BUCKETS

    def add(self, digest: bytes) -> None:
        """Add the hash of a number, as `NumberKeys.digest` makes it."""
        place = int.from_bytes(digest[:2], "big") >> (16 - 4 * PREFIX)
        bucket = self._buckets[place]
        if bucket is None:
            bucket = self._buckets[place] = bytearray()
        bucket += digest[-registers.WIDTH :]

    def packed(self) -> Iterable[tuple[str, bytes]]:
        """The beginning and the content of every bucket that has a hash."""
        width = registers.WIDTH
        for place, bucket in enumerate(self._buckets):
            if bucket is not None:
                rests = [bytes(bucket[at : at + width]) for at in range(0, len(bucket), width)]
                yield f"{place:0{PREFIX}x}", pack(rests)


def version_of(sha256: str, column: str, region: str, keys: NumberKeys) -> str:
    """The version that a file makes, read in one way and hashed under the first key."""
    return hashlib.sha256(f"{sha256}:{column}:{region}:{keys.names[0]}".encode()).hexdigest()[:16]


def begin(db: Db, name: str, version: str, run: str) -> None:
    """Note that `run` writes this version, so that it is cleared if nothing comes of it. Raises Unavailable."""
    with reachable():
        found = db.registers.find_one({"_id": name}) or {}
        begun = [*dict.fromkeys([*(found.get("begun") or ()), version])]
        db.registers.update_one({"_id": name}, {"$set": {"begun": begun, "run": run}}, upsert=True)
        # The mark is there before its buckets: a backup then copies it first, and what it names is copied after it.
        with suppress(DuplicateKeyError):
            db.register_buckets.insert_one({"_id": IN_FORCE, "registers": {}, "revision": 0})


def write(db: Db, name: str, version: str, packing: Packing, progress: Callable[[int], None]) -> int:
    """Store the buckets that are not there yet; returns how many different numbers they hold. `progress` gets buckets.

    Raises Unavailable, and what `progress` raises.
    """
    many, batch = 0, list[dict[str, Any]]()

    def store() -> None:
        with reachable():
            keys = [one["_id"] for one in batch]
            there = {one["_id"] for one in db.register_buckets.find({"_id": {"$in": keys}}, {"_id": 1})}
            missing = [one for one in batch if one["_id"] not in there]
            if missing:
                db.register_buckets.insert_many(missing, ordered=False)

    for done, (prefix, packed) in enumerate(packing.packed(), 1):
        many += len(packed) // registers.WIDTH
        batch.append({"_id": bucket_key(name, version, prefix), "packed": packed})
        if len(batch) == WRITTEN_AT_ONCE:
            store()
            batch.clear()
            progress(done)
    if batch:
        store()
    return many


def switch(db: Db, name: str, version: str, run: str, delivered: dict[str, Any], stale_after: datetime | None) -> None:
    """Let this version count from now on, and clear what is older than the version before.

    `delivered`: `{at, by, file, many, rows, unreadable}`. Raises Conflict if another delivery of the register has begun
    meanwhile, and Unavailable.
    """
    with reachable():
        work = db.registers.find_one({"_id": name}) or {}
        if work.get("run") != run:
            raise Conflict(
                Sentence("Another delivery of the register '{register}' has begun meanwhile", register=name),
                kept=Sentence("The register is as it was."),
                next=Sentence("Wait until the other delivery has ended."),
            )
        stale = milliseconds(stale_after) if stale_after else None
        fields: Document = {"version": version, "many": delivered["many"], "stale": stale, "delivered": delivered}

        def exchanged(old: Document) -> Document:
            before = old.get("version", "")
            return {**fields, "before": before if before != version else old.get("before", "")}

        new = _change(db, name, exchanged)
        kept = [one for one in (new["before"], version) if one]
        clear(db, name, [one for one in work["begun"] if one not in kept])
        db.registers.update_one({"_id": name, "run": run}, {"$set": {"begun": kept}})


def remove(db: Db, name: str) -> None:
    """Let the register count no more, and clear it. Safe to repeat. Raises Unavailable."""
    with reachable():
        _change(db, name, lambda old: {**old, "version": "", "before": ""})
        work = db.registers.find_one({"_id": name}) or {}
        db.registers.update_one({"_id": name}, {"$set": {"run": ""}})
        clear(db, name, work.get("begun") or ())
        db.registers.update_one({"_id": name}, {"$set": {"begun": []}})


def _change(db: Db, name: str, change: Callable[[Document], Document]) -> Document:
    """Change what is in force of one register, whoever changes another one meanwhile; returns it."""
    while True:
        mark = db.register_buckets.find_one({"_id": IN_FORCE}) or {}
        if not mark:
            return {}
        new = change(mark["registers"].get(name) or {})
        query, update = revision_update(mark, {"registers": {**mark["registers"], name: new}})
        if db.register_buckets.update_one(query, update).matched_count:
            return new


def clear(db: Db, name: str, versions: Iterable[str]) -> None:
    """Remove all buckets of these `versions`."""
    for version in versions:
        keys = [bucket_key(name, version, f"{place:0{PREFIX}x}") for place in range(BUCKETS)]
        remove_by_key(db.register_buckets, keys)
