"""MongoDB as a store, over the wire: for a server whose files nobody else may read while it runs.

A standalone MongoDB gives no view of all collections at one moment. So the collections are read in an order in which
what refers comes before what it refers to, each by its key, which finds every document that was there from the
beginning exactly once. Documents are copied as they come, byte by byte. What a call of these seconds left in the wrong
order, `mend` puts right after a restore.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from bson.codec_options import CodecOptions
from bson.raw_bson import RawBSONDocument
from pymongo.collection import Collection

from bootstrap.backup.manifest import Part
from core.errors import InputError
from core.stores.mongo import COLLECTIONS, Db, reachable

ENDING = ".bson"
BATCH = 500
FIRST = (
    *("events", "reviews", "reports", "incidents", "retention", "deletions"),
    # A call is written before its outcome, and the prospect changes last.
    *("prospects", "outcomes", "calls"),
)
LAST = (
    *("predictions", "imports", "campaigns", "mappings", "contacts", "models", "kinds", "users"),
    *("kept_out", "erasures"),
)
"""What the others refer to. What has no reference comes between."""

Raw = Collection[RawBSONDocument]


def order() -> list[str]:
    """All collections, in the order in which they are copied."""
    return [*FIRST, *sorted(COLLECTIONS - {*FIRST, *LAST}), *LAST]


def copy(home: Db, target: Path) -> dict[str, Part]:
    """Copy the databases of all kinds, retired ones too, and then the appliance's; returns their collections.

    Raises Unavailable.
    """
    target.mkdir(parents=True, mode=0o700)
    parts = {}
    with reachable():
        kinds = sorted(str(kind["_id"]) for kind in home.kinds.find({}, {"_id": 1}))
        for name in (*(f"{home.name}-{kind}" for kind in kinds), home.name):
            database = home.client[name]
            there = set(database.list_collection_names())
            for collection in (one for one in order() if one in there):
                path = target / f"{name}.{collection}{ENDING}"
                parts[f"{name}.{collection}"] = _write(_raw(database, collection), path)
    return parts


def move(database: Db, into: Db) -> None:
    """Move every collection of `database` into the database `into`. Raises Unavailable."""
    with reachable():
        for name in database.list_collection_names():
            if name.startswith("system."):
                continue
            _insert(_raw(database, name).find({}, batch_size=BATCH), _raw(into, name))
            database.drop_collection(name)


def load(home: Db, source: Path) -> None:
    """Write every document of a copy to its collection. The databases must be empty. Raises Unavailable, InputError."""
    for path in sorted(source.glob(f"*{ENDING}")):
        database, _, collection = path.name.removesuffix(ENDING).rpartition(".")
        with reachable():
            _insert(documents(path), _raw(home.client[database], collection))


def _insert(found: Iterable[RawBSONDocument], target: Raw) -> None:
    batches = iter(found)
    while batch := list(islice(batches, BATCH)):
        target.insert_many(batch)


def parts(source: Path) -> dict[str, Part]:
    """The collections of a copy, every document read. Raises InputError if one is cut off."""
    found = {}
    for path in sorted(source.glob(f"*{ENDING}")):
        digest, count = hashlib.sha256(), 0
        for document in documents(path):
            document.items()  # decodes it, so that what is no document does not pass as one
            digest.update(document.raw)
            count += 1
        found[path.name.removesuffix(ENDING)] = Part(count, digest.hexdigest())
    return found


def documents(path: Path) -> Iterator[RawBSONDocument]:
    """The documents in a file. Raises InputError if it is cut off."""
    with path.open("rb") as file:
        while head := file.read(4):
            length = struct.unpack("<i", head)[0] if len(head) == 4 else 0
            body = file.read(max(length - 4, 0))
            if length < 5 or len(body) != length - 4:
                raise InputError(f"The copy of {path.name.removesuffix(ENDING)} is cut off.")
            yield RawBSONDocument(head + body)


def databases(found: Sequence[str]) -> list[str]:
    """The names of the databases of these parts, each once."""
    return list(dict.fromkeys(name.partition(".")[0] for name in found))


def _raw(database: Db, collection: str) -> Raw:
    """The collection, with documents as bytes."""
    options: CodecOptions[RawBSONDocument] = CodecOptions(document_class=RawBSONDocument)
    # Not through the kind's own view of its database, which puts the appliance's collections in the place of its own.
    raw: Any = database.client[database.name].get_collection(collection, options)
    found: Raw = raw
    return found


def _write(collection: Raw, path: Path) -> Part:
    digest, count = hashlib.sha256(), 0
    with path.open("wb") as file:
        for document in collection.find({}, sort=[("_id", 1)], batch_size=BATCH):
            file.write(document.raw)
            digest.update(document.raw)
            count += 1
    return Part(count, digest.hexdigest())
