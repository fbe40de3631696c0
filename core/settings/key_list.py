"""A setting that holds several keys, separated by commas: the first makes, and all recognise.

So a key is replaced while what the former one made is still there: `scripts/init --rotate` puts the new one in front.
"""

from __future__ import annotations

SEPARATOR = ","


def key_list(text: str) -> list[str]:
    """The keys in `text`, at least one; the first is the one to use."""
    return [key.strip() for key in text.split(SEPARATOR) if key.strip()] or [text]
