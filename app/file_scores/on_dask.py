"""Makes the lines of a result on a Dask cluster: each batch of rows is a task, and the lines come back in order.

A worker gets the rows, the plan and the line-up, and needs no account and no service; it never sees a row of a person
who was erased. A task depends on what it is given alone, so those of a worker that died are done again by another one,
and no line is there twice. A few batches for each of the cluster's threads are on their way at once, so memory does not
grow with the file.

Workers must have the same code and libraries, or the scores could be others: each task compares them.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from app.file_scores.lines import Line, Placed, Plan, Scorer, Spread
from core.errors import SettingsError, Unavailable
from core.stores import dask_cluster
from core.stores.dask_cluster import WORKERLESS_SECONDS, DaskCluster, fingerprint

FOR_EACH_THREAD = 3
"""Batches that wait or are in work for each thread of the cluster."""
LEAST = 8
CODE = ("core", "app/file_scores")

Context = tuple[Plan, Scorer, str]
Columns = list[tuple[Any, ...]]


@contextmanager
def cluster(address: str, *, workerless_seconds: float = WORKERLESS_SECONDS) -> Iterator[Spread]:
    """The cluster whose scheduler is at `address`, such as `tcp://10.0.0.5:8786`.

    Raises SettingsError where Dask is not installed; Unavailable if the address does not answer, and later if the
    cluster is lost or has no worker for `workerless_seconds`.
    """
    try:
        from distributed import Client  # noqa: PLC0415 - only who has a cluster has it
    except ImportError as error:
        raise SettingsError(
            "Dask is not installed here.",
            kept="Nothing was scored.",
            next="Install it with scripts/install dask, or leave --dask out.",
        ) from error
    logging.getLogger("distributed").setLevel(logging.CRITICAL)  # what matters is said here
    try:
        client = Client(address, timeout=dask_cluster.CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        raise Unavailable(
            f"No Dask scheduler answers at {address}: {error}",
            kept="Nothing was scored.",
            next="Check the address, and that the scheduler runs; without --dask the file is scored here.",
        ) from error
    try:
        yield _Lines(DaskCluster(client, address, workerless_seconds=workerless_seconds)).of
    finally:
        client.close()


class _Lines:
    """Makes lines on a cluster."""

    def __init__(self, cluster: DaskCluster) -> None:
        self._cluster = cluster

    def of(self, plan: Plan, scorer: Scorer, files: Iterable[Sequence[Placed]]) -> Iterator[Sequence[Line]]:
        """See `app.file_scores.lines.Spread`. Raises ClusterLost, SettingsError."""
        context = self._cluster.shared((plan, scorer, fingerprint(*CODE)))
        most, waiting = self._most(), deque[Any]()
        for number, batch in enumerate(files):
            waiting.append(self._cluster.submit(_columns, context, list(batch)))
            if len(waiting) >= most:
                yield self._result(waiting.popleft())
            if number % LEAST == 0:
                most = self._most()  # workers may come and go
        while waiting:
            yield self._result(waiting.popleft())

    def _most(self) -> int:
        return max(LEAST, FOR_EACH_THREAD * self._cluster.threads())

    def _result(self, future: Any) -> list[Line]:
        try:
            return [Line(*one) for one in self._cluster.result(future)]
        except ImportError as error:
            raise SettingsError(
                f"The workers of the Dask cluster do not have Callwise: {error}",
                kept="Nothing was written.",
                next="Start them in the same image or checkout as this command.",
            ) from error


def _columns(context: Context, batch: Sequence[Placed]) -> Columns:
    """The lines of a batch, as tuples. Runs on a worker. Raises SettingsError if the code here is another one."""
    plan, scorer, wanted = context
    if fingerprint(*CODE) != wanted:
        raise SettingsError(
            "A worker of the Dask cluster has another version of Callwise or of its libraries than this command.",
            kept="Nothing was written.",
            next="Start the workers in the same image or checkout.",
        )
    return [tuple(vars(line).values()) for line in plan.lines(batch, scorer)]
