"""The page of one's own passkeys, which the web server draws: Streamlit's pages cannot ask a browser for a passkey.

It asks for the password, and for the second factor if there is one, before it shows or changes anything.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from app.access import devices, second_step, sessions, sign_in_page
from app.access.door import (
    FORBIDDEN,
    NO_STORE,
    SEE_OTHER,
    TOO_MANY,
    UNAUTHORIZED,
    UNAVAILABLE,
    Reception,
    accepted_languages,
    form_route,
    html_page,
    page_route,
    with_next,
    with_wait,
)
from app.access.identity import COOKIE
from app.access.sign_in import Refused, verify
from app.access.sign_in_page import words
from app.language import translate_into
from app.second_factor import browser, ceremony, challenges, confirmation, own_passkeys_html
from app.second_factor.challenges import Purpose
from app.second_factor.own_passkeys_html import ADD, ADDRESS, CONFIRM, REMOVE
from app.second_factor.relying_party import RelyingParty
from app.second_factor.second_step_page import party_of, refusal
from core.accounts import passkeys
from core.accounts.account import Account
from core.clock import now
from core.errors import CallwiseError, Conflict, InputError, NotFound
from core.sentences import Sentence

log = logging.getLogger(__name__)

BAD_REQUEST = 400


@dataclass(frozen=True)
class Visit:
    """A request of the session with this token, whose `account` may have passkeys that belong to `party`."""

    request: Request
    desk: Reception
    token: str
    account: Account
    party: RelyingParty
    at: datetime = field(default_factory=now)

    @property
    def language(self) -> str:
        """That of the page."""
        return words(accepted_languages(self.request))[0]

    def confirmed(self) -> bool:
        """Whether the owner was checked a moment ago. Raises Unavailable."""
        return confirmation.confirmed(self.desk.db, self.token, self.account, self.at)

    def challenge(self, purpose: Purpose) -> bytes:
        """A new one. Raises Unavailable."""
        return challenges.make(self.desk.db, purpose, self.token, self.account.name, self.at)


def routes(reception: Callable[[], Reception]) -> list[Route]:
    """The page, and the targets of its forms."""

    def shown(request: Request, reception: Callable[[], Reception]) -> Response:
        return _answered(request, reception, _draw)

    def taken(change: Callable[[Visit, Mapping[str, str]], Response]) -> Callable[..., Response]:
        def answer(request: Request, reception: Callable[[], Reception], fields: Mapping[str, str]) -> Response:
            return _answered(request, reception, lambda visit: change(visit, fields))

        return answer

    return [
        page_route(ADDRESS, reception, shown),
        form_route(CONFIRM, reception, taken(_confirm)),
        form_route(ADD, reception, taken(_add)),
        form_route(REMOVE, reception, taken(_remove)),
    ]


def _answered(request: Request, reception: Callable[[], Reception], answer: Callable[[Visit], Response]) -> Response:
    language = words(accepted_languages(request))[0]
    token = request.cookies.get(COOKIE, "")
    try:
        desk = reception()
        account = sessions.account_of(desk.db, token, now(), desk.limits)
        if account is None:
            return RedirectResponse(with_next(sign_in_page.ADDRESS, ADDRESS), SEE_OTHER, headers=NO_STORE)
        if account.must_change:
            return RedirectResponse("/", SEE_OTHER, headers=NO_STORE)
        party = _party(desk, request, account)
        if not isinstance(party, RelyingParty):
            return html_page(own_passkeys_html.reason_html(language, translate_into(language, party)), FORBIDDEN)
        return answer(Visit(request, desk, token, account, party))
    except CallwiseError as error:
        log.warning("the page of passkeys is not available: %s", error)
        said = " ".join(translate_into(language, part) for part in (error.what, error.kept, error.next) if part)
        return html_page(own_passkeys_html.reason_html(language, said), UNAVAILABLE)


def _party(desk: Reception, request: Request, account: Account) -> RelyingParty | Sentence:
    if not account.has_password:
        return Sentence("You sign in with the company's single sign-on. A second factor is its affair.")
    return party_of(desk, request)


def _draw(visit: Visit, message: str = "", status: int = 200) -> Response:
    held = passkeys.passkeys_of(visit.desk.db, visit.account.name)
    if not visit.confirmed():
        options = ceremony.request_options(visit.party, visit.challenge(Purpose.CONFIRM), held) if held else None
        text = own_passkeys_html.confirm_html(visit.language, visit.account, options, message)
    else:
        options = ceremony.creation_options(visit.party, visit.account, visit.challenge(Purpose.ADD), held)
        text = own_passkeys_html.list_html(visit.language, held, options, message)
    return html_page(text, status, browser.POLICY)


def _confirm(visit: Visit, fields: Mapping[str, str]) -> Response:
    """Check the password, then the passkey or the code if the account has a second factor."""
    request, db = visit.request, visit.desk.db
    gettext = words(accepted_languages(request))[1]
    device, address = request.cookies.get(devices.COOKIE), request.client.host if request.client else None
    password = fields.get("password", "")
    owner = verify(db, visit.account.name, password, address=address, at=visit.at, device=device)
    if isinstance(owner, Refused):
        message = sign_in_page.wait_message(owner.wait, gettext) or gettext("The current password is incorrect.")
        return _refused(visit, message, owner.wait)
    if owner.second_factor and (wrong := _second(visit, owner, fields, device)):
        return _refused(visit, refusal(wrong, fields, gettext), wrong.wait)
    confirmation.confirm(db, visit.token, owner, visit.at)
    return _again()


def _second(
    visit: Visit, owner: Account, fields: Mapping[str, str], device: str | None
) -> second_step.WrongCode | None:
    desk, answer = visit.desk, fields.get(browser.FIELD)
    if not answer:
        code = fields.get("code", "")
        return second_step.check(desk.db, desk.factor.keys, owner, code, at=visit.at, device=device)

    def right() -> bool:
        return ceremony.accepted(desk.db, visit.party, Purpose.CONFIRM, visit.token, owner, answer, visit.at)

    return second_step.check_passkey(desk.db, owner, right, at=visit.at, device=device)


def _add(visit: Visit, fields: Mapping[str, str]) -> Response:
    if not visit.confirmed():
        return _again()
    db, name = visit.desk.db, " ".join(fields.get("name", "").split())
    challenge = challenges.take(db, Purpose.ADD, visit.token, visit.account.name, visit.at)
    try:
        made = ceremony.new_passkey(visit.party, challenge, fields.get(browser.FIELD, ""), name, visit.at)
        changed, recovery = passkeys.add(db, visit.account, made)
    except (InputError, Conflict) as error:
        return _told(visit, error)
    sessions.carry_over(db, visit.token, changed)
    if recovery:
        return html_page(own_passkeys_html.recovery_html(visit.language, recovery))
    return _again()


def _remove(visit: Visit, fields: Mapping[str, str]) -> Response:
    if not visit.confirmed():
        return _again()
    try:
        changed = passkeys.remove(visit.desk.db, visit.account, fields.get("key", ""))
    except (NotFound, Conflict) as error:
        return _told(visit, error)
    sessions.carry_over(visit.desk.db, visit.token, changed)
    return _again()


def _refused(visit: Visit, message: str, wait: timedelta) -> Response:
    return with_wait(_draw(visit, message, TOO_MANY if wait else UNAUTHORIZED), wait)


def _told(visit: Visit, error: CallwiseError) -> Response:
    parts = (error.what, error.kept, error.next)
    return _draw(visit, " ".join(translate_into(visit.language, part) for part in parts if part), BAD_REQUEST)


def _again() -> Response:
    return RedirectResponse(ADDRESS, SEE_OTHER, headers=NO_STORE)
