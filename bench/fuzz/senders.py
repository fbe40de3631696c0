"""Sends hostile requests to one door until enough were tried."""

from __future__ import annotations

import threading
import time
from base64 import b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

from bench.fuzz import door as doors
from bench.fuzz.hostile import Hostile
from bench.fuzz.place import Place, good_body
from bench.fuzz.totals import Totals
from bench.fuzz.wire import HOST, Raw, Wire

AT_ONCE = 16
MODEL = "/v2/models/prospect-scorer"
SCORING = (
    *(f"{MODEL}/infer", f"{MODEL}/infer", f"{MODEL}/infer", MODEL, f"{MODEL}/ready", "/v2/health/ready", "/v2"),
    *(f"{MODEL}/versions/1/infer", f"{MODEL}/infer_stream", f"{MODEL}/generate", f"{MODEL}/generate_stream"),
    *(f"{MODEL}/docs", f"{MODEL}/docs/dataplane.json", "/v2/docs", "/v2/docs/dataplane.json", "/v2/models/other/infer"),
    *("/v2/repository/index", "/v2/repository/models/prospect-scorer/unload", "/v2/repository/models/x/load"),
)
SCREENS = (
    *(
        "/sign-in",
        "/sign-in",
        "/status",
        "/door/mlflow",
        "/door/prefect",
        "/door/evidently",
        "/door/x",
        "/tools/mlflow",
    ),
    *("/", "/static/x", "/_stcore/health", "/_stcore/host-config", "/_stcore/stream", "/_stcore/upload_file/a/b"),
    *("/media/x", "/component/x", "/favicon.ico", "/robots.txt", "/sso", "/sso/back", "/metrics", "/manifest.json"),
)
TOOLS = ("/", "/api/2.0/mlflow/runs/search", "/ajax-api/2.0/mlflow/x", "/api/deployments/", "/api/flow_runs/filter")
FIGURES = ("/metrics", "/health", "/metrics/x", "/", "/debug")
OWN = ("/v2/models/x", "/door/prefect", "/metrics/app", "/v2/repository/index", "/metrics", "/v2", "/door/")
"""What the door answers itself: nobody is signed in, and nothing of it goes on."""


@dataclass(frozen=True)
class Target:
    """A door: where, over TLS for a name or not, and what asks it. `share`: of all requests."""

    door: str
    port: int
    name: str | None
    share: float
    made: Callable[[Random], Hostile]


def targets(place: Place) -> list[Target]:
    """Every door of the appliance that HTTP reaches."""
    ports, outside = place.ports, place.door.ports
    seed = Random(5)  # noqa: S311  made-up requests
    bodies = [good_body(place.schema, seed, rows) for rows in (1, 1, 2, 3, 5) for _ in range(4)]
    login = "Basic " + b64encode(":".join(doors.SCORING).encode()).decode()
    metrics = "Basic " + b64encode(":".join(doors.METRICS).encode()).decode()

    def hostile(
        host: str, roots: Sequence[str], *headers: tuple[str, str], good: bool = False
    ) -> Callable[[Random], Hostile]:
        return lambda random: Hostile(random, host, roots, bodies if good else ({"name": "x"}, {}), headers)

    def own(port: int) -> str:
        return f"{HOST}:{port}"

    def named(port: int) -> str:
        return f"{doors.NAME}:{outside[port]}"

    scoring = hostile(own(ports["mlserver"]), SCORING, good=True)
    screens = hostile(own(ports["app"]), SCREENS, ("Origin", f"http://{own(ports['app'])}"))
    return [
        Target("scoring", ports["mlserver"], None, 0.12, scoring),
        Target("screens", ports["app"], None, 0.05, screens),
        Target("figures of the monitor", ports["monitor"], None, 0.02, hostile("x", FIGURES)),
        Target("figures of the screens", ports["app_metrics"], None, 0.01, hostile("x", FIGURES)),
        Target("figures of scoring", ports["mlserver_metrics"], None, 0.01, hostile("x", FIGURES)),
        Target("the door itself", outside[8443], doors.NAME, 0.64, hostile(named(8443), OWN)),
        Target(
            "scoring through the door",
            outside[8443],
            doors.NAME,
            0.05,
            hostile(named(8443), SCORING, ("Authorization", login), good=True),
        ),
        Target("screens through the door", outside[8443], doors.NAME, 0.03, hostile(named(8443), SCREENS)),
        Target(
            "figures through the door",
            outside[8443],
            doors.NAME,
            0.01,
            hostile(named(8443), ("/metrics/monitor", "/metrics/app"), ("Authorization", metrics)),
        ),
        *(
            Target(f"tools through the door, {port}", outside[port], doors.NAME, 0.02, hostile(named(port), TOOLS))
            for port in (8444, 8445, 8446)
        ),
    ]


def send(target: Target, many: int, totals: Totals, *, seed: int, threads: int = 2, broken: float = 0.004) -> float:
    """Send `many` requests to `target` and count them in `totals`; returns the seconds."""
    began, lock = time.monotonic(), threading.Lock()
    left = [many]

    def work(number: int) -> None:
        hostile = target.made(Random(f"{seed}:{target.door}:{number}"))  # noqa: S311  made-up requests
        wire = Wire(target.port, target.name)
        while True:
            with lock:
                take = min(AT_ONCE, left[0])
                left[0] -= take
            if take <= 0:
                break
            batch: list[Raw] = []
            for _ in range(take):
                batch.append(hostile.request(broken))
                if not batch[-1].whole:
                    _count(wire, batch)
                    batch = []
            _count(wire, batch)
        wire.close()

    def _count(wire: Wire, batch: list[Raw]) -> None:
        if not batch:
            return
        try:
            statuses = wire.ask(batch)
        except OSError as error:
            with lock:
                totals.crash(f"{target.door} does not listen: {error}")
            time.sleep(1)
            return
        with lock:
            for request, status in zip(batch, statuses, strict=True):
                totals.add(target.door, status, request.data)

    workers = [threading.Thread(target=work, args=(number,)) for number in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return time.monotonic() - began
