"""The prediction log: durable before anything is answered, in MongoDB or else in the spool.

After MongoDB failed once, everything goes straight to the spool, so that its timeouts slow one request and not all. A
thread moves the spool to MongoDB, oldest first. Only when the spool is empty do requests write to MongoDB again, so
records keep their order and a repeated request finds its first answer in one place.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from core.errors import Unavailable
from core.mongo import Document
from core.predictions import Prediction, same_answer
from serving.spool import Spool, Waiting
from serving.store import Store

log = logging.getLogger(__name__)

# Records moved at a time while requests go on, and how long that may take on a busy machine.
BATCH, BATCH_SECONDS = 250, 30.0
# Requests wait while the last few are moved: so few, and so short a time, that nobody notices.
LAST, LAST_SECONDS = 20, 1.0


class Home(Store, Protocol):
    """Where records belong, and where those that had to wait are taken to."""

    def merge(self, documents: Sequence[Document], seconds: float) -> list[Document]:
        """Insert those of n records whose keys are free; returns what is now held under each.

        Waits about `seconds` for it. Raises Unavailable.
        """
        ...


@dataclass(frozen=True)
class LogState:
    """`home` says whether records go straight to MongoDB; the rest is the spool's backlog."""

    home: bool
    waiting: int
    oldest_seconds: float
    disputed: int


class PredictionLog:
    """Keeps predictions. May be shared between threads."""

    def __init__(self, home: Home, spool: Spool) -> None:
        self._home, self._spool = home, spool
        self._gate = threading.Lock()
        self._spooling = spool.backlog().waiting > 0

    def write(self, predictions: Sequence[Prediction]) -> list[Prediction]:
        """Make one request's n records durable; returns what the log now holds under their keys.

        Raises Conflict when the request id was used for other rows, and Unavailable when neither MongoDB nor the spool
        could keep them.
        """
        return [Prediction.of(held) for held in self._put([prediction.document() for prediction in predictions])]

    def _put(self, documents: list[Document]) -> list[Document]:
        failed = False
        if not self._spooling:
            try:
                return self._home.put(documents)
            except Unavailable as error:
                failed = True
                log.warning("predictions go to the local spool: %s", error)
        try:
            with self._gate:
                self._spooling = True
                return self._spool.put(documents)
        except Unavailable as spool_error:
            log.error("the spool failed: %s", spool_error)  # noqa: TRY400  what failed is in the message
            if not failed:
                try:
                    return self._home.put(documents)
                except Unavailable as error:
                    log.error("and so did MongoDB: %s", error)  # noqa: TRY400
            raise Unavailable(
                "The prediction could not be logged: neither MongoDB nor the local spool takes it.",
                kept="Nothing was answered, so nothing is missing from the log.",
                next="Look at MongoDB, and at the space left for the spool; then send the request again.",
            ) from spool_error

    def drain(self) -> int:
        """Move everything in the spool to MongoDB and go back to writing there; returns how many records moved.

        It may be killed at any point and repeated: a record leaves the spool only once MongoDB holds its key. Raises
        Unavailable.
        """
        moved = 0
        while batch := self._spool.oldest(BATCH):
            self._move(batch, BATCH_SECONDS)
            moved += len(batch)
            if len(batch) <= LAST:
                break
        # MongoDB has just answered, or there was nothing to move: this is short, and requests may wait for it.
        with self._gate:
            last = self._spool.oldest(LAST)
            self._move(last, LAST_SECONDS)
            self._spooling = len(last) == LAST
        return moved + len(last)

    def run(self, every_seconds: float, stop: threading.Event) -> None:
        """Drain whenever something waits, until `stop` is set."""
        while not stop.wait(every_seconds):
            if not self._spooling:
                continue
            try:
                moved = self.drain()
                log.info("MongoDB takes predictions again; %d moved from the spool", moved)
            except Unavailable as error:
                log.debug("the spool waits on: %s", error)
            except Exception:  # the thread must outlive whatever one attempt meets
                log.exception("the spool could not be drained; it is tried again")

    def state(self) -> LogState:
        """Where records go, and what waits. Raises Unavailable."""
        backlog = self._spool.backlog()
        return LogState(not self._spooling, backlog.waiting, backlog.oldest_seconds, backlog.disputed)

    def _move(self, batch: Sequence[Waiting], seconds: float) -> None:
        if not batch:
            return
        held = self._home.merge([document for _, document in batch], seconds)
        pairs = zip(batch, held, strict=True)
        disputed = {waiting.seq for waiting, kept in pairs if not same_answer(waiting.document, kept)}
        for seq, document in batch:
            if seq in disputed:
                log.error("prediction %s contradicts the log and was put aside in the spool", document["_id"])
        self._spool.settle([seq for seq, _ in batch if seq not in disputed], disputed)
