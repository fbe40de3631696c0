"""The form for one's own password, at the first sign-in and later."""

from __future__ import annotations

import streamlit as st

from app.access import identity, sessions
from app.access.boundary import guarded_action
from app.access.sign_in import Refused, verify
from app.language import _
from app.shell import notices
from app.shell.notices import Notice, leave_notice
from core.accounts import passwords
from core.accounts.account import Account
from core.accounts.changes import choose_password
from core.accounts.passwords import LEAST, Weakness
from core.clock import now
from core.errors import InputError

_OLD, _NEW, _AGAIN = "password_old", "password_new", "password_again"


def first_page(account: Account) -> None:
    """Draw the page that replaces all others while another person knows the password."""
    st.title(_("Choose a password"))
    with st.container(key="message"):
        notices.show_waiting()
    st.markdown(_("Another person gave you your current password, and therefore knows it. Choose your own."))
    draw_password_form(account)
    sign_out_button("sign-out")


def draw_password_form(account: Account) -> None:
    """Draw the form."""
    with st.container(key="own-password", width=420), st.form("own-password-form"):
        st.text_input(_("Current password"), key=_OLD, type="password", autocomplete="current-password")
        st.text_input(
            _("New password"),
            key=_NEW,
            type="password",
            autocomplete="new-password",
            help=_("At least {least} characters. A few words in a row are easy to remember.").format(least=LEAST),
        )
        st.text_input(_("Repeat the new password"), key=_AGAIN, type="password", autocomplete="new-password")
        st.form_submit_button(
            _("Change password"), type="primary", key="own-password-go", on_click=_change, args=(account,)
        )


def sign_out_button(key: str) -> None:
    """Draw the button."""
    st.button(_("Sign out"), key=key, icon=":material/logout:", on_click=sign_out)


@guarded_action()
def sign_out() -> None:
    """End this session; the next run finds nobody signed in."""
    house, token = identity.appliance(), identity.token()
    if token:
        sessions.end_session(house.db, token)


@guarded_action()
def _change(account: Account) -> None:
    house, token = identity.appliance(), identity.token()
    old, new, again = (str(st.session_state.pop(key, None) or "") for key in (_OLD, _NEW, _AGAIN))
    kept = _("Your current password is unchanged.")
    if (weakness := passwords.weakness(new, account.name, account.shown)) is not None:
        raise InputError(words(weakness), kept=kept, next=_("Choose another."))
    if new != again:
        raise InputError(_("The two new passwords are not the same."), kept=kept, next=_("Type them again."))
    if new == old:
        raise InputError(_("The new password is the current one."), next=_("Choose another."))
    owner = verify(house.db, account.name, old, address=st.context.ip_address, at=now())
    if isinstance(owner, Refused):
        what = _("Too many attempts failed.") if owner.wait else _("The current password is incorrect.")
        raise InputError(what, kept=_("Nothing was changed."), next=_("Try again in a moment."))
    changed = choose_password(house.db, owner, new)
    if token:
        sessions.carry_over(house.db, token, changed)
    elsewhere = _("You stay signed in here; everywhere else you were signed out.")
    leave_notice(Notice("success", _("Your password is changed."), elsewhere))


def words(weakness: Weakness) -> str:
    """The sentence for `weakness`."""
    return {
        Weakness.SHORT: _("The new password has less than {least} characters."),
        Weakness.LONG: _("The new password has more than {most} characters."),
        Weakness.NAME: _("The new password is your name."),
        Weakness.OBVIOUS: _("The new password is too easy to guess."),
    }[weakness].format(least=LEAST, most=passwords.MOST)
