"""The page that a service without screens shows to probes and to Prometheus: a few addresses, read alone."""

from __future__ import annotations

import json
import socket
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from core.errors import SettingsError

ARRIVAL_SECONDS = 10
"""For each part of a request to arrive."""
LINGER_SECONDS, LINGER_BYTES = 1.0, 1 << 20


@dataclass(frozen=True)
class Answer:
    """What an address answers."""

    body: bytes
    kind: str
    status: HTTPStatus = HTTPStatus.OK

    @classmethod
    def of(cls, content: Mapping[str, Any], status: HTTPStatus = HTTPStatus.OK) -> Self:
        """`content` as JSON."""
        return cls(json.dumps(content).encode(), "application/json", status)


class ProbePage:
    """Serves `answers`, by address, on `host`:`port` (0: any free one) in a thread.

    Raises SettingsError if it cannot. `name` goes into the error; `setting` is the one of the port.
    """

    def __init__(
        self, host: str, port: int, answers: Mapping[str, Callable[[], Answer]], *, name: str, setting: str
    ) -> None:
        try:
            self._server = _Server((host, port), _handler(answers))
        except OSError as error:
            raise SettingsError(
                f"{name} cannot bind {host}:{port}: {error.strerror}.",
                kept="Nothing was started.",
                next=f"Set {setting} to a free port, or end what is running there.",
            ) from error
        threading.Thread(target=self._server.serve_forever, name="probe-page", daemon=True).start()

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return int(self._server.server_address[1])

    def close(self) -> None:
        """Stop answering."""
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def shutdown_request(self, request: Any) -> None:
        """Close what was answered once the rest of the request has been read.

        A connection that is closed with something unread is reset, and whoever asked loses the answer with it.
        """
        until, left = time.monotonic() + LINGER_SECONDS, LINGER_BYTES
        with suppress(OSError):
            request.shutdown(socket.SHUT_WR)
            request.settimeout(LINGER_SECONDS)
            while left > 0 and time.monotonic() < until and (more := request.recv(1 << 16)):
                left -= len(more)
        self.close_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Who hung up, or sent nothing, is no error of this service."""
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            super().handle_error(request, client_address)


def _handler(answers: Mapping[str, Callable[[], Answer]]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        server_version, sys_version = "callwise", ""
        timeout = ARRIVAL_SECONDS

        def do_GET(self) -> None:
            self.wfile.write(self._head().body)

        def do_HEAD(self) -> None:
            self._head()

        def log_message(self, format: str, *args: object) -> None:
            """Log nothing: a request comes every few seconds."""

        def _head(self) -> Answer:
            found = answers.get(self.path.split("?")[0])
            here = {"error": f"only {' and '.join(answers)} {'is' if len(answers) == 1 else 'are'} here"}
            try:
                answer = found() if found else Answer.of(here, HTTPStatus.NOT_FOUND)
            except OSError as error:  # a store's connection, not that of whoever asks, of which nothing is told
                raise RuntimeError(f"{self.path} has no answer: {error}") from error
            self.send_response(answer.status)
            self.send_header("Content-Type", answer.kind)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            return answer

    return Handler
