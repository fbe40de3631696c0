"""Composition root of the API: settings to stores to operations."""

from __future__ import annotations

import logging
import sys
from typing import Any

import uvicorn
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from api.access.admission import Admission
from api.access.limits import Limits
from api.access.repeated import HEADER, LONGEST, Answers
from api.access.scoped import SCOPE, WRITES
from api.calls import routes as calls
from api.campaigns import routes as campaigns
from api.feed import routes as feed
from api.house import Houses, Settings
from api.http import problems
from api.http.bodies import MEGABYTE, BoundedBody
from api.http.figures import Counted, figures
from api.oversight import routes as oversight
from api.people import routes as people
from api.privacy import routes as privacy
from api.wishes import routes as wishes
from core.clock import Clock, now
from core.errors import SettingsError, Unavailable
from core.settings.loading import load
from core.stores import stored_version
from core.stores.mongo import Db, reachable
from core.values.key_ring import KeyRing

log = logging.getLogger("callwise.api")
VERSION = "1"
ABOUT = """People to call, in the order of their chance of a sale, for diallers, a CRM and other programs.

Each operation needs a token with the scope that it names as `x-scope`; an engineer makes tokens on the page *Accounts*.
Errors are problem documents (RFC 9457). A request that writes may carry an `Idempotency-Key`: sent again with the same
key, it is answered again and done once."""


def make(settings: Settings, clock: Clock = now) -> FastAPI:
    """The API over the stores that `settings` name. Raises SettingsError, SchemaError."""
    houses = Houses(settings)
    app = FastAPI(
        title="Callwise",
        version=VERSION,
        description=ABOUT,
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        exception_handlers={
            HTTPException: problems.on_http,
            RequestValidationError: _on_validation,
            Exception: problems.on_error,
        },
        middleware=[
            Middleware(Counted),
            Middleware(Admission, home=houses.home, limits=Limits(settings.callwise_api_requests), clock=clock),
            Middleware(BoundedBody, most=settings.callwise_api_megabytes * MEGABYTE),
        ],
    )
    app.state.houses, app.state.answers = houses, Answers(houses.home, _ring(settings), clock)
    for feature in (campaigns, people, calls, wishes, privacy, oversight, feed):
        app.include_router(feature.routes)
    app.router.routes += [Route("/api/health", _health), Route("/metrics", figures)]
    app.openapi = lambda: _document(app)  # type: ignore[method-assign]
    return app


def _ring(settings: Settings) -> KeyRing | None:
    """What encrypts kept answers: they may hold a name or a number, where there is a key to read these with."""
    key = settings.callwise_contact_key
    if key is None:
        return None
    stranger = SettingsError(
        "The answer was kept under another CALLWISE_CONTACT_KEY.",
        kept="What the request did is done.",
        next="Send the request with a new Idempotency-Key.",
    )
    return KeyRing(key.get_secret_value(), purpose="callwise answers of the API", stranger=stranger)


def _document(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI 3.1 document: FastAPI's, with tokens, problem documents and the key of repeated requests."""
    if app.openapi_schema:
        return app.openapi_schema
    document = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    problem = problems.Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas |= {**problem.pop("$defs", {}), "Problem": problem}
    components["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
    repeated = {
        "name": HEADER.title(),
        "in": "header",
        "required": False,
        "schema": {"type": "string", "minLength": 1, "maxLength": LONGEST, "pattern": r"^[!-~]+$"},
        "description": "a text of your own choice, the same when the request is sent again",
    }
    for operations in document["paths"].values():
        for method, operation in operations.items():
            operation["responses"].pop("422", None)  # one of the 4XX
            operation["description"] = f"{operation.get('description', '')}\n\nScope: `{operation[SCOPE]}`."
            if method.upper() in WRITES:
                operation.setdefault("parameters", []).append(repeated)
    app.openapi_schema = document
    return document


async def _on_validation(_request: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise error
    return problems.of_validation(error)


def _health(request: Request) -> Response:
    """Whether the database answers; the API itself does, if this does."""
    houses: Houses = request.app.state.houses
    try:
        _look(houses.home)
    except Unavailable as error:
        return JSONResponse({"ok": False, "what": str(error.next)}, 503)
    return JSONResponse({"ok": True})


def _look(home: Db) -> None:
    with reachable():
        home.appliance.find_one({"_id": stored_version.KEY}, {"_id": 1})


def serve() -> None:
    """Serve until SIGTERM or SIGINT. Raises SettingsError, SchemaError; Conflict if the data is of a newer release."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s", stream=sys.stdout)
    settings = load(Settings)
    app = make(settings)
    try:
        stored_version.refuse_newer(app.state.houses.home)
    except Unavailable as error:  # while MongoDB is away, the health check says so
        log.warning("%s", error)
    uvicorn.run(
        app,
        host=settings.callwise_api_host,
        port=settings.callwise_api_port,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=10,
    )
