"""Good requests at the doors, to be answered after the hostile ones: otherwise a door that only refuses would pass."""

from __future__ import annotations

import time
from base64 import b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from json import dumps
from random import Random

from bench.fuzz import door as doors
from bench.fuzz.place import Place
from bench.fuzz.totals import Totals
from bench.fuzz.wire import HOST, Raw, Wire

PATIENCE = 60.0
"""Seconds in which a good request is repeated: a service may say for a moment that it cannot (503)."""
PAUSE = 0.5
OK, UNAUTHORIZED = 200, 401
MODEL = "/v2/models/prospect-scorer"


@dataclass(frozen=True)
class Good:
    """A good request at a door (over TLS for `name`), and the status that answers it."""

    door: str
    port: int
    name: str | None
    request: Raw
    status: int = OK


def requests(place: Place) -> Iterator[Good]:
    """One for each door of the appliance that HTTP reaches."""
    ports, outside = place.ports, place.door.ports
    body = dumps(place.body(Random(time.time_ns()))).encode()  # noqa: S311  a request of its own each time
    infer = f"{MODEL}/infer"
    yield Good("scoring", ports["mlserver"], None, made("POST", infer, body=body))
    yield Good("screens", ports["app"], None, made("GET", "/sign-in"))
    for door, name in (("monitor", "monitor"), ("screens", "app_metrics"), ("scoring", "mlserver_metrics")):
        yield Good(f"figures of {door}", ports[name], None, made("GET", "/metrics"))
    name, port = doors.NAME, outside[8443]
    host = f"{name}:{port}"
    yield Good("scoring through the door", port, name, made("POST", infer, host, login(doors.SCORING), body=body))
    yield Good("screens through the door", port, name, made("GET", "/sign-in", host))
    yield Good("figures through the door", port, name, made("GET", "/metrics/monitor", host, login(doors.METRICS)))
    for number in (8444, 8445, 8446):
        tool = made("GET", "/", f"{name}:{outside[number]}")
        yield Good(f"tools through the door, {number}", outside[number], name, tool, UNAUTHORIZED)


def look(good: Sequence[Good], totals: Totals, after: str, patience: float = PATIENCE) -> None:
    """Count a crash for each request that is not answered as it should be within `patience` seconds."""
    for one in good:
        deadline = time.monotonic() + patience
        while (status := _status(one)) != one.status:
            if time.monotonic() > deadline:
                totals.crash(f"after {after}, {one.door} answered {status} to a good request, not {one.status}")
                break
            time.sleep(PAUSE)


def login(account: tuple[str, str]) -> str:
    """The header with a login at the door."""
    return f"Authorization: Basic {b64encode(':'.join(account).encode()).decode()}"


def made(method: str, path: str, host: str = HOST, *headers: str, body: bytes = b"") -> Raw:
    """A request as bytes."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", "Content-Type: application/json", *headers]
    return Raw("\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""]).encode() + body)


def _status(good: Good) -> int | str:
    wire = Wire(good.port, good.name)
    try:
        return wire.ask([good.request])[0]
    except OSError as error:
        return str(error)
    finally:
        wire.close()
