"""Does the fits of a search on a Dask cluster: those of all folds of a candidate at once.

The sampler proposes a candidate by the results of those before it, so the candidates themselves come one after another:
the search then finds what it finds in one process. The cluster is reached through Prefect's `DaskTaskRunner`. A fit is
no Prefect task, because workers would then need Prefect's API; they need no account and no service.

A cluster that is away, is lost or has other code costs time and no training: the fits are then done here.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any

from core.models.proof import Scores
from core.stores.dask_cluster import CONNECT_SECONDS, DaskCluster, fingerprint
from trainer.fitting.candidates import Candidate
from trainer.fitting.fold_fits import Begin, Fits, Folds, here

log = logging.getLogger(__name__)

CODE = ("core", "trainer/fitting")
WORKERLESS_SECONDS = 20.0


def fits(address: str) -> Fits:
    """On the cluster whose scheduler is at `address`; in this process where that is empty."""
    return partial(_on_cluster, address) if address else here


@contextmanager
def _on_cluster(address: str, folds: Folds) -> Iterator[Begin]:
    begin: Begin
    with ExitStack() as stack:
        try:
            from prefect_dask import DaskTaskRunner  # noqa: PLC0415 - only who has a cluster has it

            runner = stack.enter_context(DaskTaskRunner(address=address, client_kwargs={"timeout": CONNECT_SECONDS}))
            cluster = DaskCluster(runner.client, address, workerless_seconds=WORKERLESS_SECONDS)
            begin = _Fits(cluster, folds).begin
        except Exception as error:  # noqa: BLE001  whatever is wrong with the cluster, the fits can be done here
            log.warning("the Dask cluster at %s cannot be used, the search fits here: %s", address, error)
            begin = stack.enter_context(here(folds))
        yield begin


class _Fits:
    """Begins fits on a cluster as long as it has not failed."""

    def __init__(self, cluster: DaskCluster, folds: Folds) -> None:
        self._cluster, self._folds, self._failed = cluster, folds, False
        self._shared = cluster.shared((folds, fingerprint(*CODE)))

    def begin(self, candidate: Candidate, number: int) -> Callable[[], Scores]:
        """See `trainer.fitting.fold_fits.Begin`."""
        future: Any = None
        if not self._failed:
            try:
                future = self._cluster.submit(_scores, self._shared, candidate, number)
            except Exception as error:  # noqa: BLE001
                self._fails(error)
        return partial(self._wait, future, candidate, number)

    def _wait(self, future: Any, candidate: Candidate, number: int) -> Scores:
        if future is not None and not self._failed:
            try:
                found: Scores = self._cluster.result(future)
            except Exception as error:  # noqa: BLE001  a fault of the fit itself comes again here
                self._fails(error)
            else:
                return found
        return self._folds.scores(candidate, number)

    def _fails(self, error: Exception) -> None:
        self._failed = True
        log.warning("the search goes on here: %s", error)


def _scores(shared: tuple[Folds, str], candidate: Candidate, number: int) -> Scores:
    """Runs on a worker. Raises RuntimeError if the code here is another one."""
    folds, wanted = shared
    if fingerprint(*CODE) != wanted:
        raise RuntimeError("a worker has another version of Callwise or of its libraries")
    return folds.scores(candidate, number)
