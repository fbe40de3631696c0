"""Cursors of pages: where the next page begins, as a text that programs hand back unchanged."""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any

from core.errors import InputError
from core.sentences import Sentence

LONGEST = 2_000


def encode(*place: Any) -> str:
    """The cursor of `place`, which JSON can express."""
    return base64.urlsafe_b64encode(json.dumps(place, separators=(",", ":")).encode()).decode().rstrip("=")


def decode(cursor: str, *types: type | tuple[type, ...]) -> list[Any]:
    """The place of `cursor`, whose parts have these `types`. Raises InputError if `encode` did not make it."""
    try:
        place = json.loads(base64.urlsafe_b64decode(cursor[:LONGEST] + "=" * (-len(cursor) % 4)))
    except (ValueError, binascii.Error, RecursionError):
        place = None
    fits = isinstance(place, list) and len(place) == len(types)
    if not fits or not all(_is(part, kind) for part, kind in zip(place, types, strict=True)):
        raise InputError(
            Sentence("It is no cursor of this list"),
            column="cursor",
            next=Sentence("Begin without a cursor, and hand back the one that the page names as the next."),
        )
    return list(place)


def _is(part: Any, kind: type | tuple[type, ...]) -> bool:
    return isinstance(part, kind) and not isinstance(part, bool)
