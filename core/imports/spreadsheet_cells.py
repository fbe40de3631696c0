"""Cells that a spreadsheet shows and does not run.

A cell that begins like a formula is one to Excel, LibreOffice and Google Sheets, whoever wrote it (OWASP, "CSV
Injection"). An apostrophe before it makes it text. Numbers are left alone: a balance of -36.4 is none.
"""

from __future__ import annotations

import re

_NUMBER = re.compile(r"\s*[+-]?[0-9][0-9.,]*(?:[eE][+-]?[0-9]+)?\s*")
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
_WIDE = ("\uff1d", "\uff0b", "\uff0d", "\uff20")  # the same in full width, which some take for them


def safe(text: str) -> str:
    """`text` as it may stand in a cell."""
    return f"'{text}" if _runs(text) else text


def original(text: str) -> str:
    """What `safe` made `text` of."""
    return text[1:] if text.startswith("'") and _runs(text[1:]) else text


def _runs(text: str) -> bool:
    # Programs that trim a cell first see what stands behind the spaces.
    return text.lstrip(" ").startswith((*_FORMULA, *_WIDE)) and not _NUMBER.fullmatch(text)
