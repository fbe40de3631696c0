"""The health page: `GET /health` answers 200 while all is well and 503 when it is not, with the reasons as JSON.

`GET /metrics` on the same port has the figures for Prometheus.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from core.errors import SettingsError


@dataclass(frozen=True)
class Health:
    """Whether all is well, and the content of the page."""

    ok: bool
    details: dict[str, Any]


class HealthPage:
    """Serves `look()` at /health and `figures()` at /metrics on `host`:`port` (0: any free one) in a thread.

    Raises SettingsError if that fails.
    """

    def __init__(self, host: str, port: int, look: Callable[[], Health], figures: Callable[[], bytes] = bytes) -> None:
        try:
            self._server = ThreadingHTTPServer((host, port), _handler(look, figures))
        except OSError as error:
            raise SettingsError(
                f"The health page cannot bind {host}:{port}: {error.strerror}.",
                kept="Nothing was started.",
                next="Set CALLWISE_MONITOR_PORT to a free port, or end the monitor that is already running.",
            ) from error
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, name="health", daemon=True).start()

    @property
    def port(self) -> int:
        """The port that the page listens on."""
        return int(self._server.server_address[1])

    def close(self) -> None:
        """Stop answering."""
        self._server.shutdown()
        self._server.server_close()


def _handler(look: Callable[[], Health], figures: Callable[[], bytes]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        server_version, sys_version = "callwise-monitor", ""
        timeout = 10  # seconds for a request to arrive

        def do_GET(self) -> None:
            path = self.path.split("?")[0]
            if path == "/metrics":
                self._send(HTTPStatus.OK, "text/plain; version=0.0.4; charset=utf-8", figures())
                return
            if path != "/health":
                self._answer(HTTPStatus.NOT_FOUND, {"error": "only /health and /metrics are here"})
                return
            health = look()
            status = HTTPStatus.OK if health.ok else HTTPStatus.SERVICE_UNAVAILABLE
            self._answer(status, {"ok": health.ok, **health.details})

        def log_message(self, format: str, *args: object) -> None:
            """Log nothing: a request comes every few seconds."""

        def _answer(self, status: HTTPStatus, content: dict[str, Any]) -> None:
            self._send(status, "application/json", json.dumps(content).encode())

        def _send(self, status: HTTPStatus, kind: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    return Handler
