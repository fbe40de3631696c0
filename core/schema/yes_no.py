"""Yes and no in the spellings that programs and people write."""

from __future__ import annotations

YES, NO = "yes", "no"

_SPELLINGS = {
    YES: (
        "yes",
        "y",
        "true",
        "t",
        "1",
        "1.0",
        "on",
        "x",
        "ja",
        "j",
        "wahr",
        "oui",
        "o",
        "vrai",
        "si",
        "sí",
        "s",
        "sim",
    ),
    NO: ("no", "n", "false", "f", "0", "0.0", "off", "nein", "falsch", "non", "faux", "nao", "não", "nie"),
}
_MEANING = {spelling: meaning for meaning, spellings in _SPELLINGS.items() for spelling in spellings}


def yes_or_no(text: str) -> str | None:
    """`YES` or `NO`, whatever the spelling and the capitals; None for any other text."""
    return _MEANING.get(text.strip().casefold())
