"""Processes that are killed, alone and in pairs, and processes that are gone for a while."""

from __future__ import annotations

import time
from collections.abc import Callable

from tests.faults.laboratory.fault import Bench, Fault

SERVICES = (
    *("mongo", "s3", "mlflow", "prefect", "prefect-worker", "mlserver"),
    *("monitor", "app", "api", "evidently", "backup"),
)
PAIRS = (
    ("mongo", "mlserver"),
    ("mongo", "monitor"),
    ("mongo", "app"),
    ("mongo", "s3"),
    ("s3", "mlflow"),
    ("mlflow", "mlserver"),
    ("prefect", "prefect-worker"),
    ("monitor", "mlserver"),
)
GONE = ("mongo", "s3", "mlflow", "prefect", "app", "mlserver", "monitor")
SHORT = {("mongo", "mlserver")}


def killed(*services: str) -> Callable[[Bench], None]:
    """kill -9 of all processes of these services at once."""

    def inject(bench: Bench) -> None:
        bench.site.kill(*services)

    return inject


def gone(service: str) -> Callable[[Bench], None]:
    """It answers nothing, on connections that stay, for as long as the bench says."""

    def inject(bench: Bench) -> None:
        with bench.site.gone(service):
            time.sleep(bench.gone_seconds)

    return inject


def supervisor_killed(bench: Bench) -> None:
    """kill -9 of what keeps the services: they end with it, and are started again."""
    bench.site.kill_supervisor()


def twice(bench: Bench) -> None:
    """MongoDB again, while it starts after the first kill."""
    for _ in range(3):
        bench.site.kill("mongo")
        time.sleep(2.5)


FAULTS = (
    *(Fault(f"{name} killed", killed(name)) for name in SERVICES),
    *(Fault(f"{' and '.join(pair)} killed", killed(*pair), short=pair in SHORT) for pair in PAIRS),
    Fault("mongo killed three times in a row", twice),
    Fault("the supervisor killed", supervisor_killed),
    *(Fault(f"{name} gone", gone(name)) for name in GONE),
)
