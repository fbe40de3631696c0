"""Prefect's own command line, with one fix of its server: `python prefect_server.py server start …`.

The server stores its data in SQLite here. A heartbeat over a worker's channel reads first and then writes, in one
transaction that takes the write lock only at the write. If another transaction commits in between, SQLite refuses the
write at once, and no time limit helps (https://sqlite.org/rescode.html#busy_snapshot). The server then logs an error
and drops the worker's channel, although nothing is wrong. Such a transaction must take the write lock at its start,
like the server's other transactions that read and write.

This file names the fixed function, so it fails to start with a Prefect without that function; then remove this file.
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
    """`work` in a transaction that takes SQLite's write lock with its first statement, and waits for it."""

    @functools.wraps(work)
    async def wrapped(*args: P.args, **kwargs: P.kwargs) -> T:
        # The session has begun, but sends its BEGIN only with the first statement, in the mode set at that time.
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
