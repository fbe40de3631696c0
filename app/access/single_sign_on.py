"""Signing in with the company's single sign-on: OpenID Connect, authorization code with PKCE.

By Authlib, which Streamlit's own `st.login` calls, too; decision 12 says why not through that.
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
from app.access.door import FORBIDDEN, SEE_OTHER, UNAVAILABLE, Reception, accepted, let_in, page
from app.access.sign_in_page import ADDRESS, local, words
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
    """The company's provider, as it was registered there."""

    title: str
    metadata: str
    client_id: str
    client_secret: str
    rules: Admission


def provider_of(settings: AppSettings) -> Provider | None:
    """The provider that the settings name, or None. Raises SettingsError if they name half of one, or no role."""
    given = (settings.callwise_sso_metadata, settings.callwise_sso_client_id, settings.callwise_sso_client_secret)
    if not any(given):
        return None
    if not all(given):
        raise SettingsError(
            "CALLWISE_SSO_METADATA, CALLWISE_SSO_CLIENT_ID and CALLWISE_SSO_CLIENT_SECRET go together.",
            next="Set all three, or none.",
        )
    try:
        pairs = [pair.rpartition("=") for pair in settings.callwise_sso_roles.split()]
        roles = {value: Role(role) for value, _, role in pairs}
    except ValueError as error:
        raise SettingsError(
            f"CALLWISE_SSO_ROLES names a role that there is not: {error}.",
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
    """Where the button leads, and where the provider sends people back to."""

    @cache
    def client() -> Any:
        found = provider()
        if found is None:
            return None
        from authlib.integrations.starlette_client import OAuth  # noqa: PLC0415  only where there is a single sign-on

        registered = OAuth()
        registered.register(
            "company",
            server_metadata_url=found.metadata,
            client_id=found.client_id,
            client_secret=found.client_secret,
            client_kwargs={"scope": "openid email profile", "code_challenge_method": "S256"},
        )
        return registered.create_client("company")

    async def go(request: Request) -> Response:
        if client() is None:
            return RedirectResponse(ADDRESS, SEE_OTHER)
        request.session[_ONWARD] = local(request.query_params.get("next"))
        back = f"{request.url.scheme}://{request.headers['host']}{BACK}"
        try:
            response: Response = await client().authorize_redirect(request, back)
        except _foreign():
            log.warning("the single sign-on cannot be reached", exc_info=True)
            return _told(request, _away(request), UNAVAILABLE)
        return response

    async def back(request: Request) -> Response:
        found = provider()
        if found is None:
            return PlainTextResponse("There is no single sign-on here.", FORBIDDEN)
        try:
            token = await client().authorize_access_token(request)
            claims = dict(token["userinfo"])
        except _foreign():
            log.warning("the single sign-on did not let somebody in", exc_info=True)
            return _told(request, _away(request), FORBIDDEN)
        onward = local(request.session.pop(_ONWARD, "/"))
        return await run_in_threadpool(_enter, request, reception, found, claims, onward)

    return [Route(GO, go, methods=["GET"]), Route(BACK, back, methods=["GET"])]


@cache
def _foreign() -> tuple[type[Exception], ...]:
    """What goes wrong with a provider that is away, answers something else, or does not vouch for whoever comes.

    Authlib's errors and those of its signatures; the connection's; and what Authlib says of metadata and claims that
    lack something. Any other is a defect of ours, lets nobody in either, and is told as one.
    """
    from authlib.common.errors import AuthlibBaseError  # noqa: PLC0415  only where there is a single sign-on
    from joserfc.errors import JoseError  # noqa: PLC0415

    return (AuthlibBaseError, JoseError, httpx.HTTPError, LookupError, RuntimeError, ValueError)


def _enter(
    request: Request, reception: Callable[[], Reception], provider: Provider, claims: dict[str, Any], onward: str
) -> Response:
    address = request.client.host if request.client else None
    try:
        found = reception()
        account = admit(found.db, claims, provider.rules)
        token = sessions.open_session(found.db, account, now(), found.limits)
        event_log.append(
            found.db, who=account.shown, what=Event.SIGNED_IN, subject=account.name, address=address, by="sso"
        )
    except Forbidden as error:
        log.warning("refused by the rules of the single sign-on: %s", error)
        return _told(request, f"{error.what} {error.next}", FORBIDDEN)
    except CallwiseError as error:
        log.warning("nobody can sign in: %s", error)
        return _told(request, _away(request), UNAVAILABLE)
    return let_in(request, token, onward)


def _told(request: Request, said: str, status: int) -> Response:
    return page(request, said=said, status=status)


def _away(request: Request) -> str:
    gettext = words(accepted(request))[1]
    return gettext("The single sign-on did not let you in. Try again; if it persists, tell your engineer.")
