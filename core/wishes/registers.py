"""Public registers of numbers that nobody may call: packed, and exchanged as a whole.

    register_buckets   {_id: "in force", registers: {register: {version, before, many, stale,
                                                                delivered: {at, by, file, many, rows, unreadable}}}}
                       {_id: "{register}:{version}:{prefix}", packed}
    registers          {_id: register, begun: [version], run}: the delivery under way

A register has millions of numbers, so a document holds all hashes with one beginning (`PREFIX` hex digits): their
rests, sorted, one behind the other. The document `in force` says which versions count, so a new delivery takes the
place of the old one in one write. It is read in the same question as the buckets of the versions that were in force at
the last one: a claim asks once, whether there are registers or none.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from core.stores.embedded_mongo import milliseconds
from core.stores.mongo import Db, Document
from core.wishes.number_keys import LENGTH
from core.wishes.wish import Wish

PREFIX = 3
"""Hex digits that name a bucket: 4,096 buckets, of 1,221 hashes each in a register of 5,000,000 numbers. Writing takes
its time by the document, and reading one takes no longer for its size.
"""
WIDTH = LENGTH // 2 - 1
"""Bytes of a hash that a bucket keeps: all but the first."""
IN_FORCE = "in force"
KEYS_AT_ONCE = 500

_remembered: dict[str, dict[str, Any]] = {}
"""By database, what was in force at the last question of this process: only which buckets to ask for."""


def of(db: Db) -> list[Document]:
    """The registers in force, by name: `{_id, version, before, many, stale, delivered}`."""
    return _registers(db.register_buckets.find_one({"_id": IN_FORCE}))


def _registers(found: Mapping[str, Any] | None) -> list[Document]:
    stored = (found or {}).get("registers") or {}
    return [{"_id": name, **stored[name]} for name in sorted(stored) if stored[name]["version"]]


def wish_in(register: Mapping[str, Any]) -> Wish:
    """The wish that every number of a register has."""
    delivered, name = register["delivered"], str(register["_id"])
    return Wish(register_key(name), delivered["by"], delivered["at"], f"register {name}", by_number=True)


def register_key(name: str) -> str:
    """What stands at the people whom the register `name` took off their lists."""
    return f"register:{name}"


def is_stale(register: Mapping[str, Any], at: datetime) -> bool:
    """Whether the register should have been delivered again by now. It counts all the same."""
    stale = register.get("stale")
    return isinstance(stale, int) and stale <= milliseconds(at)


def listed(db: Db, hashes: Iterable[str]) -> dict[str, Wish]:
    """The wishes of those `hashes` that a register has."""
    asked = list(dict.fromkeys(hashes))
    if not asked:
        return {}
    expected = _remembered.get(db.name, {})
    while True:
        keys = [
            bucket_key(register, version, prefix)
            for register, version in expected.items()
            for prefix in sorted({one[:PREFIX] for one in asked})
        ]
        # The mark comes with the last buckets: one that was read before them could name a version cleared meanwhile.
        read: dict[str, Document] = {}
        for part in _parts(keys):
            read |= {str(one["_id"]): one for one in db.register_buckets.find({"_id": {"$in": part}})}
        registers = _registers(read.pop(IN_FORCE, None))
        in_force = {str(one["_id"]): str(one["version"]) for one in registers}
        if in_force == expected:
            break
        expected = _remembered[db.name] = in_force
    found: dict[str, Wish] = {}
    for register in registers:
        wish = wish_in(register)
        for one in asked:
            bucket = read.get(bucket_key(str(register["_id"]), str(register["version"]), one[:PREFIX]))
            if bucket and _has(bytes(bucket["packed"]), one):
                found.setdefault(one, wish)
    return found


def bucket_key(register: str, version: str, prefix: str) -> str:
    """The key of a bucket."""
    return f"{register}:{version}:{prefix}"


def pack(rests: Sequence[bytes]) -> bytes:
    """A bucket of these rests of hashes, each `WIDTH` bytes; the same bytes in whatever order they came."""
    return b"".join(sorted(set(rests)))


def _has(packed: bytes, hashed: str) -> bool:
    rest, many = bytes.fromhex(hashed)[-WIDTH:], len(packed) // WIDTH
    place = bisect_left(range(many), rest, key=lambda at: packed[at * WIDTH : (at + 1) * WIDTH])
    return place < many and packed[place * WIDTH : (place + 1) * WIDTH] == rest


def _parts(keys: Sequence[str]) -> Iterator[list[str]]:
    """Keys to ask for, `KEYS_AT_ONCE` at a time; the mark is among the last ones."""
    for start in range(0, max(len(keys), 1), KEYS_AT_ONCE):
        part = list(keys[start : start + KEYS_AT_ONCE])
        yield [*part, IN_FORCE] if start + KEYS_AT_ONCE >= len(keys) else part
