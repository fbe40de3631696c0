"""The API's figures for Prometheus, at `/metrics`, which the door opens to its own account alone."""

from __future__ import annotations

import time

from prometheus_client import CONTENT_TYPE_LATEST, Counter, Histogram, generate_latest
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

REQUESTS = Counter("callwise_api_requests", "Requests answered", ["status"])
SECONDS = Histogram("callwise_api_request_seconds", "Time to an answer", buckets=(0.01, 0.05, 0.1, 0.5, 1, 5))


class Counted:
    """ASGI middleware that counts answers."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See the ASGI specification."""
        if scope["type"] != "http" or scope["path"] == "/metrics":
            await self._app(scope, receive, send)
            return
        began = time.monotonic()

        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                REQUESTS.labels(str(message["status"])).inc()
                SECONDS.observe(time.monotonic() - began)
            await send(message)

        await self._app(scope, receive, counted)


def figures(_request: Request) -> Response:
    """All figures of this process."""
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
