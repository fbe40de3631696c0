"""The page about backups: `GET /health` answers as long as the service lives, and says as JSON what is wrong."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from core.errors import SettingsError


class Page:
    """Serves `report()` on `host`:`port` (0: any free one) in a thread. Raises SettingsError if it cannot.

    The status is 200 also where a backup failed: a full disk for backups must keep no appliance from its start.
    """

    def __init__(self, host: str, port: int, report: Callable[[], Mapping[str, Any]]) -> None:
        try:
            self._server = ThreadingHTTPServer((host, port), _handler(report))
        except OSError as error:
            raise SettingsError(
                f"The page about backups cannot bind {host}:{port}: {error.strerror}.",
                kept="Nothing was started.",
                next="Set CALLWISE_BACKUP_PORT to a free port.",
            ) from error
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, name="page", daemon=True).start()

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return int(self._server.server_address[1])

    def close(self) -> None:
        """Stop answering."""
        self._server.shutdown()
        self._server.server_close()


def _handler(report: Callable[[], Mapping[str, Any]]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        server_version, sys_version = "callwise-backup", ""
        timeout = 10  # seconds for a request to arrive

        def do_GET(self) -> None:
            found = self.path.split("?")[0] == "/health"
            body = json.dumps(report() if found else {"error": "only /health is here"}).encode()
            self.send_response(HTTPStatus.OK if found else HTTPStatus.NOT_FOUND)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Log nothing: a request comes every few seconds."""

    return Handler
