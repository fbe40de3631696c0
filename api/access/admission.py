"""Lets a request in: its token is known, in force, and within its limit. This comes before the body is read.

What the token may do is checked by the operation (`api.access.scoped`). Nothing says whether a token ever existed.
"""

from __future__ import annotations

import logging
import math
import threading
from datetime import datetime
from http import HTTPStatus

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from api.access.limits import Limits
from api.http import problems
from core.accounts import tokens
from core.accounts.tokens import Token
from core.clock import Clock, now
from core.errors import CallwiseError, Unavailable
from core.stores.mongo import Db

log = logging.getLogger("callwise.api")

OPEN = frozenset({"/api/health", "/api/openapi.json", "/metrics"})
"""Addresses that need no token: they hold nothing of anybody. The door leads to `/metrics` with its own account."""
LONGEST = 200


class Admission:
    """ASGI middleware: a request reaches `app` with the token in its state, or not at all."""

    def __init__(self, app: ASGIApp, home: Db, limits: Limits, clock: Clock = now) -> None:
        self._app, self._home, self._limits, self._clock = app, home, limits, clock
        self._noted: dict[str, datetime] = {}
        self._lock = threading.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See the ASGI specification."""
        if scope["type"] != "http" or scope["path"] in OPEN:
            await self._app(scope, receive, send)
            return
        try:
            token = await run_in_threadpool(self._token, _secret(Headers(scope=scope)))
        except CallwiseError as error:
            await problems.of_error(error)(scope, receive, send)
            return
        if token is None:
            what = "The request has no token that is in force. An engineer makes one on the page Accounts."
            refused = problems.respond(HTTPStatus.UNAUTHORIZED, what, headers={"WWW-Authenticate": "Bearer"})
            await refused(scope, receive, send)
            return
        if seconds := self._limits.wait(token.key):
            what = f"The token '{token.name}' sends more requests than it may. Nothing was changed."
            wait = {"Retry-After": str(math.ceil(seconds))}
            await problems.respond(HTTPStatus.TOO_MANY_REQUESTS, what, headers=wait)(scope, receive, send)
            return
        scope.setdefault("state", {})["token"] = token
        await self._app(scope, receive, send)

    def _token(self, secret: str) -> Token | None:
        """The token in force. Raises Unavailable."""
        token, at = tokens.find(self._home, secret) if secret else None, self._clock()
        if token is None or not token.opens(at):
            return None
        with self._lock:
            last = self._noted.get(token.key)
            due = last is None or at - last >= tokens.OFTEN
            if due:
                self._noted[token.key] = at
        if due:
            try:
                tokens.note_use(self._home, token, at)
            except Unavailable as error:  # it says when a token was used, and must stop nobody's work
                log.warning("the use of the token %s was not noted: %s", token.name, error)
        return token


def _secret(headers: Headers) -> str:
    """The token that the request shows, or ""."""
    scheme, _, secret = headers.get("authorization", "").partition(" ")
    secret = secret.strip()
    return secret if scheme.lower() == "bearer" and len(secret) <= LONGEST and secret.isascii() else ""
