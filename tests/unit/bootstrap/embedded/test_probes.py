"""Probes say well only to a server that is, and why not otherwise."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from bootstrap.embedded.probes import S3, Http, Mongo, PrefectWorker, Probe
from core.errors import Unavailable

WORKERS = [{"name": "gone", "status": "OFFLINE"}, {"name": "former", "status": "ONLINE"}]
SECRET = "callwise:a secret"
DEAD = "127.0.0.1:9"  # discard (RFC 863): reserved, and nobody listens there any more


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/well" else 503)
        self.end_headers()

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers["Authorization"] != "Basic Y2FsbHdpc2U6YSBzZWNyZXQ=":
            self.send_error(401)
            return
        self.send_response(200 if self.path == "/api/work_pools/pool/workers/filter" else 404)
        self.end_headers()
        self.wfile.write(json.dumps(WORKERS).encode())

    def log_message(self, *_: object) -> None:
        """Not into the test's output."""


@pytest.fixture
def server() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        threading.Thread(target=http.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{http.server_port}"
        http.shutdown()


def test_http(server: str) -> None:
    Http("http://{HERE}/well")({"HERE": server})
    with pytest.raises(Unavailable, match="Service Unavailable"):
        Http("http://{HERE}/ill")({"HERE": server})


def test_no_proxy_is_asked(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", f"http://{DEAD}")
    monkeypatch.delenv("no_proxy", raising=False)
    Http("http://{HERE}/well")({"HERE": server})


def test_only_a_worker_that_is_online_counts(server: str) -> None:
    values = {"PREFECT_API_URL": f"http://{server}/api", "PREFECT_API_AUTH_STRING": SECRET, "start": "now"}
    PrefectWorker("pool")(values)
    PrefectWorker("pool", "former")(values)
    for name in ("gone", "{start}"):
        with pytest.raises(Unavailable, match="former"):
            PrefectWorker("pool", name)(values)
    with pytest.raises(Unavailable):
        PrefectWorker("no such pool")(values)
    with pytest.raises(Unavailable, match="Unauthorized"):
        PrefectWorker("pool")({**values, "PREFECT_API_AUTH_STRING": "callwise:another"})


@pytest.mark.parametrize("probe", [Http("http://{HERE}/"), S3(), Mongo(), PrefectWorker("pool")], ids=repr)
def test_nobody_there(probe: Probe, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bootstrap.embedded.probes.TIMEOUT", 0.2)
    values = {
        "HERE": DEAD, "MONGODB_URI": f"mongodb://{DEAD}", "PREFECT_API_URL": f"http://{DEAD}/api",
        "PREFECT_API_AUTH_STRING": SECRET,
        "S3_ENDPOINT_URL": f"http://{DEAD}", "S3_ACCESS_KEY": "key", "S3_SECRET_KEY": "s" * 20,
    }  # fmt: skip
    with pytest.raises(Unavailable):
        probe(values)
