"""A statistical office on this machine: answers SDMX requests with recordings, and notes what it was asked."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from core.settings.group import ROOT

RECORDINGS = ROOT / "tests" / "recordings"
GENERIC = "application/vnd.sdmx.genericdata+xml;version=2.1"
SPECIFIC = "application/vnd.sdmx.structurespecificdata+xml;version=2.1"
JSON = "application/vnd.sdmx.data+json;version=1.0.0-wd"


@dataclass
class Office:
    """A statistical office on this machine: what it answers, how, and what it was asked."""

    url: str = ""
    status: int = 200
    body: bytes = b""
    kind: str = GENERIC
    failures: int = 0  # answers 503 so many times first
    silent: threading.Event | None = None  # says nothing until this is set
    flows: dict[str, tuple[bytes, str]] = field(default_factory=dict)  # answers of flows that have one of their own
    asked: list[tuple[str, str]] = field(default_factory=list)

    def plays(self, recording: str, kind: str = GENERIC) -> None:
        self.body, self.kind = (RECORDINGS / recording).read_bytes(), kind

    def publishes(self, flow: str, recording: str, kind: str) -> None:
        self.flows[flow] = (RECORDINGS / recording).read_bytes(), kind


@contextmanager
def opened() -> Iterator[Office]:
    """An office that answers until the block is left."""
    office = Office()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            office.asked.append((self.path, str(self.headers["User-Agent"])))
            if office.silent:
                office.silent.wait(30)
                return
            status = 503 if len(office.asked) <= office.failures else office.status
            body, kind = office.flows.get(self.path.split("/")[3], (office.body, office.kind))
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    office.url = f"http://127.0.0.1:{server.server_port}/service"
    yield office
    if office.silent:
        office.silent.set()
    server.shutdown()
    server.server_close()
