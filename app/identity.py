"""Who is at this screen. The one place to change when people sign in with an account."""

from __future__ import annotations

import streamlit as st

_KEY = "agent"


def current_agent() -> str | None:
    """The name of the person at this screen, or None while they have not said it."""
    name = " ".join(str(st.session_state.get(_KEY) or st.query_params.get(_KEY, "")).split())
    return name or None


def ask() -> None:
    """The field that asks for it. The name stays in the address, so a bookmark or a reload keeps it."""
    st.text_input(
        "Your name",
        key=_KEY,
        bind="query-params",
        max_chars=40,
        placeholder="as your colleagues know you",
        autocomplete="name",
        icon=":material/person:",
    )
