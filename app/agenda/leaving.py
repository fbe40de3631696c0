"""The page Sign out: at once after a click in the menu, unless a person is still on the desk."""

from __future__ import annotations

import streamlit as st

from app.access import identity
from app.accounts import own_password
from app.language import _
from app.shell.appliance import Appliance
from core.calls.held import campaigns_held
from core.clock import now


def sign_out(house: Appliance) -> None:
    """Sign out after a click in the menu; a link from another site, or a person on the desk, shows a button first."""
    agent = identity.current_agent()
    held = any(campaigns_held(one.db, agent, now()) for one in (house, *house.others()))
    if st.session_state.get("page_drawn") and not held:
        own_password.sign_out()
        identity.check()
    st.title(_("Sign out"))
    if held:
        with st.container(key="held"):
            st.warning(
                _("A person is still on your desk. Record the result or give them back, so that colleagues can call."),
                icon=":material/call:",
            )
        st.page_link(st.session_state["home_page"], label=_("Back to the call list"), icon=":material/call:")
    own_password.sign_out_button("sign-out")
