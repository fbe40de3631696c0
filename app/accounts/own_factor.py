"""One's own second factor: an authenticator app or passkeys, the recovery codes, and the way to switch it off.

Passkeys are made and removed on a page of the web server (`app.second_factor.own_passkeys`).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import streamlit as st

from app.access import devices, identity, second_step, sessions
from app.access.boundary import guarded_action
from app.access.second_step import WrongCode
from app.access.sign_in import Refused, verify
from app.accounts.own_password import sign_out_button
from app.language import _, formats, plural, translate
from app.second_factor.own_passkeys_html import ADDRESS
from app.second_factor.relying_party import RelyingParty, relying_party
from app.shell import notices
from app.shell.appliance import Appliance
from app.shell.notices import Notice, leave_notice
from core.accounts import one_time_codes, passkeys, second_factor
from core.accounts.account import Account
from core.clock import now
from core.errors import InputError

_SECRET, _ONCE = "factor_secret", "factor_recovery_once"
_CODE, _PASSWORD, _OWN_CODE = "factor_code", "factor_password", "factor_own_code"


def first_page(house: Appliance, account: Account) -> None:
    """Draw the page that replaces all others until a second factor that is required is on, and its codes are kept."""
    st.title(_("Second factor"))
    with st.container(key="message"):
        notices.show_waiting()
    if not waiting():
        st.markdown(_("Managers and engineers of this appliance sign in with a second factor. Switch yours on."))
    draw_second_factor(house, account)
    sign_out_button("sign-out")


def remind(own_page: Any) -> None:
    """Draw the reminder for a manager or an engineer without a second factor, with a link to `own_page`."""
    with st.container(key="factor-reminder", border=True, horizontal=True, vertical_alignment="center"):
        st.markdown(_("Your password alone opens what a manager or an engineer may do. Add a second factor."))
        st.page_link(own_page, label=_("To my account"), icon=":material/phonelink_lock:")


def waiting() -> bool:
    """Whether recovery codes are shown that their owner has not kept yet."""
    return _ONCE in st.session_state


def draw_second_factor(house: Appliance, account: Account) -> None:
    """Draw the section of *My account*."""
    with st.container(key="factor", width=560):
        if waiting():
            _draw_recovery_codes()
        elif not account.has_password:
            st.markdown(_("You sign in with the company's single sign-on. A second factor is its affair."))
        elif _SECRET in st.session_state and not account.has_codes:
            _draw_enrolment(account, st.session_state[_SECRET])
        elif account.second_factor:
            _draw_on(house, account)
            _draw_passkeys(house, account)
        else:
            st.markdown(_("Off. With it, a sign-in needs your password, and a code from an app or a passkey."))
            if house.factor.keys is None:
                st.markdown(_("Codes of an app are not possible here: CALLWISE_SECOND_FACTOR_KEY is not set."))
            else:
                st.markdown(f"**{_('Authenticator app')}**")
                st.button(_("Switch on"), key="factor-begin", icon=":material/phonelink_lock:", on_click=_begin)
            _draw_passkeys(house, account)


def _draw_enrolment(account: Account, secret: bytes) -> None:
    st.markdown(_("**1.** Add an account by hand in an authenticator app, as time-based, and type this key:"))
    st.code(one_time_codes.typed(secret), language=None)
    st.markdown(_("If the app is on this device, it can open this address instead:"))
    st.code(one_time_codes.address(secret, account.name), language=None, wrap_lines=True)
    st.markdown(_("**2.** Type the code that the app shows now. Nothing is switched on before."))
    with st.form("factor-form"):
        st.text_input(_("Code of six digits"), key=_CODE, max_chars=20, autocomplete="one-time-code")
        st.form_submit_button(_("Switch on"), type="primary", key="factor-on", on_click=_turn_on)
    st.button(_("Cancel"), key="factor-cancel", on_click=_cancel)


def _draw_passkeys(house: Appliance, account: Account) -> None:
    """Draw the passkeys, and the way to the page on which they are made; or why there can be none."""
    st.markdown(f"**{_('Passkeys')}**")
    for one in passkeys.passkeys_of(house.db, account.name) if account.passkeys else ():
        used = _("last used {moment}").format(moment=_moment(one.used)) if one.used else _("never used")
        since = _("since {moment}").format(moment=_moment(one.since))
        st.markdown(f"{formats.plain(one.name)} · {since}, {used}")
    party = relying_party(house.app_page, _address())
    if isinstance(party, RelyingParty):
        st.markdown(_("A phone, a computer or a security key keeps a passkey, and uses it after you unlock it."))
        what = _("Add or remove passkeys") if account.passkeys else _("Add a passkey")
        # A page of the web server: Streamlit's own links stay inside its pages.
        st.markdown(f'<a href="{ADDRESS}" target="_self">{what}</a>', unsafe_allow_html=True)
    else:
        st.caption(translate(party))


def _address() -> str:
    """At which this page is open, as far as its web socket says; the door in front of it ends https."""
    return f"http://{st.context.headers.get('Host', '')}"


def _moment(at: datetime) -> str:
    return formats.moment(at, st.context.timezone)


def _draw_on(house: Appliance, account: Account) -> None:
    left = account.recovery_codes
    if account.has_codes:
        st.markdown(_("On. A sign-in needs your password and a code from your app."))
        if account.passkeys:
            st.markdown(_("A passkey works instead of a code."))
    else:
        st.markdown(_("On. A sign-in needs your password and a passkey."))
    st.markdown(plural("{n} recovery code is left.", "{n} recovery codes are left.", left).format(n=left))
    with st.form("factor-change"):
        st.text_input(_("Current password"), key=_PASSWORD, type="password", autocomplete="current-password")
        label = _("Code of six digits, or a recovery code") if account.has_codes else _("Recovery code")
        st.text_input(label, key=_OWN_CODE, max_chars=40, autocomplete="one-time-code")
        with st.container(horizontal=True):
            if not account.has_codes and house.factor.keys is not None:
                st.form_submit_button(_("Add an authenticator app"), key="factor-app", on_click=_begin_with_owner)
            st.form_submit_button(_("Make new recovery codes"), key="factor-renew", on_click=_renew)
            st.form_submit_button(_("Switch off"), key="factor-off", on_click=_turn_off)


def _draw_recovery_codes() -> None:
    st.markdown(
        _(
            "**Your recovery codes.** Keep them where your phone is not: each signs you in once, if the phone is lost. "
            "They are shown only here and only now."
        )
    )
    st.code("\n".join(st.session_state[_ONCE]), language=None)
    st.button(_("I have kept them"), key="factor-kept", type="primary", on_click=_kept)


@guarded_action()
def _begin() -> None:
    st.session_state[_SECRET] = one_time_codes.new_secret()


@guarded_action()
def _begin_with_owner() -> None:
    """An account that has a second factor gets another one from its owner alone."""
    _owner(now())
    st.session_state[_SECRET] = one_time_codes.new_secret()


@guarded_action()
def _cancel() -> None:
    st.session_state.pop(_SECRET, None)


@guarded_action()
def _kept() -> None:
    st.session_state.pop(_ONCE, None)


@guarded_action()
def _turn_on() -> None:
    house, account = identity.appliance(), identity.signed_in()
    code, secret = str(st.session_state.pop(_CODE, None) or ""), st.session_state.get(_SECRET)
    if house.factor.keys is None or secret is None:
        return
    changed, made = second_factor.turn_on(house.db, house.factor.keys, account, secret, code, now())
    st.session_state.pop(_SECRET, None)
    _stay(changed)
    if made:
        st.session_state[_ONCE] = made
    elsewhere = _("You stay signed in here; everywhere else you were signed out.")
    leave_notice(Notice("success", _("Your second factor is on."), elsewhere))


@guarded_action()
def _renew() -> None:
    st.session_state[_ONCE] = second_factor.renew_recovery(identity.appliance().db, _owner(now()))
    leave_notice(Notice("success", _("The earlier recovery codes count no longer.")))


@guarded_action()
def _turn_off() -> None:
    _stay(second_factor.turn_off(identity.appliance().db, _owner(now())))
    elsewhere = _("You stay signed in here; everywhere else you were signed out.")
    leave_notice(Notice("success", _("Your second factor is off."), elsewhere))


def _owner(at: datetime) -> Account:
    """The account of whoever typed its password and a code. Raises InputError for a wrong one."""
    house, account = identity.appliance(), identity.signed_in()
    password, code = (str(st.session_state.pop(key, None) or "") for key in (_PASSWORD, _OWN_CODE))
    device = st.context.cookies.get(devices.COOKIE)
    kept, later = _("Nothing was changed."), _("Try again in a moment.")
    owner = verify(house.db, account.name, password, address=st.context.ip_address, at=at, device=device)
    if isinstance(owner, Refused):
        what = _("Too many attempts failed.") if owner.wait else _("The current password is incorrect.")
        raise InputError(what, kept=kept, next=later)
    refused = second_step.check(house.db, house.factor.keys, owner, code, at=at, device=device)
    if isinstance(refused, WrongCode):
        if refused.wait:
            raise InputError(_("Too many attempts failed."), kept=kept, next=later)
        raise second_factor.wrong_code()
    return owner


def _stay(changed: Account) -> None:
    if token := identity.token():
        sessions.carry_over(identity.appliance().db, token, changed)
