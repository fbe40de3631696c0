"""The box into which a manager drops a campaign file."""

from __future__ import annotations

from typing import Any

import streamlit as st

from app.language import _
from core.imports import run_import

_TURNS = "uploads"


def ask_for_file(label: str, place: str) -> Any:
    """Draw the box called `label`, and return the chosen file, or None. `place` tells one form's box from another's."""
    return st.file_uploader(
        label,
        type=list(run_import.KINDS),
        key=f"{place}_{_turns().get(place, 0)}",
        help=_("CSV, an Excel or LibreOffice workbook, Parquet, or a zip of one."),
    )


def empty(place: str) -> None:
    """Make the box of `place` empty when the page is drawn next."""
    _turns()[place] = _turns().get(place, 0) + 1


def _turns() -> dict[str, int]:
    """How often each box was made empty: Streamlit keeps a file until the box has another key."""
    turns: dict[str, int] = st.session_state.setdefault(_TURNS, {})
    return turns
