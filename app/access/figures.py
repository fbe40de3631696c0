"""The screens' figures for Prometheus, on a port of their own, which only the door and this machine reach.

The address of the pages would be the wrong place: there everybody who comes through the door could ask.
"""

from __future__ import annotations

import time

from prometheus_client import Counter, Gauge, Histogram, start_http_server
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.errors import SettingsError

REQUESTS = Counter("callwise_app_requests", "Requests answered", ["status"])
SECONDS = Histogram("callwise_app_request_seconds", "Time to an answer", buckets=(0.01, 0.05, 0.1, 0.5, 1, 5))
OPEN_PAGES = Gauge("callwise_app_open_pages", "Pages that are open in browsers")


class Counted:
    """Middleware that counts requests, and pages that are open (each has a web socket)."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] == "websocket":
            with OPEN_PAGES.track_inprogress():
                await self.app(scope, receive, send)
            return
        began = time.monotonic()

        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                REQUESTS.labels(str(message["status"])).inc()
                SECONDS.observe(time.monotonic() - began)
            await send(message)

        await self.app(scope, receive, counted)


def serve(host: str, port: int | None) -> None:
    """Answer `GET /metrics` on `host`:`port` from now on; without a port, do nothing. Raises SettingsError."""
    if port is None:
        return
    try:
        start_http_server(port, host)
    except OSError as error:
        raise SettingsError(
            f"The figures cannot be given on {host}:{port}: {error.strerror}.",
            kept="Nothing was started.",
            next="Set CALLWISE_APP_METRICS_PORT to a free port.",
        ) from error
