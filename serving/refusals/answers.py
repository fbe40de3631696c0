"""What MLServer's HTTP server answers to what it cannot read, and which of its addresses it has not.

Its own answer to a body that is no request names the body. Where that is no text it fails (500), and the log has the
whole body with whoever is in it. And it has streams: an answer that has begun can no longer say that the request was
wrong. Nobody needs them here, because a request is one list of people and an answer one list of scores.
"""

from __future__ import annotations

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

UNPROCESSABLE = 422
NAMED = 5
"""Faults of a body that are named; there may be one for each value."""


def limit_addresses(app: FastAPI) -> None:
    """Take the streams from `app`, and have it answer unreadable requests without what is in them."""
    app.router.routes[:] = [route for route in app.router.routes if not _is_stream(getattr(route, "path", ""))]
    app.add_exception_handler(RequestValidationError, unreadable)


async def unreadable(_request: Request, error: Exception) -> Response:
    """The answer to a request that is none: where in it, and which rule, but never the value."""
    found = error.errors() if isinstance(error, RequestValidationError) else []
    where = [f"{'.'.join(map(str, one['loc']))[:120]}: {one['msg'][:200]}" for one in found[:NAMED]]
    more = f"; and {len(found) - NAMED} more" if len(found) > NAMED else ""
    text = f"This is no request of the V2 protocol: {'; '.join(where)}{more}. Nothing was scored."
    return JSONResponse({"error": text}, UNPROCESSABLE)


def _is_stream(path: str) -> bool:
    return path.endswith("_stream")
