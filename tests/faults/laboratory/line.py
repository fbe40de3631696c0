"""A TCP line between the services, which can be slow, cut, or half-open."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Coroutine
from enum import StrEnum
from typing import Any

HOST = "127.0.0.1"
CHUNK = 1 << 16
SLOW_SECONDS = 0.25


class State(StrEnum):
    """How a line is. `SLOW`: each piece of data waits. `CUT`: every connection is reset, and new ones as well.
    `HALF_OPEN`: connections stay and carry nothing; those of that time stay dead for ever, as in a router that forgot
    them."""

    OPEN = "open"
    SLOW = "slow"
    CUT = "cut"
    HALF_OPEN = "half-open"


class Line:
    """A line to `target` on loopback, at a port of its own."""

    def __init__(self, exchange: Exchange, target: int) -> None:
        self.target, self.state = target, State.OPEN
        self._exchange = exchange
        self._ends: dict[asyncio.StreamWriter, bool] = {}  # each end of a connection, and whether it is dead
        self._server = exchange.run(asyncio.start_server(self._serve, HOST, 0))
        self.port = int(self._server.sockets[0].getsockname()[1])

    def become(self, state: State) -> None:
        """Be in `state` from now on."""
        self._exchange.run(self._become(state))

    async def _become(self, state: State) -> None:
        self.state = state
        if state is State.CUT:
            for end in list(self._ends):
                end.transport.abort()
        if state is State.HALF_OPEN:
            self._ends = dict.fromkeys(self._ends, True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.state is State.CUT:
            writer.transport.abort()
            return
        try:
            far_reader, far_writer = await asyncio.open_connection(HOST, self.target)
        except OSError:
            writer.transport.abort()
            return
        dead = self.state is State.HALF_OPEN
        self._ends |= {writer: dead, far_writer: dead}
        try:
            # A reset of one end, as of a process that was killed, is one of the other.
            with contextlib.suppress(OSError):
                await asyncio.gather(self._carry(reader, far_writer), self._carry(far_reader, writer))
        finally:
            for end in (writer, far_writer):
                self._ends.pop(end, None)
                end.transport.abort()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(CHUNK):
            if self.state is State.SLOW:
                await asyncio.sleep(SLOW_SECONDS)
            if self._ends.get(writer):
                continue  # it is swallowed, and nobody is told
            writer.write(data)
            await writer.drain()
        if not self._ends.get(writer) and writer.can_write_eof():
            writer.write_eof()


class Exchange:
    """The lines of one appliance, in a thread of their own."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="lines", daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Do `work` in the thread of the lines, and return what it gives."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def close(self) -> None:
        """End all connections, and the thread."""
        self.run(self._cancel())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _cancel(self) -> None:
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
