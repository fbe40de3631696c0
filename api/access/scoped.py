"""Operations that only some tokens may use.

`opens(scope)` gives the arguments of a route. The scope stands in the OpenAPI document as `x-scope`, and the route
reads it there: so what the document says is what is enforced, and an operation without a scope cannot be made.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from http import HTTPStatus
from typing import Any

from fastapi import APIRouter
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response

from api.access import repeated
from api.http import problems
from core.accounts.tokens import Scope, Token
from core.errors import CallwiseError

SCOPE = "x-scope"
WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})
Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class ScopedRoute(APIRoute):
    """A route that checks the token's scope before the body is read, and turns errors into problem documents."""

    def get_route_handler(self) -> Handler:
        """The handler that Starlette calls."""
        inner = super().get_route_handler()
        needed = Scope((self.openapi_extra or {})[SCOPE])

        async def told(request: Request) -> Response:
            try:
                return await inner(request)
            except CallwiseError as error:
                return problems.of_error(error)
            except RequestValidationError as error:
                return problems.of_validation(error)

        async def handle(request: Request) -> Response:
            if needed not in token_of(request).scopes:
                what = f"The token '{token_of(request).name}' has no right '{needed}'. Nothing was changed."
                return problems.respond(HTTPStatus.FORBIDDEN, what, what=what)
            if request.method in WRITES and repeated.HEADER in request.headers:
                try:
                    return await repeated.once(request, token_of(request), told)
                except CallwiseError as error:
                    return problems.of_error(error)
            return await told(request)

        return handle


def token_of(request: Request) -> Token:
    """The token that the request was let in with."""
    token: Token = request.state.token
    return token


def router(tag: str) -> APIRouter:
    """A router whose operations all need a scope."""
    return APIRouter(prefix="/api", tags=[tag], route_class=ScopedRoute, responses=problems.RESPONSES)


def opens(scope: Scope, body: dict[str, Any] | None = None) -> dict[str, Any]:
    """The argument of a route that a token with `scope` may use; `body`: its body in OpenAPI, if it is read by hand."""
    more = {"requestBody": {"required": True, "content": body}} if body else {}
    return {"openapi_extra": {SCOPE: str(scope), "security": [{"token": []}], **more}}
