"""The prediction log in MongoDB."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import pymongo
from pymongo.errors import BulkWriteError, PyMongoError

from core.errors import Conflict, Unavailable
from core.scoring.packed import different_row, holder, record_of
from core.stores.mongo import Db, Document

DUPLICATE_KEY = 11000
# Records of one round trip, and the seconds that each adds to its limit: the embedded server needs half a millisecond
# on an idle machine and several on a busy one.
CHUNK, RECORD_SECONDS = 250, 0.01
# Another writer may insert the same keys between our insert and our read; the next attempt then finds them.
ATTEMPTS = 3


class Store(Protocol):
    """A store of prediction records by `_id`, packed or not: the first one written under a key stays."""

    def put(self, documents: Sequence[Document]) -> list[Document]:
        """Make one request's n records durable; returns the stored records under their keys.

        Raises Unavailable, and Conflict (nothing more is written) when a key has a record with another question.
        """
        ...


class MongoStore:
    """The `predictions` collection. Every write waits for the journal (`core.stores.mongo_client`).

    `timeout_seconds`, plus `RECORD_SECONDS` for each record, limit a whole round trip (server selection, network,
    server), so a hanging server fails as quickly as a missing one.
    """

    def __init__(self, db: Db, *, timeout_seconds: float = 2.0) -> None:
        self._collection = db.predictions
        self._timeout = timeout_seconds

    def put(self, documents: Sequence[Document]) -> list[Document]:
        """See `Store`."""
        return self._write(documents, self._timeout, refuse_other_rows)

    def merge(self, documents: Sequence[Document], seconds: float) -> list[Document]:
        """See `serving.prediction_log.log.Home`; `seconds` limits each round trip."""
        return self._write(documents, seconds, lambda _stored, _new: None)

    def _write(
        self, documents: Sequence[Document], seconds: float, judge: Callable[[Document, Document], None]
    ) -> list[Document]:
        stored: list[Document] = []
        for start in range(0, len(documents), CHUNK):
            chunk = documents[start : start + CHUNK]
            try:
                with pymongo.timeout(seconds + RECORD_SECONDS * len(chunk)):
                    stored += self._write_chunk(chunk, judge)
            except PyMongoError as error:
                raise Unavailable(f"MongoDB did not store the predictions: {error}.") from error
        return stored

    def _write_chunk(
        self, documents: Sequence[Document], judge: Callable[[Document, Document], None]
    ) -> list[Document]:
        stored: dict[str, Document] = {}
        for attempt in range(ATTEMPTS):
            missing: dict[str, Document] = {}
            for document in documents:
                if document["_id"] not in stored:
                    missing.setdefault(document["_id"], document)  # the first of a request that was repeated at once
            if not missing:
                break
            try:
                self._collection.insert_many(list(missing.values()), ordered=True)
            except BulkWriteError as error:
                if not _only_duplicates(error) or attempt == ATTEMPTS - 1:
                    raise
                stored = self._held(documents)
                for document in documents:
                    if document["_id"] in stored:
                        judge(stored[document["_id"]], document)
            else:
                stored |= missing
                for document in documents:
                    if (first := missing.get(document["_id"], document)) is not document:
                        judge(first, document)
        return [stored[document["_id"]] for document in documents]

    def _held(self, documents: Sequence[Document]) -> dict[str, Document]:
        """The records that hold the rows of `documents`, by their keys."""
        known: dict[str, Document | None] = {}

        def find(keys: Sequence[str]) -> dict[str, Document]:
            if new := sorted(set(keys) - known.keys()):
                known.update(dict.fromkeys(new))
                known.update((record["_id"], record) for record in self._collection.find({"_id": {"$in": new}}))
            return {key: record for key in keys if (record := known[key]) is not None}

        keys = [document["_id"] for document in documents]
        find([*keys, *map(record_of, keys)])  # all at once
        holders = {document["_id"]: holder(document, find) for document in documents}
        return {key: record for key, record in holders.items() if record is not None}


def refuse_other_rows(held: Document, new: Document) -> None:
    """Raise Conflict where the stored record of a key has another question in one of the new one's rows."""
    if differs := different_row(held, new):
        raise Conflict(
            f"The request id '{new['request']}' was already used for other rows: row "
            f"{int(differs.rpartition(':')[2]) + 1} differs.",
            kept="The first request's predictions stay; nothing was logged for this one.",
            next="Send these rows under an id of their own.",
        )


def _only_duplicates(error: BulkWriteError) -> bool:
    details = error.details
    return not details["writeConcernErrors"] and all(e["code"] == DUPLICATE_KEY for e in details["writeErrors"])
