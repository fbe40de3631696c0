"""One rule of what the same key is, for everybody who compares keys: imports, do-not-call, erasure, scoring.

Spreadsheets and programs change a key on its way: they add spaces and invisible characters, take the zeros in front,
write 412 as 412.0, and change its capitals. All of these are the same key. Keys that mix capital and small letters
keep them (a customer system's `0015g00000AbCdE` and `0015g00000aBcDe` are two people); an e-mail address never does.
"""

from __future__ import annotations

import math
import re
import unicodedata

from core.values.visible import visible

_DIGITS = re.compile(r"[0-9]+")
_WHOLE = re.compile(r"([0-9]+)[.,]0+")
_ROUNDED = re.compile(r"[0-9](?:[.,][0-9]+)?[eE]\+?[0-9]+")


def shown_key(raw: object) -> str:
    """A key as people see it: as it is written, without invisible characters and spaces around; "" if there is none."""
    if raw is None or (isinstance(raw, float) and math.isnan(raw)):
        return ""
    if isinstance(raw, float) and raw.is_integer() and abs(raw) < 1e15:
        return str(int(raw))
    return visible(str(raw))


def same_key(raw: object) -> str:
    """The form in which keys are compared: two keys of one person have the same one; "" if there is none."""
    key = visible(unicodedata.normalize("NFKC", shown_key(raw)))
    if match := _WHOLE.fullmatch(key):
        key = match[1]
    if _DIGITS.fullmatch(key):
        return key.lstrip("0") or "0"
    if "@" in key or key == key.upper() or key == key.lower():
        return key.lower()
    return key


def is_rounded(raw: object) -> bool:
    """Whether a spreadsheet has rounded the key, as in 4.47701E+11: other people's keys may have become the same."""
    return bool(_ROUNDED.fullmatch(shown_key(raw)))


def lost_zeros(raw: object) -> bool:
    """Whether the key is of figures and has zeros in front, which spreadsheets take."""
    return bool(re.fullmatch("0+[1-9][0-9]*", shown_key(raw)))
