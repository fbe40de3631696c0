"""Whoever closes the connection before the answer leaves no error in the log; any other fault does."""

import asyncio

import pytest
from starlette.requests import Request
from starlette.types import Message, Receive, Scope, Send

from app.shell.attended import Attended

CLOSED = "unable to perform operation on <TCPTransport closed=True>; the handler is closed"


async def asked(said: str, kind: str = "http.request") -> None:
    """A request whose answer the server cannot send; it has its `said` words for why. `kind`: of its own message."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await Request(scope, receive).body()
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def receive() -> Message:
        return {"type": kind, "body": b"", "more_body": False}

    async def send(_message: Message) -> None:
        raise RuntimeError(said)

    await Attended(app)({"type": "http"}, receive, send)


def test_whoever_hangs_up_before_the_answer_is_no_error() -> None:
    asyncio.run(asked(CLOSED))


def test_whoever_hangs_up_in_the_middle_of_a_form_is_no_error() -> None:
    asyncio.run(asked("another fault", "http.disconnect"))


def test_another_fault_of_the_answer_is_one() -> None:
    with pytest.raises(RuntimeError, match="another"):
        asyncio.run(asked("another fault"))
