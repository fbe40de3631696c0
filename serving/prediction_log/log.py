"""The prediction log: every record is durable before its answer, in MongoDB or else in the spool.

After one failure of MongoDB all records go straight to the spool, so its timeout slows only one request. A thread moves
the spool to MongoDB, the oldest first. Requests write to MongoDB again only when the spool is empty, so records keep
their order and a repeated request finds its first answer in one place. Once MongoDB answers, the thread and the
requests take turns: otherwise steady requests could fill the spool as fast as it empties, for ever.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Protocol

from core.errors import CallwiseError, Unavailable
from core.scoring.batch import Batch
from core.scoring.packed import pack, rows_of, same_answers
from core.scoring.prediction import Prediction
from core.stores.mongo import Document
from serving.prediction_log.spool import Spool, Waiting
from serving.prediction_log.store import Store

log = logging.getLogger(__name__)

# The first records to move while requests continue, and the limit of their time on a busy machine.
BATCH, BATCH_SECONDS = 250, 30.0
# Then the thread and the requests take turns: records at a time, the limit of their time, and the length of a turn.
# A request may wait that long.
STEP, STEP_SECONDS, TURN_SECONDS = 100, 2.0, 0.5
PAUSE_SECONDS = 0.01


class Home(Store, Protocol):
    """Where records belong, and where the spool's records move to."""

    def merge(self, documents: Sequence[Document], seconds: float) -> list[Document]:
        """Insert records whose keys are free, in about `seconds`; returns the n stored ones. Raises Unavailable."""
        ...


@dataclass(frozen=True)
class LogState:
    """`home`: whether records go straight to MongoDB. The rest is the spool's backlog."""

    home: bool
    waiting: int
    oldest_seconds: float
    disputed: int


class PredictionLog:
    """Stores predictions. May be shared between threads."""

    def __init__(self, home: Home, spool: Spool) -> None:
        self._home, self._spool = home, spool
        self._gate = threading.Lock()
        self._spooling = spool.backlog().waiting > 0

    def write(self, predictions: Sequence[Prediction]) -> Sequence[Prediction]:
        """Make n records durable; returns the stored ones. Raises Conflict (id used for other rows), Unavailable."""
        [answer] = self.write_each([predictions])
        if isinstance(answer, CallwiseError):
            raise answer
        return answer

    def write_each(self, requests: Sequence[Sequence[Prediction]]) -> list[Sequence[Prediction] | CallwiseError]:
        """The same for n requests, in one write if none of them is refused; returns what came of each.

        What one request did wrong is no other's business. Where the common write is refused, because a key is taken for
        other rows, each request is written by itself.
        """
        new = [_documents(predictions) for predictions in requests]
        return [
            held if isinstance(held, CallwiseError) else _answer(predictions, documents, held)
            for predictions, documents, held in zip(requests, new, self._put_each(new), strict=True)
        ]

    def _put_each(self, requests: Sequence[list[Document]]) -> Iterator[list[Document] | CallwiseError]:
        failed = False
        if len(requests) > 1 and not self._spooling:
            try:
                stored = iter(self._home.put([document for documents in requests for document in documents]))
            except Unavailable as error:
                failed = True  # whoever waits would wait as long for the same: the spool takes theirs at once
                log.warning("predictions go to the local spool: %s", error)
            except CallwiseError:
                log.debug("a common write was refused; each request is written by itself")
            else:
                yield from (list(islice(stored, len(documents))) for documents in requests)
                return
        for documents in requests:
            try:
                yield self._put(documents, failed=failed)
            except CallwiseError as error:
                yield error

    def _put(self, documents: list[Document], *, failed: bool = False) -> list[Document]:
        """Put one request's records where they belong now; `failed`: MongoDB has just refused them."""
        if not failed and not self._spooling:
            try:
                return self._home.put(documents)
            except Unavailable as error:
                failed = True
                log.warning("predictions go to the local spool: %s", error)
        try:
            with self._gate:
                if failed or self._spooling:
                    self._spooling = True
                    return self._spool.put(documents)
        except Unavailable as spool_error:
            log.error("the spool failed: %s", spool_error)  # noqa: TRY400  the message names the failure
            if not failed:
                try:
                    return self._home.put(documents)
                except Unavailable as error:
                    log.error("MongoDB failed too: %s", error)  # noqa: TRY400
            raise Unavailable(
                "The prediction could not be logged: neither MongoDB nor the local spool takes it.",
                kept="Nothing was answered, so nothing is missing from the log.",
                next="Check MongoDB and the free space for the spool, then send the request again.",
            ) from spool_error
        # The spool became empty while this request waited for its turn; the request must not fill it again.
        return self._put(documents)

    def drain(self) -> int:
        """Move the whole spool to MongoDB, then write there again; returns the number of moved records.

        Safe to interrupt and repeat: a record leaves the spool only once MongoDB has its key. Raises Unavailable.
        """
        first = self._spool.oldest(BATCH)
        self._move(first, BATCH_SECONDS)
        moved = len(first)
        while True:
            with self._gate:
                moved += self._turn()
                if not self._spooling:
                    return moved
            time.sleep(PAUSE_SECONDS)  # lets the waiting requests in

    def _turn(self) -> int:
        """Move records for one turn; moving the last one ends the spooling. Returns the number of moved records."""
        moved, until = 0, time.monotonic() + TURN_SECONDS
        while time.monotonic() < until:
            batch = self._spool.oldest(STEP)
            self._move(batch, STEP_SECONDS)
            moved += len(batch)
            if len(batch) < STEP:
                self._spooling = False
                break
        return moved

    def run(self, every_seconds: float, stop: threading.Event) -> None:
        """Drain the spool whenever a record waits, until `stop` is set."""
        while not stop.wait(every_seconds):
            try:
                # The file is checked too, because an earlier process may have left records.
                if self._spooling or self._spool.oldest(1):
                    moved = self.drain()
                    log.info("MongoDB takes predictions again; %d moved from the spool", moved)
            except Unavailable as error:
                log.debug("the spool still waits: %s", error)
            except Exception:  # the thread must survive any error
                log.exception("the spool could not be drained; the attempt is repeated")

    def state(self) -> LogState:
        """The present state. Raises Unavailable."""
        backlog = self._spool.backlog()
        return LogState(not self._spooling, backlog.waiting, backlog.oldest_seconds, backlog.disputed)

    def _move(self, batch: Sequence[Waiting], seconds: float) -> None:
        if not batch:
            return
        pairs = zip(batch, self._home.merge([document for _, document in batch], seconds), strict=True)
        disputed = {waiting.seq for waiting, stored in pairs if not same_answers(waiting.document, stored)}
        for seq, document in batch:
            if seq in disputed:
                log.error("prediction %s contradicts the log and was put aside in the spool", document["_id"])
        self._spool.settle([seq for seq, _ in batch if seq not in disputed], disputed)


def _documents(predictions: Sequence[Prediction]) -> list[Document]:
    """The records of one request's predictions."""
    if isinstance(predictions, Batch):
        return predictions.documents()
    return pack([prediction.document() for prediction in predictions])


def _answer(
    predictions: Sequence[Prediction], new: Sequence[Document], stored: Sequence[Document]
) -> Sequence[Prediction]:
    """What the log holds under the keys of `predictions`: these, unless the request was sent before."""
    if all(held is record for held, record in zip(stored, new, strict=True)):
        return predictions
    rows = {row["_id"]: row for row in rows_of(stored)}
    return [Prediction.from_document(rows[prediction.id]) for prediction in predictions]
