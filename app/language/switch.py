"""The language switch at the foot of every page. It also sets the language of the HTML document.

A cookie stores the choice for the next visit with the same browser. The cookie is no secret, and its value is only
compared with the available languages.
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
        cookie = f"{COOKIE}={here.language}; Max-Age={_A_YEAR}; Path=/; SameSite=Lax"
        values = {
            # Screen readers pronounce the page in this language; browsers offer a translation from it.
            "LANGUAGE": str(here).replace("_", "-"),
            "KEPT": cookie if st.session_state.get(_TOLD) else "",
            "TABLE": _("Table"),
        }
        constants = " ".join(f"const {name} = {json.dumps(value)};" for name, value in values.items())
        script = SCRIPT.read_text(encoding="utf-8")
        st.html(f"<script>{{ {constants}\n{script} }}</script>", unsafe_allow_javascript=True)


def _own_name(language: str) -> str:
    return formats.capital(Locale.parse(language).get_language_name(language) or language)
