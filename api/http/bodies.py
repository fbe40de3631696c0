"""Limits the body of every request, and the bytes of all that are read at the same time.

A body is received whole before the API sees the request, and refused as soon as it has more than `most` bytes. All
bodies that are not answered yet have at most `WAITING` times as much together; the next one is told to come again.
"""

from __future__ import annotations

from http import HTTPStatus

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.http import problems

MEGABYTE = 1_000_000
WAITING = 4


class _GoneError(Exception):
    """Whoever asks has closed the connection."""


class BoundedBody:
    """ASGI middleware: no body of more than `most` bytes reaches `app`."""

    def __init__(self, app: ASGIApp, most: int) -> None:
        self._app, self._most, self._unanswered = app, most, 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See the ASGI specification."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        body = bytearray()
        try:
            refusal = await self._receive(Headers(scope=scope), receive, body)
            if refusal is not None:
                await refusal(scope, receive, send)
            else:
                await self._app(scope, _replay(bytes(body), receive), send)
        except _GoneError:
            return
        finally:
            self._unanswered -= len(body)

    async def _receive(self, headers: Headers, receive: Receive, body: bytearray) -> problems.ProblemResponse | None:
        """Fill `body`; the answer if it is refused."""
        if headers.get("content-encoding", "identity").strip().lower() not in ("", "identity"):
            what = "The body is packed. Send it as it is."
            return problems.respond(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, what, headers={"Accept-Encoding": "identity"})
        declared = headers.get("content-length", "")
        if declared.isdigit() and int(declared) > self._most:
            return self._too_large()
        more = True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise _GoneError
            chunk = message.get("body", b"")
            body += chunk
            self._unanswered += len(chunk)
            if len(body) > self._most:
                return self._too_large()
            if self._unanswered > WAITING * self._most:
                what = "Too many large requests wait to be answered. Send it again in a moment."
                return problems.respond(HTTPStatus.SERVICE_UNAVAILABLE, what, headers={"Retry-After": "1"})
            more = message.get("more_body", False)
        return None

    def _too_large(self) -> problems.ProblemResponse:
        what = f"The body has more than {self._most / MEGABYTE:g} MB. Send the people in several requests."
        # 413 has another name in each edition of the standard, so the number is used.
        return problems.respond(413, what, headers={"Connection": "close"})


def _replay(body: bytes, receive: Receive) -> Receive:
    """Gives the whole body once, then the server's messages."""
    message: Message | None = {"type": "http.request", "body": body, "more_body": False}

    async def replay() -> Message:
        nonlocal message
        if message is None:
            return await receive()
        first, message = message, None
        return first

    return replay
