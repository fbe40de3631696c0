"""Answers the door, which asks before it passes a request on to MLflow, Prefect or Evidently.

The door sends a GET with the request's headers, and its method, address and host in X-Forwarded-Method, -Uri and -Host
(https://caddyserver.com/docs/caddyfile/directives/forward_auth). It passes the request on after a 2xx, and gives any
other answer to whoever asked. The door keeps these addresses from people. Without the address of the app's own pages
there is no door, and nothing is answered.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from app.access import sessions
from app.access.door import (
    FORBIDDEN,
    NOT_FOUND,
    SEE_OTHER,
    UNAUTHORIZED,
    UNAVAILABLE,
    Reception,
    accepted_languages,
    same_origin,
)
from app.access.identity import COOKIE
from app.access.sign_in_page import words
from app.access.tool_calls import ROLES, Call, Tool, call_of
from core.accounts.account import Account, Role
from core.clock import now
from core.errors import CallwiseError
from core.stores import event_log
from core.stores.events import Event

log = logging.getLogger(__name__)

ASKED, ONWARD = "/door/{tool}", "/tools/{tool}"
LONGEST = 200  # characters of a path in an event
_RANK = {role: rank for rank, role in enumerate(Role)}


def routes(reception: Callable[[], Reception]) -> list[Route]:
    """What the door asks, and the way from the sign-in back to a tool's page."""

    async def asked(request: Request) -> Response:
        return await run_in_threadpool(_answer, request, reception)

    async def onward(request: Request) -> Response:
        return await run_in_threadpool(_onward, request, reception)

    return [Route(ASKED, asked, methods=["GET"]), Route(ONWARD, onward, methods=["GET"])]


@dataclass(frozen=True)
class Question:
    """Whether a request, with these method, address (`uri`) and host, may go on to `tool`."""

    request: Request
    tool: Tool
    method: str
    uri: str
    host: str

    @property
    def path(self) -> str:
        """The address without its query."""
        return self.uri.partition("?")[0]

    @property
    def page(self) -> bool:
        """Whether a person opens a page."""
        return self.method in ("GET", "HEAD") and "text/html" in self.request.headers.get("accept", "")

    @classmethod
    def of(cls, request: Request) -> Question | None:
        """What the door asks with this request; None for a request that lacks a part of it."""
        parts = [request.headers.get(f"x-forwarded-{part}") for part in ("method", "uri", "host")]
        tool = request.path_params["tool"]
        return cls(request, Tool(tool), *map(str, parts)) if tool in set(Tool) and all(parts) else None


def _answer(request: Request, reception: Callable[[], Reception]) -> Response:
    question = Question.of(request)
    try:
        desk = reception()
        if question is None or desk.app_page is None:
            return PlainTextResponse("not a question of a door", NOT_FOUND)
        return _refusal(question, desk, desk.app_page) or Response(headers={"Cache-Control": "no-store"})
    except CallwiseError as error:
        return _unavailable(error)


def _refusal(question: Question, desk: Reception, app_page: str) -> Response | None:
    """The refusal, or None for a request that may go on; a change is logged then. Raises Unavailable."""
    request, call = question.request, call_of(question.tool, question.method, question.path)
    # Pages poll, so only opening one and changing something keep a session alive.
    active = question.page or call is Call.CHANGES
    account = sessions.account_of(desk.db, request.cookies.get(COOKIE), now(), desk.limits, active=active)
    if account is None or account.must_change or desk.factor.must_enrol(account):
        return _sign_in(app_page, question) if question.page else PlainTextResponse("not signed in", UNAUTHORIZED)
    if not _may(account, call):
        return _refused(request)
    if question.method not in ("GET", "HEAD") and not same_origin(request, question.host):
        return PlainTextResponse("This is accepted from the tool's own pages only.", FORBIDDEN)
    if call is Call.CHANGES:
        _log(desk, account, question)
    return None


def _may(account: Account, call: Call) -> bool:
    return call in ROLES and _RANK[account.role] >= _RANK[ROLES[call]]


def _log(desk: Reception, account: Account, question: Question) -> None:
    """Logged before the call is made, so that none is made without an event. The query may hold data, the path not."""
    event_log.append(
        desk.db,
        who=account.shown,
        what=Event.TOOL_CHANGED,
        subject=question.tool,
        account=account.name,
        method=question.method,
        path=question.path[:LONGEST],
    )


def _sign_in(app_page: str, question: Question) -> Response:
    """To the app, which signs people in and leads back to the tool."""
    address = f"{app_page.rstrip('/')}/tools/{question.tool}?at={quote(question.uri, safe='')}"
    return RedirectResponse(address, SEE_OTHER, headers={"Cache-Control": "no-store"})


def _onward(request: Request, reception: Callable[[], Reception]) -> Response:
    try:
        desk = reception()
        address = desk.tool_pages.get(request.path_params["tool"])
        account = sessions.account_of(desk.db, request.cookies.get(COOKIE), now(), desk.limits, active=False)
    except CallwiseError as error:
        return _unavailable(error)
    if account is not None and (account.must_change or desk.factor.must_enrol(account)):
        return RedirectResponse("/", SEE_OTHER)  # the door would send them back here
    if not address:
        return PlainTextResponse("There is no such tool.", NOT_FOUND)
    return RedirectResponse(tool_address(address, request.query_params.get("at", "/")), SEE_OTHER)


def tool_address(page: str, at: str) -> str:
    """The address `at` of the tool's own pages; its front page if `at` leads elsewhere."""
    front = urlsplit(page.rstrip("/"))
    whole = urlsplit(f"{page.rstrip('/')}{at}")
    fits = at.startswith("/") and at.isascii() and at.isprintable() and (whole.scheme, whole.netloc) == front[:2]
    return whole.geturl() if fits else front.geturl()


def pages(addresses: Mapping[Tool, str | None]) -> dict[str, str]:
    """The tools that have pages, by name."""
    return {str(tool): address for tool, address in addresses.items() if address}


def _refused(request: Request) -> Response:
    gettext = words(accepted_languages(request))[1]
    what = gettext("Your account may not do that.")
    text = f"{what} {gettext('Ask a colleague who may, or ask an engineer to change your role.')}"
    return PlainTextResponse(text, FORBIDDEN, headers={"Cache-Control": "no-store"})


def _unavailable(error: CallwiseError) -> Response:
    log.warning("the door's question cannot be answered: %s", error)
    return PlainTextResponse("not available", UNAVAILABLE)
