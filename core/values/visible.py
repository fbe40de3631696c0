"""Text as a person sees it: without characters that have no shape, and with one kind of space."""

from __future__ import annotations

import re

# Soft hyphen, zero width characters, marks of direction, word joiner, byte order mark, Mongolian vowel separator.
_UNSEEN = re.compile("[\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff]")
_SPACES = re.compile(r"\s+")


def visible(text: str) -> str:
    """`text` without invisible characters and without spaces around; every run of spaces is one plain space."""
    if text.isascii() and "  " not in text and "\t" not in text and "\n" not in text and "\r" not in text:
        return text.strip()
    return _SPACES.sub(" ", _UNSEEN.sub("", text)).strip()


def is_blank(text: str) -> bool:
    """Whether a person sees nothing in `text`."""
    return not text.isalnum() and (not text or text.isspace() or not visible(text))
