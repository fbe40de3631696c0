"""Hours as people write them: `9:00-12:00, 13:00-20:00`."""

from __future__ import annotations

import re
from collections.abc import Iterable

from core.calling_rules.rules import UNCHANGED, Span
from core.errors import InputError
from core.sentences import Sentence

_SPAN = re.compile(
    r"(\d{1,2})(?:[:.h](\d{2}))?\s*h?\s*(?:-|\u2013|\u2014|to|bis)\s*(\d{1,2})(?:[:.h](\d{2}))?\s*h?", re.IGNORECASE
)


def read_hours(text: str) -> tuple[Span, ...]:
    """The spans in `text`; none of an empty text or a dash. Raises InputError for what is no hours."""
    if text.strip() in ("", "-", "\u2013", "\u2014"):
        return ()
    return tuple(_span(part.strip()) for part in re.split(r"[,;]|\band\b|\bund\b", text))


def hours_text(spans: Iterable[Span]) -> str:
    """The spans as `read_hours` reads them: `09:00-12:00, 13:00-20:00`."""
    return ", ".join(f"{clock(begin)}-{clock(end)}" for begin, end in spans)


def clock(minute: int) -> str:
    """A minute of the day on a clock: 540 is `09:00`."""
    return f"{minute // 60:02d}:{minute % 60:02d}"


def _span(text: str) -> Span:
    found = _SPAN.fullmatch(text)
    if found is None or int(found[2] or 0) > 59 or int(found[4] or 0) > 59:
        raise InputError(
            Sentence("'{text}' are no hours such as 09:00-12:00", text=text),
            kept=UNCHANGED,
            next=Sentence("Write hours as 09:00-12:00, 13:00-20:00, and nothing for a day without calls."),
        )
    return int(found[1]) * 60 + int(found[2] or 0), int(found[3]) * 60 + int(found[4] or 0)
