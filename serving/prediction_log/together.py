"""Writes of requests that wait at the same time become one: one round trip and one wait for the journal.

A request that comes alone writes at once. Those that come while a write is under way wait for its end, and the first of
them then writes for all (group commit, as databases do it for their journals). So the busier the service is, the less
the log costs a request, and a quiet service waits for nobody.

What one request did wrong is no other's business. Where the common write is refused, because a key is taken for other
rows, each request writes for itself, and has its own answer or its own error.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from core.errors import CallwiseError, Unavailable
from core.stores.mongo import Document
from serving.prediction_log.log import Home
from serving.prediction_log.store import CHUNK

LOOK_SECONDS = 0.02
"""How often a request that waits for its turn looks whether another has written for it."""


@dataclass(eq=False)
class Write:
    """The records of one request, and what came of them; None while they wait."""

    documents: Sequence[Document]
    stored: list[Document] | None = None
    error: Exception | None = None

    @property
    def waits(self) -> bool:
        """Whether nothing came of it yet."""
        return self.stored is None and self.error is None


class WritesTogether:
    """A home for predictions whose requests, in threads of their own, write together. See `Home`."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._turn = threading.Lock()  # held by whoever writes
        self._lock = threading.Lock()
        self._waiting: list[Write] = []

    def put(self, documents: Sequence[Document]) -> list[Document]:
        """See `serving.prediction_log.store.Store`."""
        mine = Write(documents)
        with self._lock:
            self._waiting.append(mine)
        # Those before it may be more than one round trip takes. Whoever is served meanwhile need not wait for a turn.
        while mine.waits:
            if self._turn.acquire(timeout=LOOK_SECONDS):
                try:
                    if mine.waits:
                        self._write(self._next())
                finally:
                    self._turn.release()
        if mine.error is not None:
            raise mine.error
        return mine.stored or []

    def merge(self, documents: Sequence[Document], seconds: float) -> list[Document]:
        """See `Home`."""
        return self._home.merge(documents, seconds)

    def _next(self) -> list[Write]:
        """The first of the writes that wait, and those after it that fit the same round trip."""
        with self._lock:
            many, size = 1, len(self._waiting[0].documents)
            while many < len(self._waiting) and size + len(self._waiting[many].documents) <= CHUNK:
                size += len(self._waiting[many].documents)
                many += 1
            batch, self._waiting = self._waiting[:many], self._waiting[many:]
        return batch

    def _write(self, batch: Sequence[Write]) -> None:
        try:
            stored = iter(self._home.put([document for write in batch for document in write.documents]))
            for write in batch:
                write.stored = list(islice(stored, len(write.documents)))
        except Unavailable as error:
            # Whoever waits meanwhile would wait as long for the same: the spool takes theirs at once.
            with self._lock:
                failed, self._waiting = [*batch, *self._waiting], []
            for write in failed:
                write.error = error
        except CallwiseError as error:
            if len(batch) == 1:
                batch[0].error = error
                return
            for place, write in enumerate(batch):
                self._write([write])
                if isinstance(write.error, Unavailable):
                    for other in batch[place + 1 :]:
                        other.error = write.error
                    return
        finally:
            for write in batch:
                if write.waits:  # nobody may wait for a write that was cut off
                    write.error = Unavailable("The predictions were not stored: the write was cut off.")
