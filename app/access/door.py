"""The web server's own part beside Streamlit: the sign-in page, and the guard that asks every request for a session.

The parts of a page that hold no data need no session. Nor does Streamlit's web socket: without a session its first
answer leads to the sign-in page, which a refused connection could not do.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from urllib.parse import parse_qs, quote, urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from app.access import devices, second_step, sessions, sign_in_page
from app.access.identity import COOKIE
from app.access.sign_in import CodeNeeded, Refused, sign_in
from app.access.sign_in_page import ADDRESS, CODE_ADDRESS, local_address, words
from app.language import COOKIE as LANGUAGE_COOKIE
from app.shell.appliance import SessionLimits
from core.accounts.second_factor import FactorRules
from core.clock import now
from core.errors import CallwiseError
from core.stores.mongo import Db

log = logging.getLogger(__name__)

# The door's questions are answered by `app.access.tool_door`, for whoever is not signed in too.
OPEN = (
    *(ADDRESS, "/door/", "/status", "/static/", "/_stcore/health", "/_stcore/host-config"),
    *("/favicon", "/manifest.json", "/robots.txt"),
)
LARGEST = 16_384  # bytes of the sign-in form's content
SEE_OTHER, UNAUTHORIZED, FORBIDDEN, NOT_FOUND, TOO_LARGE, TOO_MANY, UNAVAILABLE = 303, 401, 403, 404, 413, 429, 503

NO_STORE = {"Cache-Control": "no-store"}


@dataclass(frozen=True)
class Reception:
    """The database of accounts and sessions, a session's limits, and the single sign-on's title, if there is one.

    `app_page`: the address of these pages, and `tool_pages` those of the tools by name, if a door is in front of them.
    """

    db: Db
    limits: SessionLimits
    sso_title: str | None = None
    app_page: str | None = None
    tool_pages: Mapping[str, str] = field(default_factory=dict)
    factor: FactorRules = field(default_factory=FactorRules)

    def has_session(self, request: Request) -> bool:
        """Whether the request has a valid session. Raises Unavailable."""
        return sessions.account_of(self.db, request.cookies.get(COOKIE), now(), self.limits, active=False) is not None


Page = Callable[[Request, Callable[[], Reception]], Response]
"""Draws a page of the web server."""
Answer = Callable[[Request, Callable[[], Reception], Mapping[str, str]], Response]
"""Answers a form with these fields."""


class Guard:
    """Middleware that sends requests without a session to the sign-in page."""

    def __init__(self, app: ASGIApp, reception: Callable[[], Reception]) -> None:
        self.app, self.reception = app, reception

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        if scope["type"] == "http" and not any(_is(scope["path"], path) for path in OPEN):
            refusal = await run_in_threadpool(self._refusal, Request(scope))
            if refusal is not None:
                await refusal(scope, receive, send)
                return
        await self.app(scope, receive, send)

    def _refusal(self, request: Request) -> Response | None:
        page = request.method in ("GET", "HEAD") and "text/html" in request.headers.get("accept", "")
        try:
            if self.reception().has_session(request):
                return None
        except CallwiseError as error:
            log.warning("cannot check sessions: %s", error)
            # The empty page holds no data. Its run checks the session again and shows what is wrong.
            return None if page else PlainTextResponse("not available", UNAVAILABLE)
        if not page:
            return PlainTextResponse("not signed in", UNAUTHORIZED)
        path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return RedirectResponse(with_next(ADDRESS, path), SEE_OTHER, headers=NO_STORE)


def routes(reception: Callable[[], Reception]) -> list[Route]:
    """The page of a sign-in's first step, and the target of its form."""
    return [page_route(ADDRESS, reception, _front), form_route(ADDRESS, reception, _sign_in)]


def page_route(address: str, reception: Callable[[], Reception], draw: Page) -> Route:
    """A page of the web server itself at `address`."""

    async def shown(request: Request) -> Response:
        return await run_in_threadpool(draw, request, reception)

    return Route(address, shown, methods=["GET"])


def form_route(address: str, reception: Callable[[], Reception], answer: Answer) -> Route:
    """The target of a form, which is accepted from our own pages only, and of at most LARGEST bytes."""

    async def taken(request: Request) -> Response:
        if not same_origin(request):
            return PlainTextResponse("This form is accepted from its own page only.", FORBIDDEN)
        body = b""
        async for part in request.stream():
            body += part
            if len(body) > LARGEST:
                return PlainTextResponse("Too large.", TOO_LARGE)
        try:
            fields = parse_qs(body.decode(), max_num_fields=10)
        except ValueError:
            fields = {}
        return await run_in_threadpool(answer, request, reception, {name: values[0] for name, values in fields.items()})

    return Route(address, taken, methods=["POST"])


def same_origin(request: Request, host: str | None = None) -> bool:
    """Whether a page of `host`, by default ours, sends this. Browsers set these headers, and no page can forge them."""
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if site is not None and site != "same-origin":
        return False
    if origin is not None:
        return urlsplit(origin).netloc == (host or request.headers.get("host"))
    return site is not None


def redirect_with_session(request: Request, token: str, onward: str) -> Response:
    """Redirect to the page `onward` of the app, with the session's cookie."""
    response = RedirectResponse(onward, SEE_OTHER, headers=NO_STORE)
    _set(response, request, COOKIE, token)
    return response


def _set(
    response: Response, request: Request, name: str, value: str, lasts: timedelta | None = None, path: str = "/"
) -> None:
    """Set a cookie that no script reads, and that ends with the browser or after a time."""
    secure, seconds = request.url.scheme == "https", int(lasts.total_seconds()) if lasts else None
    response.set_cookie(name, value, seconds, httponly=True, samesite="lax", secure=secure, path=path)


def page(
    request: Request,
    *,
    onward: str = "/",
    message: str = "",
    alarming: bool = True,
    typed: str = "",
    sso_title: str | None = None,
    status: int = 200,
) -> Response:
    """The sign-in page as a response, with `message` above the form."""
    language, _ = words(accepted_languages(request))
    text = sign_in_page.sign_in_html(
        language, onward=onward, message=message, alarming=alarming, typed=typed, sso_title=sso_title
    )
    return html_page(text, status)


def html_page(text: str, status: int = 200, policy: str = sign_in_page.POLICY) -> Response:
    """A page of the web server itself. Without another `policy`, browsers run no script on it."""
    headers = {
        "Content-Security-Policy": policy,
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",
    }
    return HTMLResponse(text, status, headers)


def _front(request: Request, reception: Callable[[], Reception]) -> Response:
    onward = local_address(request.query_params.get("next"))
    _, gettext = words(accepted_languages(request))
    said = gettext("You are signed out. Sign in to go on.") if request.query_params.get("ended") else ""
    try:
        desk = reception()
        if desk.has_session(request):
            return RedirectResponse(onward, SEE_OTHER, headers=NO_STORE)
    except CallwiseError as error:
        return away(request, onward, error)
    response = page(request, onward=onward, message=said, alarming=False, sso_title=desk.sso_title)
    if COOKIE in request.cookies:
        response.delete_cookie(COOKIE, path="/")
    return response


def _sign_in(request: Request, reception: Callable[[], Reception], fields: Mapping[str, str]) -> Response:
    name, password = fields.get("name", ""), fields.get("password", "")
    onward = local_address(fields.get("next"))
    _, gettext = words(accepted_languages(request))
    address = request.client.host if request.client else None
    try:
        desk = reception()
        device = request.cookies.get(devices.COOKIE)
        result = sign_in(desk.db, name, password, address=address, at=now(), limits=desk.limits, device=device)
    except CallwiseError as error:
        return away(request, onward, error)
    if isinstance(result, CodeNeeded):
        response: Response = RedirectResponse(with_next(CODE_ADDRESS, onward), SEE_OTHER, headers=NO_STORE)
        _set(response, request, second_step.COOKIE, result.step, second_step.LASTS, ADDRESS)
        return response
    if not isinstance(result, Refused):
        return entered(request, result.token, result.device, onward)
    message = sign_in_page.wait_message(result.wait, gettext) or gettext("Incorrect login name or password.")
    status = TOO_MANY if result.wait else UNAUTHORIZED
    response = page(request, onward=onward, message=message, typed=name, sso_title=desk.sso_title, status=status)
    return with_wait(response, result.wait)


def entered(request: Request, token: str, device: str, onward: str) -> Response:
    """Redirect to the page `onward` after the last step, with the cookies of the session and of the browser."""
    response = redirect_with_session(request, token, onward)
    _set(response, request, devices.COOKIE, device, devices.KNOWN)
    return response


def with_wait(response: Response, wait: timedelta) -> Response:
    """The response, which says when to come back if there is a wait."""
    if wait:
        response.headers["Retry-After"] = str(int(wait.total_seconds()))
    return response


def with_next(address: str, onward: str) -> str:
    """The address of a step of the sign-in that leads to the page `onward`."""
    return f"{address}?next={quote(onward, safe='')}"


def away(request: Request, onward: str, error: CallwiseError) -> Response:
    """The sign-in page, which says that a part of the appliance does not answer."""
    log.warning("sign-in is not available: %s", error)
    _, gettext = words(accepted_languages(request))
    said = gettext("A part of the appliance does not answer at the moment. Try again in a moment.")
    return page(request, onward=onward, message=said, status=UNAVAILABLE)


def accepted_languages(request: Request) -> str:
    """The languages of the person who asks, best first: the chosen one, then the browser's."""
    return f"{request.cookies.get(LANGUAGE_COOKIE, '')},{request.headers.get('accept-language', '')}"


def _is(path: str, opened: str) -> bool:
    if opened.endswith("/"):
        return path.startswith(opened)
    return path == opened or path.startswith((f"{opened}/", f"{opened}."))
