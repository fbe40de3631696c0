"""Requests that wait for the log at the same time are written together: one round trip and one wait for the journal.

A request that comes alone is written at once. Those that come while a write is under way wait for its end, and all of
them are in the next one (group commit, as databases do it for their journals). So the busier the service is, the less
the log costs a request, and a quiet service waits for nobody. The requests wait on the event loop, not in threads of
their own: a thread that has to wake up costs more than its part of a write.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from core.errors import CallwiseError, Unavailable
from core.scoring.packed import count_records
from core.scoring.prediction import Prediction
from serving.prediction_log.store import CHUNK

Answer = Sequence[Prediction] | CallwiseError
"""What came of one request: the log's records under its keys, or what is told to whoever sent it."""


class Log(Protocol):
    """See `serving.prediction_log.log.PredictionLog`."""

    def write_each(self, requests: Sequence[Sequence[Prediction]]) -> Sequence[Answer]:
        """Make the predictions of n requests durable; returns what came of each."""
        ...


@dataclass(eq=False)
class Waiting:
    """A request's predictions, and where its answer is awaited."""

    predictions: Sequence[Prediction]
    answer: asyncio.Future[Sequence[Prediction]]

    def tell(self, answer: Answer | Exception) -> None:
        """Give the answer, unless there is one, or nobody waits for it any more."""
        if self.answer.done():
            return
        if isinstance(answer, Exception):
            self.answer.set_exception(answer)
        else:
            self.answer.set_result(answer)


class WritesTogether:
    """The way to the log for the requests of one event loop."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._waiting: list[Waiting] = []
        self._writing: asyncio.Task[None] | None = None

    async def write(self, predictions: Sequence[Prediction]) -> Sequence[Prediction]:
        """Make n records durable; returns the log's records under their keys. Raises Conflict, Unavailable."""
        mine = Waiting(predictions, asyncio.get_running_loop().create_future())
        self._waiting.append(mine)
        if self._writing is None:
            self._writing = asyncio.create_task(self._write())
        return await mine.answer

    async def _write(self) -> None:
        try:
            while self._waiting:
                await self._write_together(self._next())
        finally:
            self._writing = None

    def _next(self) -> list[Waiting]:
        """The first of the requests that wait, and those after it that fit the same round trip."""
        many, size = 1, count_records(len(self._waiting[0].predictions))
        while many < len(self._waiting):
            size += count_records(len(self._waiting[many].predictions))
            if size > CHUNK:
                break
            many += 1
        batch, self._waiting = self._waiting[:many], self._waiting[many:]
        return batch

    async def _write_together(self, batch: Sequence[Waiting]) -> None:
        try:
            answers = await asyncio.to_thread(self._log.write_each, [waiting.predictions for waiting in batch])
        except Exception as error:  # noqa: BLE001  whatever it is, whoever asked is told
            if len(batch) == 1:
                batch[0].tell(error)
                return
            for waiting in batch:  # what is wrong with one request is no other's business
                await self._write_together([waiting])
        except BaseException:
            for waiting in (*batch, *self._waiting):
                waiting.tell(Unavailable("The service ended before the predictions were stored."))
            raise
        else:
            for waiting, answer in zip(batch, answers, strict=True):
                waiting.tell(answer)
