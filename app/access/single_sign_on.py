"""Sign-in with the company's single sign-on: OpenID Connect, authorization code with PKCE.

This module uses Authlib, as Streamlit's own `st.login` does; decision 12 explains why it does not use `st.login`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import httpx
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from app.access import sessions
from app.access.admission import Admission, admit
from app.access.door import (
    FORBIDDEN,
    SEE_OTHER,
    UNAVAILABLE,
    Reception,
    accepted_languages,
    page,
    redirect_with_session,
)
from app.access.sign_in_page import ADDRESS, local_address, words
from core.accounts.account import Role
from core.clock import now
from core.errors import CallwiseError, Forbidden, SettingsError
from core.settings.people import AppSettings
from core.stores import event_log
from core.stores.events import Event

log = logging.getLogger(__name__)

GO, BACK = f"{ADDRESS}/company", f"{ADDRESS}/company/back"
_ONWARD = "callwise_onward"


@dataclass(frozen=True)
class Provider:
    """The company's OpenID provider, with Callwise's registration there."""

    title: str
    metadata: str
    client_id: str
    client_secret: str
    rules: Admission


def provider_of(settings: AppSettings) -> Provider | None:
    """The provider in the settings, or None. Raises SettingsError if a part is missing or a role is unknown."""
    registration = (
        settings.callwise_sso_metadata,
        settings.callwise_sso_client_id,
        settings.callwise_sso_client_secret,
    )
    if not any(registration):
        return None
    if not all(registration):
        raise SettingsError(
            "CALLWISE_SSO_METADATA, CALLWISE_SSO_CLIENT_ID and CALLWISE_SSO_CLIENT_SECRET go together.",
            next="Set all three, or none.",
        )
    try:
        pairs = [pair.rpartition("=") for pair in settings.callwise_sso_roles.split()]
        roles = {value: Role(role) for value, _, role in pairs}
    except ValueError as error:
        raise SettingsError(
            f"CALLWISE_SSO_ROLES names an unknown role: {error}.",
            next="Write VALUE=agent, manager or engineer.",
        ) from error
    otherwise = None if settings.callwise_sso_default_role == "none" else Role(settings.callwise_sso_default_role)
    domains = frozenset(domain.lower().lstrip("@") for domain in settings.callwise_sso_domains.split())
    return Provider(
        settings.callwise_sso_title,
        settings.callwise_sso_metadata or "",
        settings.callwise_sso_client_id or "",
        settings.callwise_sso_client_secret.get_secret_value() if settings.callwise_sso_client_secret else "",
        Admission(domains, settings.callwise_sso_claim, roles, otherwise),
    )


def routes(reception: Callable[[], Reception], provider: Callable[[], Provider | None]) -> list[Route]:
    """The way to the provider, and the address to which the provider sends people back."""

    @cache
    def client() -> Any:
        company = provider()
        if company is None:
            return None
        from authlib.integrations.starlette_client import OAuth  # noqa: PLC0415  only where there is a single sign-on

        registered = OAuth()
        registered.register(
            "company",
            server_metadata_url=company.metadata,
            client_id=company.client_id,
            client_secret=company.client_secret,
            client_kwargs={"scope": "openid email profile", "code_challenge_method": "S256"},
        )
        return registered.create_client("company")

    async def go(request: Request) -> Response:
        if client() is None:
            return RedirectResponse(ADDRESS, SEE_OTHER)
        request.session[_ONWARD] = local_address(request.query_params.get("next"))
        back = f"{request.url.scheme}://{request.headers['host']}{BACK}"
        try:
            response: Response = await client().authorize_redirect(request, back)
        except _foreign():
            log.warning("the single sign-on cannot be reached", exc_info=True)
            return _failed(request, UNAVAILABLE)
        return response

    async def back(request: Request) -> Response:
        company = provider()
        if company is None:
            return PlainTextResponse("Single sign-on is not set up here.", FORBIDDEN)
        try:
            claims = dict((await client().authorize_access_token(request))["userinfo"])
        except _foreign():
            log.warning("the single sign-on refused a sign-in", exc_info=True)
            return _failed(request, FORBIDDEN)
        onward = local_address(request.session.pop(_ONWARD, "/"))
        return await run_in_threadpool(_enter, request, reception, company, claims, onward)

    return [Route(GO, go, methods=["GET"]), Route(BACK, back, methods=["GET"])]


@cache
def _foreign() -> tuple[type[Exception], ...]:
    """The errors of a provider that is down, answers nonsense, or does not confirm the person.

    They come from Authlib and its signatures, from the connection, and from metadata or claims that lack a part. Any
    other error is a defect of ours; it refuses the sign-in too, and is reported as a defect.
    """
    from authlib.common.errors import AuthlibBaseError  # noqa: PLC0415  only where there is a single sign-on
    from joserfc.errors import JoseError  # noqa: PLC0415

    return (AuthlibBaseError, JoseError, httpx.HTTPError, LookupError, RuntimeError, ValueError)


def _enter(
    request: Request, reception: Callable[[], Reception], provider: Provider, claims: dict[str, Any], onward: str
) -> Response:
    try:
        desk = reception()
        account = admit(desk.db, claims, provider.rules)
        token = sessions.open_session(desk.db, account, now(), desk.limits)
        event_log.append(desk.db, who=account.shown, what=Event.SIGNED_IN, subject=account.name, by="sso")
    except Forbidden as error:
        log.warning("the rules of the single sign-on refuse this account: %s", error)
        return page(request, message=f"{error.what} {error.next}", status=FORBIDDEN)
    except CallwiseError as error:
        log.warning("sign-in is not available: %s", error)
        return _failed(request, UNAVAILABLE)
    return redirect_with_session(request, token, onward)


def _failed(request: Request, status: int) -> Response:
    gettext = words(accepted_languages(request))[1]
    message = gettext("The single sign-on failed. Try again; if it persists, tell your engineer.")
    return page(request, message=message, status=status)
