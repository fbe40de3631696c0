"""Prefect's own command line, with one mend of its server: `python prefect_server.py server start …`.

The server keeps its data in SQLite here. A heartbeat that comes over a worker's channel reads first and writes then, in
one transaction that takes the write lock only when it writes. If another transaction commits between the two, SQLite
refuses the write at once, and no time limit helps (https://sqlite.org/rescode.html#busy_snapshot). The server then logs
an error and drops the worker's channel, while nothing is wrong. Such a transaction has to take the write lock at its
start, as the server's other transactions that read and write do.

What is mended is named here, so a Prefect that no longer has it does not start with this file: then it may go.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Awaitable, Callable
from typing import ParamSpec, TypeVar

from prefect.server.database.configurations import SQLITE_BEGIN_MODE
from prefect.server.utilities import worker_channel

P = ParamSpec("P")
T = TypeVar("T")


def locking_first(work: Callable[P, Awaitable[T]]) -> Callable[P, Awaitable[T]]:
    """`work`, whose transaction takes SQLite's write lock with its first statement and waits until it is free."""

    @functools.wraps(work)
    async def wrapped(*args: P.args, **kwargs: P.kwargs) -> T:
        # The session has begun, but its BEGIN is sent only with the first statement, in the mode that is set then.
        token = SQLITE_BEGIN_MODE.set("IMMEDIATE")
        try:
            return await work(*args, **kwargs)
        finally:
            SQLITE_BEGIN_MODE.reset(token)

    return wrapped


worker_channel._persist_worker_channel_heartbeat = locking_first(worker_channel._persist_worker_channel_heartbeat)


if __name__ == "__main__":
    from prefect.cli import app

    sys.exit(app())
