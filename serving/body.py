"""Limits the body of every request, both as sent and as unpacked.

MLServer reads whole bodies and unpacks gzip without a limit. Here a body is received and unpacked before MLServer sees
the request, and refused as soon as it has more than `most` bytes. MLServer's objects take up to 42 times the memory of
a body (measured on 16 MB of empty lists). So bodies in work have at most `most` bytes together; the rest wait, limited
too.

Codings: RFC 9110, section 8.4.1. A body may use only one, because decompression bombs nest them.
"""

from __future__ import annotations

import asyncio
import json
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MEGABYTE = 1_000_000
# By coding, zlib's window bits: 31 expects gzip's header, 15 that of zlib, which HTTP calls deflate.
CODINGS = {"gzip": 31, "x-gzip": 31, "deflate": 15}
WAITING = 4  # times `most`: the bytes of all requests that are received and unanswered
BAD_REQUEST, TOO_LARGE, UNSUPPORTED, BUSY = 400, 413, 415, 503


class Refused(Exception):
    """A refused body, with the status and the text of the answer."""

    def __init__(self, status: int, what: str, next: str) -> None:
        super().__init__(f"{what} Nothing was scored. {next}")
        self.status = status


class _GoneError(Exception):
    """Whoever asked has closed the connection before the answer."""


class BoundedBody:
    """ASGI middleware before MLServer: no body of more than `most` bytes, unpacked, reaches `app`."""

    def __init__(self, app: ASGIApp, most: int) -> None:
        self._app, self._most = app, most
        self._budget = Budget(most)
        self._received = 0  # bytes, as sent, of all unanswered requests

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See the ASGI specification."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        sent, send = bytearray(), _unless_gone(send)
        try:
            coding = _coding(Headers(scope=scope))
            await self._receive(scope, receive, sent)
            body = unpacked(sent, coding, self._most) if coding else bytes(sent)
            self._forget(sent)
            async with self._budget.share(len(body)):
                await self._app(_plain(scope, body), _replay(body, receive), send)
        except Refused as refusal:
            with suppress(_GoneError):  # nobody is left to read it
                await _answer(refusal, send)
        except (asyncio.IncompleteReadError, _GoneError):
            return  # the sender closed the connection
        finally:
            self._forget(sent)

    async def _receive(self, scope: Scope, receive: Receive, sent: bytearray) -> None:
        """Fill `sent` with the body as sent. Raises Refused, IncompleteReadError."""
        declared = Headers(scope=scope).get("content-length", "")
        if declared.isdigit() and int(declared) > self._most:
            raise too_large(self._most)
        more = True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise asyncio.IncompleteReadError(bytes(sent), None)
            chunk = message.get("body", b"")
            sent += chunk
            self._received += len(chunk)
            if len(sent) > self._most:
                raise too_large(self._most)
            if self._received > WAITING * self._most:
                raise Refused(BUSY, "Too many large requests wait to be answered.", "Send it again in a moment.")
            more = message.get("more_body", False)

    def _forget(self, sent: bytearray) -> None:
        self._received -= len(sent)
        sent.clear()


class Budget:
    """Lets requests pass in order of arrival while their bodies have at most `most` bytes together."""

    def __init__(self, most: int) -> None:
        self._free = most
        self._turn = asyncio.Lock()
        self._changed = asyncio.Event()

    @asynccontextmanager
    async def share(self, size: int) -> AsyncIterator[None]:
        """Wait until `size` bytes (at most the whole budget) are free, and take them. An empty body never waits."""
        if size:
            async with self._turn:
                while self._free < size:
                    self._changed.clear()
                    await self._changed.wait()
                self._free -= size
        try:
            yield
        finally:
            self._free += size
            self._changed.set()


def unpacked(packed: bytes | bytearray, coding: str, most: int) -> bytes:
    """The content of `packed`, of one or more members. Raises Refused: over `most` bytes, truncated or not `coding`."""
    parts: list[bytes] = []
    left, rest = most, bytes(packed)
    while rest or not parts:
        member = zlib.decompressobj(CODINGS[coding])
        try:
            part = member.decompress(rest, left + 1)  # the second argument limits the output
        except zlib.error as error:
            raise Refused(BAD_REQUEST, f"The body is not {coding}: {error}.", "Pack it again.") from error
        if len(part) > left:
            raise too_large(most)
        if not member.eof:
            raise Refused(BAD_REQUEST, f"The body is {coding} that ends too early.", "Send all of it.")
        parts.append(part)
        left, rest = left - len(part), member.unused_data
    return b"".join(parts)


def too_large(most: int) -> Refused:
    """The refusal of a body with more than `most` bytes."""
    return Refused(
        TOO_LARGE,
        f"The body has more than {most / MEGABYTE:g} MB, as sent or unpacked.",
        "Send the rows in several requests; CALLWISE_REQUEST_MEGABYTES is the limit.",
    )


def _coding(headers: Headers) -> str:
    """The coding of the body, or "". Raises Refused for an unknown coding, and for several."""
    named = [word.strip().lower() for value in headers.getlist("content-encoding") for word in value.split(",")]
    codings = [word for word in named if word not in ("", "identity")]
    if not codings:
        return ""
    if len(codings) > 1 or codings[0] not in CODINGS:
        what = f"The body is packed as '{', '.join(codings)[:80]}', which is not accepted."
        raise Refused(UNSUPPORTED, what, "Send it plain, or packed once with gzip or deflate.")
    return codings[0]


def _plain(scope: Scope, body: bytes) -> Scope:
    """`scope` for the unpacked `body`."""
    headers = MutableHeaders(raw=list(scope["headers"]))
    for name in ("content-encoding", "transfer-encoding"):
        del headers[name]
    if "content-length" in headers or body:
        headers["content-length"] = str(len(body))
    return {**scope, "headers": headers.raw}


def _unless_gone(send: Send) -> Send:
    """`send`, which raises _GoneError where the server's transport says in its own words that it is closed."""

    async def sent(message: Message) -> None:
        try:
            await send(message)
        except RuntimeError as error:
            if "handler is closed" in str(error):
                raise _GoneError from error
            raise

    return sent


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


async def _answer(refusal: Refused, send: Send) -> None:
    """Answer in the form of MLServer's own errors."""
    body = json.dumps({"error": str(refusal)}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    if refusal.status == UNSUPPORTED:
        headers.append((b"accept-encoding", ", ".join(CODINGS).encode()))
    if refusal.status == BUSY:
        headers.append((b"retry-after", b"1"))
    await send({"type": "http.response.start", "status": refusal.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
