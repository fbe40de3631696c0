"""The prediction log in MongoDB."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import pymongo
from pymongo.errors import BulkWriteError, PyMongoError

from core.errors import Conflict, Unavailable
from core.scoring.prediction import same_question
from core.stores.mongo import Db, Document

DUPLICATE_KEY = 11000
# Records of one round trip, and the time that each of them may add to its limit: the embedded server needs half a
# millisecond on an idle machine and several on a busy one.
CHUNK, RECORD_SECONDS = 250, 0.01
# Another writer may insert the same keys between our insert and our look; once is enough for it to have won.
ATTEMPTS = 3


class Store(Protocol):
    """A place that keeps prediction records by their `_id`: the first one written under a key stands."""

    def put(self, documents: Sequence[Document]) -> list[Document]:
        """Make one request's n records durable; returns what is now held under their keys.

        Raises Conflict when a key is held by a record that asked for something else (nothing more is then written),
        and Unavailable.
        """
        ...


class MongoStore:
    """The `predictions` collection. Every write waits for the journal (`core.mongo_client`).

    `timeout_seconds`, and `RECORD_SECONDS` for each record, bound each round trip as a whole (server selection,
    network, server), so a server that hangs is as quick to fail as one that is gone.
    """

    def __init__(self, db: Db, *, timeout_seconds: float = 2.0) -> None:
        self._collection = db.predictions
        self._timeout = timeout_seconds

    def put(self, documents: Sequence[Document]) -> list[Document]:
        """See `Store`."""
        return self._write(documents, self._timeout, refuse_other_rows)

    def merge(self, documents: Sequence[Document], seconds: float) -> list[Document]:
        """Insert those of n records whose keys are free; returns what is now held under each.

        Waits `seconds` for each round trip. Raises Unavailable.
        """
        return self._write(documents, seconds, lambda _held, _new: None)

    def _write(
        self, documents: Sequence[Document], seconds: float, judge: Callable[[Document, Document], None]
    ) -> list[Document]:
        held: list[Document] = []
        for start in range(0, len(documents), CHUNK):
            chunk = documents[start : start + CHUNK]
            try:
                with pymongo.timeout(seconds + RECORD_SECONDS * len(chunk)):
                    held += self._write_chunk(chunk, judge)
            except PyMongoError as error:
                raise Unavailable(f"MongoDB did not keep the predictions: {error}.") from error
        return held

    def _write_chunk(
        self, documents: Sequence[Document], judge: Callable[[Document, Document], None]
    ) -> list[Document]:
        held: dict[str, Document] = {}
        for attempt in range(ATTEMPTS):
            missing = [document for document in documents if document["_id"] not in held]
            if not missing:
                break
            try:
                self._collection.insert_many(missing, ordered=True)
            except BulkWriteError as error:
                if not _only_duplicates(error) or attempt == ATTEMPTS - 1:
                    raise
                keys = [document["_id"] for document in documents]
                held = {document["_id"]: document for document in self._collection.find({"_id": {"$in": keys}})}
                for document in documents:
                    if document["_id"] in held:
                        judge(held[document["_id"]], document)
            else:
                held |= {document["_id"]: document for document in missing}
        return [held[document["_id"]] for document in documents]


def refuse_other_rows(held: Document, new: Document) -> None:
    """Raise Conflict where the record that is held under a key is not about what the new one is about."""
    if not same_question(held, new):
        raise Conflict(
            f"The request id '{new['request']}' was already used for other rows: row "
            f"{int(new['_id'].rpartition(':')[2]) + 1} differs.",
            kept="The first request's predictions stand; nothing was logged for this one.",
            next="Send these rows under an id of their own.",
        )


def _only_duplicates(error: BulkWriteError) -> bool:
    details = error.details
    return not details["writeConcernErrors"] and all(e["code"] == DUPLICATE_KEY for e in details["writeErrors"])
