"""The page of a sign-in's second step: a passkey, or a code."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from html import escape
from string import Template

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from app.access import devices, second_step, sign_in_page
from app.access.door import (
    NO_STORE,
    SEE_OTHER,
    TOO_MANY,
    UNAUTHORIZED,
    Reception,
    accepted_languages,
    away,
    entered,
    form_route,
    html_page,
    page,
    page_route,
    with_next,
    with_wait,
)
from app.access.sign_in_page import ADDRESS, CODE_ADDRESS, Words, local_address, words
from app.language import translate_into
from app.second_factor import browser, ceremony, challenges
from app.second_factor.challenges import Purpose
from app.second_factor.relying_party import RelyingParty, relying_party
from core.accounts import passkeys
from core.accounts.account import Account
from core.clock import now
from core.errors import CallwiseError
from core.sentences import Sentence

_CODE_FIELD = Template(
    """<label for="code">$label</label>
<input id="code" name="code" autocomplete="one-time-code" autocapitalize="none" spellcheck="false" maxlength="40"
  required$focus>"""
)


def routes(reception: Callable[[], Reception]) -> list[Route]:
    """The page, and the target of its form."""
    return [page_route(CODE_ADDRESS, reception, _shown), form_route(CODE_ADDRESS, reception, _taken)]


def party_of(desk: Reception, request: Request) -> RelyingParty | Sentence:
    """To whom passkeys belong on this page; or why there are none."""
    return relying_party(desk.app_page, f"{request.url.scheme}://{request.headers.get('host', '')}")


def _shown(request: Request, reception: Callable[[], Reception]) -> Response:
    onward, token = local_address(request.query_params.get("next")), request.cookies.get(second_step.COOKIE, "")
    try:
        desk = reception()
        account = second_step.pending(desk.db, token, now())
        if account is None:
            return RedirectResponse(with_next(ADDRESS, onward), SEE_OTHER, headers=NO_STORE)
        return _drawn(request, desk, token, account, onward)
    except CallwiseError as error:
        return away(request, onward, error)


def _taken(request: Request, reception: Callable[[], Reception], fields: Mapping[str, str]) -> Response:
    onward, at = local_address(fields.get("next")), now()
    gettext = words(accepted_languages(request))[1]
    token = request.cookies.get(second_step.COOKIE, "")
    try:
        desk = reception()
        account = second_step.pending(desk.db, token, at)
        if account is None:
            message = gettext("The password was typed too long ago. Sign in again.")
            return page(request, onward=onward, message=message, sso_title=desk.sso_title, status=UNAUTHORIZED)
        done = _completed(request, desk, token, account, fields, at)
        if isinstance(done, second_step.WrongCode):
            message = refusal(done, fields, gettext)
            status = TOO_MANY if done.wait else UNAUTHORIZED
            return with_wait(_drawn(request, desk, token, account, onward, message, status), done.wait)
    except CallwiseError as error:
        return away(request, onward, error)
    response = entered(request, *done, onward)
    response.delete_cookie(second_step.COOKIE, path=ADDRESS)
    return response


def _completed(
    request: Request, desk: Reception, token: str, account: Account, fields: Mapping[str, str], at: datetime
) -> tuple[str, str] | second_step.WrongCode:
    device, db = request.cookies.get(devices.COOKIE), desk.db
    if answer := fields.get(browser.FIELD):
        party = party_of(desk, request)

        def right() -> bool:
            return isinstance(party, RelyingParty) and ceremony.accepted(
                db, party, Purpose.SIGN_IN, token, account, answer, at
            )

        refused = second_step.check_passkey(db, account, right, at=at, device=device)
        return refused or second_step.finish(db, token, account, at=at, limits=desk.limits, device=device)
    code = fields.get("code", "")
    return second_step.complete(db, desk.factor.keys, token, account, code, at=at, limits=desk.limits, device=device)


def _drawn(
    request: Request,
    desk: Reception,
    token: str,
    account: Account,
    onward: str,
    message: str = "",
    status: int = 200,
) -> Response:
    """The page for the account whose password was right. Raises Unavailable."""
    language, gettext = words(accepted_languages(request))
    helped = gettext("No phone and no recovery code? Ask the engineer who looks after Callwise.")
    passkey = ""
    if account.passkeys:
        party = party_of(desk, request)
        if isinstance(party, RelyingParty):
            challenge = challenges.make(desk.db, Purpose.SIGN_IN, token, account.name, now())
            options = ceremony.request_options(party, challenge, passkeys.passkeys_of(desk.db, account.name))
            passkey = browser.button(options, browser.Does.USE, gettext("Use a passkey"), gettext)
        else:
            helped = f"{translate_into(language, party)} {helped}"
    label, purpose = _asked(account, gettext, passkey=bool(passkey))
    code = code_field(label, focus=not passkey)
    text = sign_in_page.framed(
        language,
        title=gettext("Second step"),
        purpose=purpose,
        message=message,
        body="\n".join(
            (
                sign_in_page.form(CODE_ADDRESS, f"{passkey}\n{code}", gettext("Sign in"), onward=onward),
                sign_in_page.link(with_next(ADDRESS, onward), gettext("Begin again")),
                browser.SCRIPT if passkey else "",
            )
        ),
        help=helped,
    )
    return html_page(text, status, browser.POLICY if passkey else sign_in_page.POLICY)


def _asked(account: Account, gettext: Words, *, passkey: bool) -> tuple[str, str]:
    """What the field for a code is called, and what the page asks for; `passkey`: the page has a button for one."""
    if account.has_codes and passkey:
        asked = gettext(
            "Your password is right. Now use a passkey, or type the code that your authenticator app shows."
        )
    elif account.has_codes:
        asked = gettext("Your password is right. Now type the code that the authenticator app on your phone shows.")
    elif passkey:
        asked = gettext("Your password is right. Now use a passkey, or type a recovery code.")
    else:
        asked = gettext("Your password is right. Now type a recovery code.")
    return code_label(account, gettext), asked


def code_label(account: Account, gettext: Words) -> str:
    """What the field for a code is called."""
    return gettext("Code of six digits, or a recovery code") if account.has_codes else gettext("Recovery code")


def refusal(wrong: second_step.WrongCode, fields: Mapping[str, str], gettext: Words) -> str:
    """The message after a code or a passkey that was not accepted."""
    if wrong.wait:
        return sign_in_page.wait_message(wrong.wait, gettext)
    if fields.get(browser.FIELD):
        return gettext("This passkey was not accepted. Try again.")
    return gettext("This code is not right, or was used already. Wait for the next one of your app.")


def code_field(label: str, *, focus: bool = False) -> str:
    """The field for a code, as HTML."""
    return _CODE_FIELD.substitute(label=escape(label), focus=" autofocus" if focus else "")
