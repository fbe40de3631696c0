"""The time of a call made earlier, from a cell of the file.

A cell has a date with or without a time: as ISO 8601 (`2026-07-11`, `2026-07-11 14:30`, with or without seconds and an
offset) or as `11.07.2026 14:30`. A time without an offset is UTC. `07/11/2026` is refused: which part is the day is not
known.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from core.sentences import Sentence

RULE = "must be a date, or a date and a time, that is not in the future"
_DOTTED = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})(?:,?\s+(\d{1,2}:\d{2}(?::\d{2})?))?")
_AHEAD = timedelta(days=1)
"""Today is a day ahead of UTC somewhere."""


def call_time(raw: Any, at: datetime) -> datetime | None:
    """The time in the cell `raw`, read at the moment `at`; None for an empty cell.

    Raises ValueError whose argument is the broken rule, a Sentence.
    """
    text = "" if raw is None or raw != raw else str(raw).strip()  # noqa: PLR0124  nan is an empty cell
    if not text or text == "NaT":
        return None
    found = _read(raw, text)
    if found is None:
        raise ValueError(Sentence("{value} is not a date, or a date and a time", value=repr(text)))
    if found > at + _AHEAD:
        raise ValueError(Sentence("{value} is in the future", value=repr(text)))
    return found


def start_of(day: date) -> datetime:
    """The beginning of `day`."""
    return datetime.combine(day, time(), UTC)


def _read(raw: Any, text: str) -> datetime | None:
    if isinstance(raw, datetime):
        return _aware(raw)
    if isinstance(raw, date):
        return start_of(raw)
    if dotted := _DOTTED.fullmatch(text):
        day, month, year, hour = dotted.groups()
        text = f"{year}-{int(month):02d}-{int(day):02d}" + (f" {hour:0>5}" if hour else "")
    try:
        return _aware(datetime.fromisoformat(text))
    except ValueError:
        return None


def _aware(at: datetime) -> datetime:
    known = at if at.tzinfo else at.replace(tzinfo=UTC)
    return known.astimezone(UTC)
