"""Public registers of numbers that nobody may call: packed, and exchanged as a whole.

    registers          {_id: register, version, under, many, delivered: {at, by, file, sha256}, stale, order, report}
    register_buckets   {_id: "{register}:{version}:{prefix}", packed}

A register has millions of numbers, so a document holds all hashes with one beginning (`PREFIX` hex digits): their
rests, sorted, one behind the other. A claim reads one document by key for each hash of a number. The document in
`registers` says which version counts, so a new delivery takes the place of the old one in one write.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from core.stores.embedded_mongo import milliseconds
from core.stores.mongo import Db, Document
from core.wishes.number_keys import LENGTH
from core.wishes.wish import Wish

PREFIX = 4
"""Hex digits that name a bucket: 65,536 buckets, of 76 hashes each in a register of 5,000,000 numbers."""
WIDTH = (LENGTH - PREFIX) // 2
"""Bytes of a hash that a bucket keeps."""
KEYS_AT_ONCE = 500


def of(db: Db) -> list[Document]:
    """The registers in force, by name."""
    return sorted((one for one in db.registers.find({}) if one.get("version")), key=lambda one: str(one["_id"]))


def wish_in(register: Mapping[str, object]) -> Wish:
    """The wish that every number of a register has."""
    delivered = register["delivered"]
    assert isinstance(delivered, Mapping)  # noqa: S101  the type of a stored field
    name = str(register["_id"])
    return Wish(register_key(name), delivered["by"], delivered["at"], f"register {name}", by_number=True)


def register_key(name: str) -> str:
    """What stands at the people whom the register `name` took off their lists."""
    return f"register:{name}"


def is_stale(register: Mapping[str, object], at: datetime) -> bool:
    """Whether the register should have been delivered again by now. It counts all the same."""
    stale = register.get("stale")
    return isinstance(stale, int) and stale <= milliseconds(at)


def listed(db: Db, hashes: Iterable[str]) -> dict[str, Wish]:
    """The wishes of those `hashes` that a register has."""
    asked = list(dict.fromkeys(hashes))
    if not asked or not (registers := of(db)):
        return {}
    while True:
        found = {}
        missing = False
        for register in registers:
            buckets = _buckets(db, str(register["_id"]), str(register["version"]), asked)
            wish = wish_in(register)
            for one in asked:
                packed = buckets.get(one[:PREFIX])
                missing = missing or packed is None
                if packed is not None and _has(packed, one):
                    found.setdefault(one, wish)
        if not missing:
            return found
        # A small register leaves buckets out. But the version may also have been exchanged, and the old one cleared.
        again = of(db)
        if _versions(again) == _versions(registers):
            return found
        registers = again


def bucket_key(register: str, version: str, prefix: str) -> str:
    """The key of a bucket."""
    return f"{register}:{version}:{prefix}"


def pack(rests: Sequence[bytes]) -> bytes:
    """A bucket of these rests of hashes, each `WIDTH` bytes; the same bytes in whatever order they came."""
    return b"".join(sorted(set(rests)))


def _has(packed: bytes, hashed: str) -> bool:
    rest, many = bytes.fromhex(hashed[PREFIX:]), len(packed) // WIDTH
    place = bisect_left(range(many), rest, key=lambda at: packed[at * WIDTH : (at + 1) * WIDTH])
    return place < many and packed[place * WIDTH : (place + 1) * WIDTH] == rest


def _buckets(db: Db, register: str, version: str, hashes: Sequence[str]) -> dict[str, bytes]:
    prefixes = sorted({one[:PREFIX] for one in hashes})
    found: dict[str, bytes] = {}
    for some in _parts(prefixes):
        keys = [bucket_key(register, version, prefix) for prefix in some]
        for bucket in db.register_buckets.find({"_id": {"$in": keys}}):
            found[str(bucket["_id"]).rpartition(":")[2]] = bytes(bucket["packed"])
    return found


def _versions(registers: Sequence[Document]) -> dict[str, str]:
    return {str(one["_id"]): str(one["version"]) for one in registers}


def _parts(keys: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(keys), KEYS_AT_ONCE):
        yield keys[start : start + KEYS_AT_ONCE]
