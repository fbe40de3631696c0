"""Whoever hangs up leaves nothing in the log, also on a refusal."""

import asyncio
from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send

from serving.body import BoundedBody

CLOSED = "unable to perform operation on <TCPTransport closed=True>; the handler is closed"


async def asked(body: bytes, coding: bytes, said: str) -> None:
    """A request whose sender has gone before the answer; the server's transport has its `said` words for that."""

    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(_message: Message) -> None:
        raise RuntimeError(said)

    scope: dict[str, Any] = {"type": "http", "headers": [(b"content-encoding", coding)]}
    await BoundedBody(app, most=10)(scope, receive, send)


@pytest.mark.parametrize(("body", "coding"), [(b"x", b""), (b"x" * 11, b""), (b"x", b"gzip"), (b"x", b"br")])
def test_whoever_hangs_up_before_the_answer_is_no_error(body: bytes, coding: bytes) -> None:
    asyncio.run(asked(body, coding, CLOSED))


@pytest.mark.parametrize("body", [b"x", b"x" * 11])
def test_another_fault_of_the_answer_is_one(body: bytes) -> None:
    with pytest.raises(RuntimeError, match="another"):
        asyncio.run(asked(body, b"", "another fault"))
