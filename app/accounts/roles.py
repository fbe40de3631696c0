"""The names of the roles, and the page for people who may not open another."""

from __future__ import annotations

from typing import Any

import streamlit as st

from app.language import _
from core.accounts.account import Role


def label(role: Role) -> str:
    """The name of `role`."""
    return {Role.AGENT: _("Agent"), Role.MANAGER: _("Manager"), Role.ENGINEER: _("Engineer")}[role]


def refuse(title: str, role: Role, home: Any) -> None:
    """Draw the refusal of a page for `role`, with a link to `home`, which everybody may open."""
    st.title(title)
    with st.container(key="refused"):
        st.warning(
            {
                Role.AGENT: _("This page is for agents."),
                Role.MANAGER: _("This page is for managers and engineers."),
                Role.ENGINEER: _("This page is for engineers."),
            }[role]
            + " "
            + _("If you need it, ask an engineer to change your account."),
            icon=":material/lock:",
        )
    st.page_link(home, label=_("To the call list"), icon=":material/call:")
