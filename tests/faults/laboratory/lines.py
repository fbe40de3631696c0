"""Lines between services that are slow, cut, or half-open for a while."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

from core.errors import CallwiseError
from core.models.decisions import CHAMPION
from core.settings.addresses import PrefectSettings
from core.settings.loading import load
from core.stores.evidently import EvidentlyUI
from monitor.flows.prefect_runs import PrefectRuns
from tests.faults.laboratory.champion import registry_of
from tests.faults.laboratory.fault import Bench, Fault
from tests.faults.laboratory.line import State
from tests.faults.laboratory.site import Site, wait

SECONDS, WITHIN = 15.0, 420.0
BAD = {
    "mongo": (State.SLOW, State.CUT, State.HALF_OPEN),
    "mlserver": (State.SLOW, State.CUT, State.HALF_OPEN),
    "mlflow": (State.CUT, State.HALF_OPEN),
    "prefect": (State.CUT, State.HALF_OPEN),
    "s3": (State.CUT, State.HALF_OPEN),
    "evidently": (State.CUT,),
}
SHORT = {("mongo", State.CUT)}


def bad(service: str, state: State) -> Callable[[Bench], float]:
    """The line to `service` is in `state` for a while. Then it has to carry an operation, whose seconds are returned.

    The load itself works over the lines to MongoDB and to MLServer, and the worker's heartbeat comes over Prefect's.
    """

    def inject(bench: Bench) -> float:
        site = bench.site
        with site.line(service, state):
            time.sleep(min(SECONDS, bench.gone_seconds))
        began, before = time.monotonic(), runs(site)
        for what, works in OVER.get(service, {}).items():
            wait(what, partial(works, site, before), WITHIN)
        return time.monotonic() - began

    return inject


def runs(site: Site) -> int:
    """How often the monitor's review of drift has run, which asks MLflow for the champion each time."""
    return int(site.jobs().get("drift", {}).get("runs", 0))


def reviewed(site: Site, before: int) -> bool:
    """Whether that review ran again, without a failure. Fewer runs than before are those of another process."""
    review = site.jobs().get("drift")
    return review is not None and review["runs"] != before and not review["failures_in_a_row"]


def carries(ask: Callable[[Site], object]) -> Callable[[Site, int], bool]:
    """Whether `ask` is answered."""

    def asked(site: Site, _before: int) -> bool:
        try:
            ask(site)
        except CallwiseError:
            return False
        return True

    return asked


def downloaded(site: Site) -> None:
    """Read the champion's files from MLflow, which has them from S3. Raises CallwiseError."""
    registry = registry_of(site)
    champion = registry.version_by_alias(CHAMPION)
    assert champion is not None
    with registry.files(champion):
        pass


def listed(site: Site) -> None:
    """Ask Evidently for its projects as the monitor does, over the line. Raises Unavailable."""
    EvidentlyUI(site.env(over_lines=True)["EVIDENTLY_URL"]).ensure_project()


def waiting(site: Site) -> None:
    """Ask Prefect for runs as the monitor does, over the line. Raises Unavailable."""
    PrefectRuns(load(PrefectSettings, site.env(over_lines=True))).under_way()


OVER: dict[str, dict[str, Callable[[Site, int], bool]]] = {
    "mlflow": {"the monitor asking MLflow for the champion": reviewed},
    "s3": {"MLflow reading a model from S3": carries(downloaded)},
    "prefect": {"Prefect answering over its line": carries(waiting)},
    "evidently": {"Evidently answering over its line": carries(listed)},
}
"""By service, what has to work over the line again."""


FAULTS = tuple(
    Fault(f"the line to {service} {state}", bad(service, state), short=(service, state) in SHORT)
    for service, states in BAD.items()
    for state in states
)
