"""Accounts: who may sign in, and in which role. Engineers manage all accounts, managers those of agents."""

from __future__ import annotations

import streamlit as st

from app.access import identity
from app.access.boundary import guarded_action
from app.accounts import roles
from app.accounts.program_tokens import draw_tokens
from app.language import _, formats
from app.shell import notices
from app.shell.appliance import Appliance
from app.shell.notices import Notice, leave_notice
from core.accounts import changes as account_changes
from core.accounts import directory, passwords, second_factor
from core.accounts.account import SHOWN, Account, Role
from core.errors import Conflict, Forbidden, NotFound

_NAME, _SHOWN, _ROLE = "account_name", "account_shown", "account_role"
_CHOSEN, _ONCE = "account_chosen", "account_password_once"


def page(house: Appliance) -> None:
    """Draw the page."""
    me = identity.require(Role.MANAGER)
    st.title(_("Accounts"))
    with st.container(key="message"):
        notices.show_waiting()
    _draw_first_password()
    mine = [account for account in directory.all_accounts(house.db) if me.may_administer(account.role)]
    with st.container(key="account-list"):
        if mine:
            st.table([_row(account) for account in mine], border="horizontal", hide_index=True)
        else:
            st.info(_("There is no agent yet. Make the first account below."), icon=":material/group_add:")
    left, right = st.columns(2, gap="large")
    with left:
        st.subheader(_("A new account"))
        _new(me)
    with right:
        if mine:
            st.subheader(_("Change an account"))
            _changes(me, mine)
    if me.role is Role.ENGINEER:
        draw_tokens(house)


def _row(account: Account) -> dict[str, str]:
    if account.disabled:
        state = _("disabled")
    elif account.must_change:
        state = _("has a first password")
    else:
        state = _("active") if account.has_password else _("active, single sign-on")
    return {
        _("Name"): formats.plain(account.shown),
        _("Signs in as"): formats.plain(account.name),
        _("Role"): roles.label(account.role),
        _("State"): state,
        _("Second factor"): (_("on") if account.second_factor else _("off"))
        if account.has_password
        else formats.NOT_YET,
        _("Since"): formats.moment(account.since, st.context.timezone) if account.since else formats.NOT_YET,
    }


def _draw_first_password() -> None:
    """Draw a new first password: only here, and only until the next page or click."""
    if once := st.session_state.pop(_ONCE, None):
        shown, password = once
        with st.container(key="password-once", border=True):
            st.markdown(
                _(
                    "First password of **{name}**. Copy it now: it is shown only once. "
                    "It has to be changed at the first sign-in."
                ).format(name=formats.plain(shown))
            )
            st.code(password, language=None)


def _new(me: Account) -> None:
    roles_to_give = [role for role in Role if me.may_administer(role)]
    with st.form("account-new", clear_on_submit=False):
        st.text_input(_("Login name"), key=_NAME, max_chars=64, autocomplete="off")
        st.text_input(
            _("Name that colleagues see"),
            key=_SHOWN,
            max_chars=SHOWN,
            autocomplete="off",
            help=_("Calls are recorded under this name, so it cannot be changed later."),
        )
        st.selectbox(_("Role"), roles_to_give, key=_ROLE, format_func=roles.label)
        st.form_submit_button(
            _("Make account"), type="primary", icon=":material/person_add:", key="account-make", on_click=_make
        )


def _changes(me: Account, mine: list[Account]) -> None:
    by_name = {account.name: account for account in mine}
    if st.session_state.get(_CHOSEN) not in by_name:
        st.session_state.pop(_CHOSEN, None)
    name = st.selectbox(
        _("Account"), list(by_name), key=_CHOSEN, format_func=lambda name: f"{by_name[name].shown} ({name})"
    )
    account = by_name[name]
    with st.container(border=True, key="account-changes"):
        roles_to_give = [role for role in Role if me.may_administer(role)]
        if len(roles_to_give) > 1:
            key = f"account-role-{account.name}"
            place = roles_to_give.index(account.role)
            st.selectbox(_("Role"), roles_to_give, place, key=key, format_func=roles.label)
            st.button(_("Save role"), key="account-save-role", on_click=_set_role, args=(account.name, key))
        with st.container(horizontal=True):
            if account.name == me.name:
                st.caption(_("Change your own password under *My account*."))
            elif account.has_password:
                with st.popover(_("New password"), icon=":material/key:", key="account-reset"):
                    st.markdown(_("The current password and all sessions of the account end at once."))
                    st.button(
                        _("Make a new password"), key="account-reset-go", type="primary", on_click=_reset, args=(name,)
                    )
            if account.second_factor and account.name != me.name:
                _factor_reset(name)
            if account.disabled:
                st.button(_("Enable"), key="account-enable", on_click=_set_disabled, args=(name, False))
            else:
                with st.popover(_("Disable"), icon=":material/block:", key="account-disable-ask"):
                    st.markdown(_("They are signed out at once and cannot sign in. What they recorded is kept."))
                    st.button(
                        _("Disable the account"),
                        key="account-disable",
                        type="primary",
                        on_click=_set_disabled,
                        args=(name, True),
                    )


def _factor_reset(name: str) -> None:
    with st.popover(_("Second factor"), icon=":material/phonelink_erase:", key="account-factor"):
        st.markdown(
            _(
                "Somebody who lost the phone and the recovery codes signs in with the password alone after this. "
                "Be sure that it is this person who asks. All sessions of the account end at once."
            )
        )
        key = "account-factor-reset"
        st.button(_("Reset the second factor"), key=key, type="primary", on_click=_reset_factor, args=(name,))


@guarded_action()
def _make() -> None:
    role = Role(st.session_state[_ROLE])
    me = _administrator(role)
    name, shown, password = str(st.session_state[_NAME]), str(st.session_state[_SHOWN]), passwords.generate()
    account = directory.add(identity.appliance().db, name, shown, role, by=me.shown, password=password)
    st.session_state[_NAME] = st.session_state[_SHOWN] = ""
    st.session_state[_ONCE] = (account.shown, password)
    leave_notice(Notice("success", _("{name} can sign in now.").format(name=account.shown)))


@guarded_action()
def _set_role(name: str, key: str) -> None:
    role = Role(st.session_state[key])
    me, account = _to_change(name)
    if not me.may_administer(role):
        raise _refusal()
    changed = account_changes.set_role(identity.appliance().db, account.name, role, by=me.shown)
    what = _("{name} is now: {role}.").format(name=changed.shown, role=roles.label(changed.role))
    leave_notice(Notice("success", what, _("They have to sign in again.") if changed.epoch != account.epoch else ""))


@guarded_action()
def _reset(name: str) -> None:
    me, account = _to_change(name)
    if account.name == me.name:  # it would end this session before its owner could read the new password
        raise Conflict(
            _("Change your own password under *My account*."),
            kept=_("Your password is unchanged."),
            next=_("Choose a new one there."),
        )
    password = account_changes.reset_password(identity.appliance().db, account.name, by=me.shown)
    st.session_state[_ONCE] = (account.shown, password)


@guarded_action()
def _reset_factor(name: str) -> None:
    me, account = _to_change(name)
    if account.name == me.name:  # a session that was left open must not be enough
        raise Conflict(
            _("Switch off your own second factor under *My account*."),
            kept=_("Nothing was changed."),
            next=_("It asks for your password and a code."),
        )
    second_factor.reset(identity.appliance().db, account.name, by=me.shown)
    leave_notice(Notice("success", _("{name} has no second factor any more.").format(name=account.shown)))


@guarded_action()
def _set_disabled(name: str, disabled: bool) -> None:
    me, account = _to_change(name)
    account_changes.set_disabled(identity.appliance().db, account.name, disabled, by=me.shown)
    what = _("{name} cannot sign in any more.") if disabled else _("{name} can sign in again.")
    kept = _("Everything they recorded is kept.") if disabled else ""
    leave_notice(Notice("success", what.format(name=account.shown), kept))


def _to_change(name: str) -> tuple[Account, Account]:
    """The account of the person at this screen, and the one to change, both read now. Raises Forbidden, NotFound."""
    account = directory.find(identity.appliance().db, name)
    if account is None:
        raise NotFound(_("There is no account '{name}'.").format(name=name), kept=_("Nothing was changed."))
    return _administrator(account.role), account


def _administrator(role: Role) -> Account:
    """The account of the person at this screen. Raises Forbidden unless they may administer `role`."""
    me = identity.require(Role.MANAGER)
    if not me.may_administer(role):
        raise _refusal()
    return me


def _refusal() -> Forbidden:
    return Forbidden(
        _("Managers look after the accounts of agents."),
        kept=_("Nothing was changed."),
        next=_("Ask an engineer to do this."),
    )
