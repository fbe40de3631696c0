"""My account: name and role, other sessions, password, second factor."""

from __future__ import annotations

import streamlit as st

from app.access import identity, sessions
from app.access.boundary import guarded_action
from app.accounts import own_factor, own_keys, own_password, roles
from app.accounts.own_password import draw_password_form
from app.language import _, formats, plural
from app.shell import notices
from app.shell.appliance import Appliance
from app.shell.notices import Notice, leave_notice
from core.accounts.changes import end_sessions
from core.clock import now


def page(house: Appliance) -> None:
    """Draw the page."""
    account = identity.signed_in()
    st.title(_("My account"))
    with st.container(key="message"):
        notices.show_waiting()
    with st.container(key="me", border=True):
        st.markdown(f"**{formats.plain(account.shown)}**")
        st.caption(
            _("{role}, signs in as {name}").format(role=roles.label(account.role), name=formats.plain(account.name))
        )
        own_password.sign_out_button("sign-out")
    st.subheader(_("Signed in elsewhere"))
    others = sessions.count_others(house.db, identity.token() or "", account, now(), house.limits)
    with st.container(key="elsewhere"):
        if not others:
            st.markdown(_("You are signed in here only."))
        else:
            st.markdown(
                plural("{n} other browser is signed in.", "{n} other browsers are signed in.", others).format(n=others)
            )
            st.button(_("Sign out everywhere else"), key="end-others", icon=":material/devices_off:", on_click=_end)
    st.subheader(_("Keys"))
    own_keys.draw_keys_form()
    st.subheader(_("Password"))
    if account.has_password:
        draw_password_form(account)
    else:
        st.markdown(_("You sign in with the company's single sign-on. Change your password there."))
    st.subheader(_("Second factor"))
    own_factor.draw_second_factor(house, account)


@guarded_action()
def _end() -> None:
    house, token = identity.appliance(), identity.token()
    changed = end_sessions(house.db, identity.signed_in())
    if token:
        sessions.carry_over(house.db, token, changed)
    leave_notice(Notice("success", _("You are signed in here only."), _("Every other browser has to sign in again.")))
