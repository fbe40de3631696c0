"""The prediction log: durable before anything is answered, in MongoDB or else in the spool.

After MongoDB failed once, everything goes straight to the spool, so that its timeouts slow one request and not all. A
thread moves the spool to MongoDB, oldest first. Only when the spool is empty do requests write to MongoDB again, so
records keep their order and a repeated request finds its first answer in one place. Once MongoDB answers, moving and
asking take turns: otherwise steady requests could fill the spool as fast as it empties, for ever.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from core.errors import Unavailable
from core.scoring.prediction import Prediction, same_answer
from core.stores.mongo import Document
from serving.prediction_log.spool import Spool, Waiting
from serving.prediction_log.store import Store

log = logging.getLogger(__name__)

# The first records moved, while requests go on, and how long that may take on a busy machine.
BATCH, BATCH_SECONDS = 250, 30.0
# Then moving and requests take turns: records at a time, how long they may take, and how long a turn lasts. So long
# a request may wait.
STEP, STEP_SECONDS, TURN_SECONDS = 100, 2.0, 0.5
PAUSE_SECONDS = 0.01


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
        return [
            Prediction.from_document(held) for held in self._put([prediction.document() for prediction in predictions])
        ]

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
                if failed or self._spooling:
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
        # The spool ran empty while this request waited for its turn; it must not be the one that begins it anew.
        return self._put(documents)

    def drain(self) -> int:
        """Move everything in the spool to MongoDB and go back to writing there; returns how many records moved.

        It may be killed at any point and repeated: a record leaves the spool only once MongoDB holds its key. Raises
        Unavailable.
        """
        first = self._spool.oldest(BATCH)
        self._move(first, BATCH_SECONDS)
        moved = len(first)
        while True:
            with self._gate:
                moved += self._turn()
                if not self._spooling:
                    return moved
            time.sleep(PAUSE_SECONDS)  # the requests that wait are let in here

    def _turn(self) -> int:
        """Move what can be moved in one turn; the last record moved ends the spooling. How many were moved."""
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
        """Drain whenever something waits, until `stop` is set."""
        while not stop.wait(every_seconds):
            try:
                # Asked of the file too: a process that ended may have left something.
                if self._spooling or self._spool.oldest(1):
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
