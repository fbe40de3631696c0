"""Bounds the body of every request, as it was sent and as it is once unpacked.

MLServer unpacks gzip without a limit, and reads whatever it is sent before it looks at it. Here a body is received and
unpacked before MLServer sees the request, and refused as soon as it has more than `most` bytes. What MLServer makes of
a body takes up to 42 times as much memory (measured on 16 MB of empty lists), so the bodies that are being answered
have at most `most` bytes together; others wait, and those that wait are bounded too.

Codings are those of RFC 9110, section 8.4.1. One may be used, not several: a packed packet is how bombs are made.
"""

from __future__ import annotations

import asyncio
import json
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MEGABYTE = 1_000_000
# By coding, the window that zlib is told: 31 is gzip's own header, 15 that of zlib, which HTTP calls deflate.
CODINGS = {"gzip": 31, "x-gzip": 31, "deflate": 15}
WAITING = 4  # times `most` bytes that may have been received and not answered
BAD_REQUEST, TOO_LARGE, UNSUPPORTED, BUSY = 400, 413, 415, 503


class Refused(Exception):
    """A body that is not taken, and the status and the words of the answer."""

    def __init__(self, status: int, what: str, next: str) -> None:
        super().__init__(f"{what} Nothing was scored. {next}")
        self.status = status


class BoundedBody:
    """ASGI middleware in front of MLServer: no body reaches `app` that has more than `most` bytes unpacked."""

    def __init__(self, app: ASGIApp, most: int) -> None:
        self._app, self._most = app, most
        self._budget = Budget(most)
        self._received = 0  # bytes of all requests that are not answered yet, as they were sent

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See the ASGI specification."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        sent = bytearray()
        try:
            coding = _coding(Headers(scope=scope))
            await self._receive(scope, receive, sent)
            body = unpacked(sent, coding, self._most) if coding else bytes(sent)
            self._forget(sent)
            async with self._budget.share(len(body)):
                await self._app(_plain(scope, body), _replay(body, receive), send)
        except Refused as refusal:
            await _answer(refusal, send)
        except asyncio.IncompleteReadError:
            return  # the sender went away; there is nobody to answer
        finally:
            self._forget(sent)

    async def _receive(self, scope: Scope, receive: Receive, sent: bytearray) -> None:
        """Fill `sent` with the body as it was sent. Raises Refused, IncompleteReadError."""
        declared = Headers(scope=scope).get("content-length", "")
        if declared.isdigit() and int(declared) > self._most:
            raise self._too_large()
        more = True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise asyncio.IncompleteReadError(bytes(sent), None)
            chunk = message.get("body", b"")
            sent += chunk
            self._received += len(chunk)
            if len(sent) > self._most:
                raise self._too_large()
            if self._received > WAITING * self._most:
                raise Refused(BUSY, "Too many large requests wait to be answered.", "Send it again in a moment.")
            more = message.get("more_body", False)

    def _forget(self, sent: bytearray) -> None:
        self._received -= len(sent)
        sent.clear()

    def _too_large(self) -> Refused:
        return too_large(self._most)


class Budget:
    """Lets requests pass while their bodies have at most `most` bytes together, in the order in which they came."""

    def __init__(self, most: int) -> None:
        self._free = most
        self._turn = asyncio.Lock()
        self._changed = asyncio.Event()

    @asynccontextmanager
    async def share(self, size: int) -> AsyncIterator[None]:
        """Wait until `size` bytes (at most all there are) are free, and hold them. Nothing is never waited for."""
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
    """What `packed` holds, of one or more members as gzip allows.

    Raises Refused where it holds more than `most` bytes, is torn, or is not `coding` at all.
    """
    parts: list[bytes] = []
    left, rest = most, bytes(packed)
    while rest or not parts:
        member = zlib.decompressobj(CODINGS[coding])
        try:
            part = member.decompress(rest, left + 1)  # never more, however much there is in it
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
    """The coding of the body, "" where there is none. Raises Refused for one that is not known, and for several."""
    named = [word.strip().lower() for value in headers.getlist("content-encoding") for word in value.split(",")]
    codings = [word for word in named if word not in ("", "identity")]
    if not codings:
        return ""
    if len(codings) > 1 or codings[0] not in CODINGS:
        what = f"The body is packed as '{', '.join(codings)[:80]}', which is not taken."
        raise Refused(UNSUPPORTED, what, "Send it plain, or packed once with gzip or deflate.")
    return codings[0]


def _plain(scope: Scope, body: bytes) -> Scope:
    """`scope` of a request whose body is `body` as it stands."""
    headers = MutableHeaders(raw=list(scope["headers"]))
    for name in ("content-encoding", "transfer-encoding"):
        del headers[name]
    if "content-length" in headers or body:
        headers["content-length"] = str(len(body))
    return {**scope, "headers": headers.raw}


def _replay(body: bytes, receive: Receive) -> Receive:
    """Gives the whole body once, and from then on what the server has to say."""
    message: Message | None = {"type": "http.request", "body": body, "more_body": False}

    async def replay() -> Message:
        nonlocal message
        if message is None:
            return await receive()
        first, message = message, None
        return first

    return replay


async def _answer(refusal: Refused, send: Send) -> None:
    """Answer in the words and the form of MLServer's own errors."""
    body = json.dumps({"error": str(refusal)}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    if refusal.status == UNSUPPORTED:
        headers.append((b"accept-encoding", ", ".join(CODINGS).encode()))
    if refusal.status == BUSY:
        headers.append((b"retry-after", b"1"))
    await send({"type": "http.response.start", "status": refusal.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
