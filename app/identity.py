"""Who is at this screen. The one place to change when people sign in with an account."""

from __future__ import annotations

import streamlit as st

_KEY = "agent"
LONGEST = 40  # characters of a name


def current_agent() -> str | None:
    """The name of the person at this screen, or None while they have not said it."""
    return named(_KEY) or _tidy(st.query_params.get(_KEY))


def named(field: str) -> str | None:
    """The name in another field of the page, or None while it is empty."""
    return _tidy(st.session_state.get(field))


def ask() -> None:
    """The field that asks for it. The name stays in the address, so a bookmark or a reload keeps it."""
    st.text_input(
        "Your name",
        key=_KEY,
        bind="query-params",
        max_chars=LONGEST,
        placeholder="as your colleagues know you",
        autocomplete="name",
        icon=":material/person:",
    )


def _tidy(name: object) -> str | None:
    return " ".join(str(name or "").split()) or None
