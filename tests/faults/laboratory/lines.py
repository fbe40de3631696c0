"""Lines between services that are slow, cut, or half-open for a while."""

from __future__ import annotations

import time
from collections.abc import Callable

from tests.faults.laboratory.fault import Bench, Fault
from tests.faults.laboratory.line import State

SECONDS = 15.0
BAD = {
    "mongo": (State.SLOW, State.CUT, State.HALF_OPEN),
    "mlserver": (State.SLOW, State.CUT, State.HALF_OPEN),
    "mlflow": (State.CUT, State.HALF_OPEN),
    "prefect": (State.CUT, State.HALF_OPEN),
    "s3": (State.CUT, State.HALF_OPEN),
    "evidently": (State.CUT,),
}
SHORT = {("mongo", State.CUT)}


def bad(service: str, state: State) -> Callable[[Bench], None]:
    """The line to `service` is in `state` for a while."""

    def inject(bench: Bench) -> None:
        with bench.site.line(service, state):
            time.sleep(min(SECONDS, bench.gone_seconds))

    return inject


FAULTS = tuple(
    Fault(f"the line to {service} {state}", bad(service, state), short=(service, state) in SHORT)
    for service, states in BAD.items()
    for state in states
)
