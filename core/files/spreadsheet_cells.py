"""Cells that a spreadsheet shows and does not run.

Excel, LibreOffice and Google Sheets run every cell that begins like a formula (OWASP, "CSV Injection"). An apostrophe
in front makes it text. Numbers such as a balance of -36.4 are no formulas and stay as they are.
"""

from __future__ import annotations

import re

_NUMBER = re.compile(r"\s*[+-]?[0-9][0-9.,]*(?:[eE][+-]?[0-9]+)?\s*")
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
_WIDE = ("\uff1d", "\uff0b", "\uff0d", "\uff20")  # = + - @ in full width, which some programs treat alike


def escape(text: str) -> str:
    """`text` with an apostrophe in front if a spreadsheet would run it."""
    return f"'{text}" if _runs(text) else text


def unescape(text: str) -> str:
    """The text that `escape` turned into `text`."""
    return text[1:] if text.startswith("'") and _runs(text[1:]) else text


def _runs(text: str) -> bool:
    # Some programs trim a cell first.
    return text.lstrip(" ").startswith((*_FORMULA, *_WIDE)) and not _NUMBER.fullmatch(text)
