"""Errors as RFC 9457 problem documents: what happened, what was kept, what to do next.

    {type, title, status, detail, what, kept, next, row, column, rule, errors}

`detail` is the whole sentence for people; the others are its parts for programs, where an error has them. `errors` has
one entry for each part of a request that is not as the OpenAPI document says. No answer holds a traceback.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from core.errors import CallwiseError, Conflict, Forbidden, InputError, NotFound, Unavailable

log = logging.getLogger("callwise.api")

MEDIA_TYPE = "application/problem+json"
STATUS: tuple[tuple[type[CallwiseError], HTTPStatus], ...] = (
    (InputError, HTTPStatus.UNPROCESSABLE_ENTITY),
    (NotFound, HTTPStatus.NOT_FOUND),
    (Forbidden, HTTPStatus.FORBIDDEN),
    (Conflict, HTTPStatus.CONFLICT),
    (Unavailable, HTTPStatus.SERVICE_UNAVAILABLE),
)
RETRY_SECONDS = 5
"""After which a request may be repeated that a store did not answer."""


class Wrong(BaseModel):
    """One part of a request that is not as the document says."""

    where: str = Field(examples=["body.agent"])
    rule: str = Field(examples=["Field required"])


class Problem(BaseModel):
    """A problem document (RFC 9457)."""

    type: str = Field(examples=["urn:callwise:conflict"])
    title: str = Field(examples=["Conflict"])
    status: int = Field(examples=[409])
    detail: str = Field(examples=["'autumn:17' is now held by desk/bo. Nothing was recorded."])
    what: str = Field("", description="what happened")
    kept: str = Field("", description="what was kept")
    next: str = Field("", description="what to do next")
    row: int | None = Field(None, description="row of the input, from 1")
    column: str | None = Field(None, description="column of the input")
    rule: str | None = Field(None, description="rule that the input breaks")
    errors: list[Wrong] = Field(default_factory=list)


class ProblemResponse(JSONResponse):
    """The answer with a problem document."""

    media_type = MEDIA_TYPE


def respond(
    status: int, detail: str, *, headers: Mapping[str, str] | None = None, errors: Sequence[Wrong] = (), **parts: Any
) -> ProblemResponse:
    """The answer for a `status`, whose `detail` says in words what happened."""
    title = HTTPStatus(status).phrase
    problem = Problem(
        type=f"urn:callwise:{title.lower().replace(' ', '-')}",
        title=title,
        status=status,
        detail=detail,
        errors=list(errors),
        **parts,
    )
    return ProblemResponse(problem.model_dump(exclude_none=True), status, dict(headers or {}))


def of_error(error: CallwiseError) -> ProblemResponse:
    """The answer for an error that Callwise raised on purpose."""
    status = next((status for kind, status in STATUS if isinstance(error, kind)), HTTPStatus.INTERNAL_SERVER_ERROR)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        log.error("%s", error)
    parts: dict[str, Any] = {name: str(getattr(error, name)) for name in ("what", "kept", "next")}
    if isinstance(error, InputError):
        parts |= {"row": error.row, "column": error.column, "rule": str(error.rule)}
    headers = {"Retry-After": str(RETRY_SECONDS)} if status == HTTPStatus.SERVICE_UNAVAILABLE else {}
    return respond(status, str(error), headers=headers, **parts)


def of_validation(error: RequestValidationError) -> ProblemResponse:
    """The answer for a request that is not as the OpenAPI document says. It does not repeat what was sent."""
    wrong = [Wrong(where=".".join(str(step) for step in one["loc"]), rule=str(one["msg"])) for one in error.errors()]
    shown = "; ".join(f"{one.where}: {one.rule}" for one in wrong)
    kept = "Nothing was changed."
    detail = f"The request is not as /api/openapi.json says: {shown}. {kept}"
    return respond(HTTPStatus.UNPROCESSABLE_ENTITY, detail, errors=wrong, kept=kept)


async def on_http(_request: Request, error: Exception) -> Response:
    """The answer for an address or a method that there is not."""
    status = error.status_code if isinstance(error, HTTPException) else HTTPStatus.INTERNAL_SERVER_ERROR
    words = {HTTPStatus.NOT_FOUND: "There is no such address.", HTTPStatus.METHOD_NOT_ALLOWED: "It has no such method."}
    detail = words.get(HTTPStatus(status), "The request cannot be read.")
    headers = getattr(error, "headers", None)
    return respond(status, f"{detail} /api/openapi.json lists what there is.", headers=headers)


async def on_error(request: Request, error: Exception) -> Response:
    """The answer for an error of ours, whose traceback is in the log alone."""
    log.error("%s %s failed", request.method, request.url.path, exc_info=error)
    return respond(HTTPStatus.INTERNAL_SERVER_ERROR, "The API failed. An engineer finds the reason in its log.")


RESPONSES: dict[int | str, dict[str, Any]] = {
    "4XX": {
        "description": "A problem document",
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    },
    "5XX": {
        "description": "A problem document; the request may be repeated",
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    },
}
"""What every operation may answer beside its result."""
