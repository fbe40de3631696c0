"""The page of one's own passkeys as HTML: who one is, the list, and recovery codes that are shown once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from html import escape

from babel.dates import format_date

from app.access import sign_in_page
from app.access.sign_in_page import framed
from app.language import catalogue
from app.second_factor import browser
from app.second_factor.browser import Does
from app.second_factor.second_step_page import code_field, code_label
from core.accounts.account import Account
from core.accounts.passkeys import LONGEST, MOST, Passkey

ADDRESS = "/account/passkey"
CONFIRM, ADD, REMOVE = f"{ADDRESS}/confirm", f"{ADDRESS}/add", f"{ADDRESS}/remove"
BACK = "/my-account"


def reason_html(language: str, reason: str) -> str:
    """The page where there are no passkeys: why."""
    _ = catalogue(language).gettext
    back = sign_in_page.link(BACK, _("Back to my account"))
    return framed(language, title=_("Passkeys"), purpose=reason, body=back)


def confirm_html(language: str, account: Account, options: str | None, message: str = "") -> str:
    """The page that asks for the password, and for the second factor if there is one.

    `options`: for using a passkey, if the account has one.
    """
    _ = catalogue(language).gettext
    fields = (
        f'<label for="password">{escape(_("Current password"))}</label>\n<input id="password" name="password" '
        'type="password" autocomplete="current-password" maxlength="1024" required autofocus>'
    )
    if options:
        fields += "\n" + browser.button(options, Does.USE, _("Go on with a passkey"), _)
    if account.second_factor:
        fields += "\n" + code_field(code_label(account, _))
    return framed(
        language,
        title=_("Passkeys"),
        purpose=_("A passkey opens your account, so show first that it is you."),
        message=message,
        body="\n".join(
            (
                sign_in_page.form(CONFIRM, fields, _("Go on")),
                sign_in_page.link(BACK, _("Back to my account")),
                browser.SCRIPT if options else "",
            )
        ),
    )


def list_html(language: str, held: Sequence[Passkey], options: str, message: str = "") -> str:
    """The page with one's passkeys, each with a button that removes it, and the form for another one."""
    _ = catalogue(language).gettext
    rows = "\n".join(_row(language, one) for one in held)
    parts = [f"<ul>\n{rows}\n</ul>" if held else f"<p>{escape(_('You have no passkey yet.'))}</p>"]
    if len(held) < MOST:
        parts += [f"<h2>{escape(_('Another passkey') if held else _('A first passkey'))}</h2>", _new(language, options)]
    parts += [sign_in_page.link(BACK, _("Back to my account")), browser.SCRIPT]
    return framed(
        language,
        title=_("Passkeys"),
        purpose=_("A phone, a computer or a security key keeps a passkey, and uses it after you unlock it."),
        message=message,
        body="\n".join(parts),
    )


def recovery_html(language: str, codes: Sequence[str]) -> str:
    """The page with recovery codes, which are shown only here."""
    _ = catalogue(language).gettext
    text = escape("\n".join(codes))
    return framed(
        language,
        title=_("Recovery codes"),
        purpose=_("Your passkey is added, and your second factor is on."),
        message=_(
            "These are your recovery codes. Keep them where your phone and your computer are not: each signs you in "
            "once, if the passkey is lost. They are shown only here and only now."
        ),
        alarming=False,
        body=f"<pre>{text}</pre>\n{sign_in_page.link(BACK, _('I have kept them'))}",
    )


def _row(language: str, one: Passkey) -> str:
    _ = catalogue(language).gettext
    used = _("last used {moment}").format(moment=_day(language, one.used)) if one.used else _("never used")
    since = _("since {moment}").format(moment=_day(language, one.since))
    title = escape(_("Remove {name}").format(name=one.name))
    key = f'<input type="hidden" name="key" value="{escape(one.key)}">'
    return (
        f"<li><strong>{escape(one.name)}</strong><small>{escape(since)}, {escape(used)}</small>\n"
        f'<form method="post" action="{REMOVE}">{key}<button type="submit" aria-label="{title}">'
        f"{escape(_('Remove'))}</button></form></li>"
    )


def _new(language: str, options: str) -> str:
    """The form has no button that sends it, because only the script can fill it in."""
    _ = catalogue(language).gettext
    name, example = escape(_("Name of the passkey")), escape(_("such as: my phone"))
    without = escape(_("This browser runs no scripts here, and without them it has no passkeys."))
    return (
        f'<form method="post" action="{ADD}">\n<label for="name">{name}</label>\n'
        f'<input id="name" name="name" maxlength="{LONGEST}" autocomplete="off" placeholder="{example}" required>\n'
        f"{browser.button(options, Does.MAKE, _('Add a passkey'), _)}\n"
        f"<noscript><p>{without}</p></noscript>\n</form>"
    )


def _day(language: str, at: datetime) -> str:
    return format_date(at, "medium", locale=language)
