"""The foot of every page: in which language to go on. And the document says which one it is in.

The choice is kept in a cookie, so it holds for the next visit with the same browser. It is no secret, and what comes
back is only ever looked up among the languages there are.
"""

from __future__ import annotations

import json
from pathlib import Path

import streamlit as st
from babel import Locale

from app.language import CHOSEN, COOKIE, _, formats, languages, locale

SCRIPT = Path(__file__).with_name("page.js")
_A_YEAR = 365 * 24 * 60 * 60  # seconds
_TOLD = "language_told"


def draw_language_switch() -> None:
    """Draw the foot of the page."""
    here = locale()
    st.session_state.setdefault(CHOSEN, here.language)
    with st.container(key="foot", horizontal=True, horizontal_alignment="right"):
        st.segmented_control(
            _("Language"),
            languages(),
            key=CHOSEN,
            format_func=_own_name,
            required=True,
            label_visibility="collapsed",
            on_change=st.session_state.__setitem__,
            args=(_TOLD, True),
        )
        kept = f"{COOKIE}={here.language}; Max-Age={_A_YEAR}; Path=/; SameSite=Lax"
        values = {
            # What a screen reader pronounces it as, and whether a browser offers to translate it.
            "LANGUAGE": str(here).replace("_", "-"),
            "KEPT": kept if st.session_state.get(_TOLD) else "",
            "TABLE": _("Table"),
        }
        given = " ".join(f"const {name} = {json.dumps(value)};" for name, value in values.items())
        script = SCRIPT.read_text(encoding="utf-8")
        st.html(f"<script>{{ {given}\n{script} }}</script>", unsafe_allow_javascript=True)


def _own_name(language: str) -> str:
    return formats.capital(Locale.parse(language).get_language_name(language) or language)
