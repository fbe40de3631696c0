"""Sends hostile requests to one door until as many as were asked for were tried."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from random import Random

from bench.fuzz import door as doors
from bench.fuzz.good import MODEL, login
from bench.fuzz.hostile import Hostile
from bench.fuzz.place import Place, good_body
from bench.fuzz.totals import CLOSED, Totals
from bench.fuzz.wire import HOST, Raw, Wire

AT_ONCE = 16
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
        "/sign-in/code",
        "/sign-in/code",
        "/account/passkey",
        "/account/passkey/add",
        "/sign-in/company",
        "/sign-in/company/back",
        "/status",
        "/door/mlflow",
        "/door/prefect",
        "/door/evidently",
        "/door/x",
        "/tools/mlflow",
    ),
    *("/", "/static/x", "/_stcore/health", "/_stcore/host-config", "/_stcore/stream", "/_stcore/upload_file/a/b"),
    *("/media/x", "/component/x", "/favicon.ico", "/robots.txt", "/metrics", "/manifest.json"),
)
FORMS = (
    *("name=ann&password=x&next=%2F", "code=123456&next=%2F", "code=abcd-efgh&next=%2Fsign-in", "next=%2F%2Fx&name="),
    "passkey=%7B%7D&name=x",
)
BACK = "?code=abc&state=def"
"""What the company's sign-in gives along on the way back."""
TOOLS = ("/", "/api/2.0/mlflow/runs/search", "/ajax-api/2.0/mlflow/x", "/api/deployments/", "/api/flow_runs/filter")
FIGURES = ("/metrics", "/health", "/metrics/x", "/", "/debug")
OWN = ("/v2/models/x", "/door/prefect", "/metrics/app", "/v2/repository/index", "/metrics", "/v2", "/door/")
"""What the door answers itself: nobody is signed in, and nothing of it goes on."""
BEHIND_LOGIN = tuple(f"/metrics/{name}" for name in ("monitor", "app", "api", "scoring", "worker", "prefect"))


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

    def hostile(host: str, roots: Sequence[str], *headers: str, good: bool = False) -> Callable[[Random], Hostile]:
        return lambda random: Hostile(random, host, roots, bodies if good else ({"name": "x"}, {}), headers)

    def browser(host: str, scheme: str) -> Callable[[Random], Hostile]:
        # A code may be typed for some minutes after the password, so the cookie is made when the sending begins.
        return lambda random: at_screens(random, host, scheme, place.waiting_cookie())

    def own(port: int) -> str:
        return f"{HOST}:{port}"

    def named(port: int) -> str:
        return f"{doors.NAME}:{outside[port]}"

    scoring = hostile(own(ports["mlserver"]), SCORING, good=True)
    return [
        Target("scoring", ports["mlserver"], None, 0.36, scoring),
        Target("screens", ports["app"], None, 0.22, browser(own(ports["app"]), "http")),
        Target("figures of the monitor", ports["monitor"], None, 0.02, hostile("x", FIGURES)),
        Target("figures of the screens", ports["app_metrics"], None, 0.01, hostile("x", FIGURES)),
        Target("figures of scoring", ports["mlserver_metrics"], None, 0.01, hostile("x", FIGURES)),
        Target("the door itself", outside[8443], doors.NAME, 0.10, hostile(named(8443), OWN)),
        Target(
            "scoring through the door",
            outside[8443],
            doors.NAME,
            0.12,
            hostile(named(8443), SCORING, login(doors.SCORING), good=True),
        ),
        Target("screens through the door", outside[8443], doors.NAME, 0.08, browser(named(8443), "https")),
        Target(
            "figures through the door",
            outside[8443],
            doors.NAME,
            0.02,
            hostile(named(8443), BEHIND_LOGIN, login(doors.METRICS)),
        ),
        *(
            Target(f"tools through the door, {port}", outside[port], doors.NAME, 0.02, hostile(named(port), TOOLS))
            for port in (8444, 8445, 8446)
        ),
    ]


def shares(many: int, doors: Sequence[Target]) -> list[int]:
    """`many` requests, divided by the shares of the doors; none is left over."""
    found = [int(many * door.share) for door in doors]
    return [found[0] + many - sum(found), *found[1:]]


def at_screens(random: Random, host: str, scheme: str, waiting: str) -> Hostile:
    """Requests of a browser at the screens of `host`, whose cookie `waiting` says that its password was right."""
    roots = [root + BACK if root.endswith("/back") else root for root in SCREENS]
    return Hostile(random, host, roots, headers=(f"Origin: {scheme}://{host}", f"Cookie: {waiting}"), forms=FORMS)


def send(target: Target, many: int, totals: Totals, *, seed: int, threads: int = 2, broken: float = 0.004) -> float:
    """Send `many` requests to `target` and count them in `totals`; returns the seconds.

    Raises RuntimeError if another number was counted, and what a thread raised.
    """
    began, lock = time.monotonic(), threading.Lock()
    left, before = [many], totals.tried[target.door]

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
                request = hostile.request(broken)
                if request.odd:  # its refusal would be taken for the answer to the first of them
                    _count(wire, batch)
                    batch = []
                batch.append(request)
                if request.odd or not request.whole:
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
            statuses = [CLOSED] * len(batch)
            wire.close()
            time.sleep(1)
        with lock:
            for request, status in zip(batch, statuses, strict=True):
                totals.add(target.door, status, request.data, whole=request.whole, grammatical=not request.odd)

    with ThreadPoolExecutor(threads) as pool:
        for done in [pool.submit(work, number) for number in range(threads)]:
            done.result()
    if (counted := totals.tried[target.door] - before) != many:
        raise RuntimeError(f"{counted} of {many} requests to {target.door} were counted.")
    return time.monotonic() - began
