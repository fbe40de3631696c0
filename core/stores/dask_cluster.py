"""A Dask cluster: connecting to it, sending tasks, and noticing that it is lost.

Dask is installed only where there is a cluster. Whoever uses this gives its own client: the screens' command that of
`distributed`, a training that of `prefect-dask`.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from functools import cache
from importlib.metadata import version
from typing import Any, Self

from core.errors import Unavailable
from core.settings.group import ROOT

CONNECT_SECONDS, WORKERLESS_SECONDS, LOOK_SECONDS = 10.0, 60.0, 1.0
LIBRARIES = ("numpy", "scipy", "scikit-learn", "pandas")


class ClusterLost(Unavailable):
    """The scheduler does not answer, or there is nobody to work."""

    @classmethod
    def at(cls, address: str, why: str) -> Self:
        """The error of the cluster at `address`."""
        return cls(
            f"The Dask cluster at {address} was lost: {why}.",
            kept="Nothing was written.",
            next="Look at its scheduler and workers, then try again.",
        )


class DaskCluster:
    """A connected cluster; `client` is a `distributed.Client`.

    A value that many tasks need is itself a task (`shared`): it is made again if the workers that have it die, where
    data that is only scattered would be lost.
    """

    def __init__(self, client: Any, address: str, *, workerless_seconds: float = WORKERLESS_SECONDS) -> None:
        self._client, self._address, self._patience = client, address, workerless_seconds

    def shared(self, value: Any) -> Any:
        """A future of `value`, to be given to tasks."""
        return self._client.submit(_itself, value, pure=False)

    def submit(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """A future of what `function` returns. Raises ClusterLost."""
        try:
            return self._client.submit(function, *arguments, pure=False)
        except Exception as error:
            raise self._lost(error) from error

    def threads(self) -> int:
        """How many tasks it works on at once. Raises ClusterLost."""
        try:
            threads: int = sum(self._client.nthreads().values())
        except Exception as error:
            raise self._lost(error) from error
        return threads

    def result(self, future: Any) -> Any:
        """What the task returned. Raises what it raised of ours, ImportError, and ClusterLost."""
        alone_since = time.monotonic()
        while True:
            try:
                return future.result(timeout=LOOK_SECONDS)
            except TimeoutError:
                if self.threads():
                    alone_since = time.monotonic()
                elif time.monotonic() - alone_since > self._patience:
                    raise ClusterLost.at(self._address, f"it has had no worker for {self._patience:g} s") from None
            except ImportError:
                raise
            except Exception as error:
                if type(error).__module__.startswith("core."):
                    raise
                raise self._lost(error) from error

    def _lost(self, error: Exception) -> ClusterLost:
        return ClusterLost.at(self._address, f"{type(error).__name__}: {error}")


def _itself(value: Any) -> Any:
    return value


@cache
def fingerprint(*folders: str) -> str:
    """A hash of our code in `folders` (from the project's root) and of the versions of the libraries for numbers.

    Two processes with the same one compute the same.
    """
    digest = hashlib.sha256(" ".join(version(name) for name in LIBRARIES).encode())
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            digest.update(path.relative_to(ROOT).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()
