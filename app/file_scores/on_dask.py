"""Makes the lines of a result on a Dask cluster: each batch of rows is a task, and the lines come back in order.

A worker gets the rows, the plan and the line-up, and needs no account and no service; it never sees a row of a person
who was erased. A task depends on what it is given alone, so those of a worker that died are done again by another one,
and no line is there twice. A few batches for each of the cluster's threads are on their way at once, so memory does not
grow with the file.

Workers must have the same code and libraries, or the scores could be others: each task compares them.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from importlib.metadata import version
from typing import Any

from app.file_scores.lines import Line, Placed, Plan, Scorer, Spread
from core.errors import SettingsError, Unavailable
from core.settings.group import ROOT

CONNECT_SECONDS, WORKERLESS_SECONDS, LOOK_SECONDS = 10.0, 60.0, 1.0
FOR_EACH_THREAD = 3
"""Batches that wait or are in work for each thread of the cluster."""
LEAST = 8
CODE = ("core", "app/file_scores")
LIBRARIES = ("numpy", "scipy", "scikit-learn", "pandas")

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
        client = Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        raise Unavailable(
            f"No Dask scheduler answers at {address}: {error}",
            kept="Nothing was scored.",
            next="Check the address, and that the scheduler runs; without --dask the file is scored here.",
        ) from error
    try:
        yield _Cluster(client, address, workerless_seconds).lines
    finally:
        client.close()


class _Cluster:
    """A connected cluster."""

    def __init__(self, client: Any, address: str, workerless_seconds: float) -> None:
        self._client, self._address, self._patience = client, address, workerless_seconds

    def lines(self, plan: Plan, scorer: Scorer, files: Iterable[Sequence[Placed]]) -> Iterator[Sequence[Line]]:
        """See `app.file_scores.lines.Spread`. Raises Unavailable, SettingsError."""
        # As a task, it is made again if the workers that have it die; data that is only scattered would be lost.
        context = self._client.submit(_given, (plan, scorer, fingerprint()), pure=False)
        most, waiting = self._most(), deque[Any]()
        for batch in files:
            waiting.append(self._client.submit(_columns, context, list(batch), pure=False))
            if len(waiting) >= most:
                yield self._result(waiting.popleft())
                most = self._most() if len(waiting) % LEAST == 0 else most
        while waiting:
            yield self._result(waiting.popleft())

    def _most(self) -> int:
        threads: int = sum(self._client.nthreads().values())
        return max(LEAST, FOR_EACH_THREAD * threads)

    def _result(self, future: Any) -> list[Line]:
        alone_since = time.monotonic()
        while True:
            try:
                return [Line(*one) for one in future.result(timeout=LOOK_SECONDS)]
            except TimeoutError:
                if self._workers():
                    alone_since = time.monotonic()
                elif time.monotonic() - alone_since > self._patience:
                    raise self._lost(f"it has had no worker for {self._patience:g} s") from None
            except ImportError as error:
                raise SettingsError(
                    f"The workers of the Dask cluster at {self._address} do not have Callwise: {error}",
                    kept="Nothing was written.",
                    next="Start them in the same image or checkout as this command.",
                ) from error
            except Exception as error:
                if type(error).__module__.startswith("core."):
                    raise
                raise self._lost(f"{type(error).__name__}: {error}") from error

    def _workers(self) -> int:
        try:
            return len(self._client.nthreads())
        except Exception as error:
            raise self._lost(f"{type(error).__name__}: {error}") from error

    def _lost(self, why: str) -> Unavailable:
        return Unavailable(
            f"The Dask cluster at {self._address} was lost: {why}.",
            kept="Nothing was written.",
            next="Look at its scheduler and workers, then repeat the command.",
        )


def _given(context: Context) -> Context:
    return context


def _columns(context: Context, batch: Sequence[Placed]) -> Columns:
    """The lines of a batch, as tuples. Runs on a worker. Raises SettingsError if the code here is another one."""
    plan, scorer, wanted = context
    if fingerprint() != wanted:
        raise SettingsError(
            "A worker of the Dask cluster has another version of Callwise or of its libraries than this command.",
            kept="Nothing was written.",
            next="Start the workers in the same image or checkout.",
        )
    return [tuple(vars(line).values()) for line in plan.lines(batch, scorer)]


@cache
def fingerprint() -> str:
    """What decides which score a row gets, beside the model: a hash of our code and of the libraries' versions."""
    digest = hashlib.sha256(" ".join(version(name) for name in LIBRARIES).encode())
    for folder in CODE:
        for path in sorted((ROOT / folder).rglob("*.py")):
            digest.update(path.relative_to(ROOT).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()
