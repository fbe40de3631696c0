"""Whoever closes the connection in the middle of a form, or before the answer, leaves no error in the log."""

from __future__ import annotations

from contextlib import suppress

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class _GoneError(Exception):
    """Nobody is left to read the answer."""


class Attended:
    """Middleware that ends an answer once nobody reads it.

    The server itself does so for a browser that closes, but tells whoever reads a form. And it tells whoever answers
    where it closed the connection, as it does after a request that is none: others in front of it may be unanswered.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""

        async def sent(message: Message) -> None:
            try:
                await send(message)
            except RuntimeError as error:
                if "handler is closed" in str(error):  # the words of the server's transport
                    raise _GoneError from error
                raise

        with suppress(_GoneError, ClientDisconnect):
            await self.app(scope, receive, sent)
