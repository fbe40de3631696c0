"""Nothing that somebody typed is run by a spreadsheet, and everything comes back as it was."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.files.spreadsheet_cells import escape, unescape


@pytest.mark.parametrize(
    "text",
    [
        "=1+1", "+1+1", "-1+1", "@SUM(A1)", '=HYPERLINK("http://x","y")', "\t=1", "\r=1", "  =1", "=", "-", "+49 170 1",
        "\uff1d1+1", "-2+3+cmd|' /C calc'!A0", "\n=1",
    ],
)  # fmt: skip
def test_a_formula_becomes_text(text: str) -> None:
    assert escape(text) == f"'{text}"


@pytest.mark.parametrize("text", ["-36.4", "+5", "-1,5", "1.234,5", "-1e-05", "Ann", "'tis", "", "a=b", "12-13"])
def test_numbers_and_words_stay(text: str) -> None:
    assert escape(text) == text


@given(st.text())
def test_it_can_be_taken_back(text: str) -> None:
    if not text.startswith("'"):
        assert unescape(escape(text)) == text
    assert escape(text) in (text, f"'{text}")
    assert not escape(text).startswith(("=", "@"))
