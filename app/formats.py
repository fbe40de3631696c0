"""How numbers, times and values are written for people, the same on every page."""

from __future__ import annotations

import math
import re
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from core.schema import Column, Value

NOT_YET = "not yet"  # where there is no number to show so far
_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>()#+\-.!|:~$])")


def percent(share: float) -> str:
    """A share of 1 as a percentage with one decimal: 0.3421 is `34.2%`."""
    return f"{share:.1%}"


def exact(score: float) -> str:
    """A score with four decimals, as it is compared with the prediction log: `0.3421`."""
    return f"{score:.4f}"


def count(number: int) -> str:
    """A count with thousands apart: `41,188`."""
    return f"{number:,}"


def plural(number: int, one: str, many: str | None = None) -> str:
    """A count and its noun: `1 row`, `2 rows`."""
    return f"{count(number)} {one if number == 1 else many or one + 's'}"


def left(remaining: timedelta) -> str:
    """Time that is left, in whole minutes until the last one and then in seconds: `14 min`, `45 s`."""
    seconds = max(0, math.ceil(remaining.total_seconds()))
    return f"{seconds // 60} min" if seconds >= 60 else f"{seconds} s"


def moment(at: datetime, zone: str | None, *, day: bool = True) -> str:
    """An aware time on the clock of `zone` (an IANA name; UTC is named where it is unknown): `23 Nov 2026, 16:20`."""
    try:
        local, suffix = at.astimezone(ZoneInfo(zone or "")), ""
    except (ZoneInfoNotFoundError, ValueError):
        local, suffix = at.astimezone(ZoneInfo("UTC")), " UTC"
    return f"{local:%-d %b %Y, %H:%M}{suffix}" if day else f"{local:%H:%M}{suffix}"


def date_of(day: date, *, weekday: bool = False) -> str:
    """A day: `23 Nov 2026`, with its weekday `Mon, 23 Nov 2026`."""
    return f"{day:%a, %-d %b %Y}" if weekday else f"{day:%-d %b %Y}"


def label(column: Column) -> str:
    """What a column is called."""
    return column.label


def group(column: Column, name: str) -> str:
    """One of a column's `groups`, in words."""
    return value(column, name) if column.is_category else name[:1].upper() + name[1:]


def value(column: Column, raw: Value | None) -> str:
    """A column's value in words: codes by their meaning, categories without their file's spelling, units behind."""
    if raw is None:
        return "not known"
    if isinstance(raw, str):
        return _words(raw)
    if raw in column.special:
        return column.special[int(raw)].capitalize()
    number = f"{raw:,}" if isinstance(raw, int) else f"{raw:,.4f}".rstrip("0").rstrip(".")
    if not column.unit:
        return number
    if column.unit == "%":
        return f"{number}%"
    unit = column.unit.removesuffix("s") if raw == 1 and column.unit in ("years", "days", "seconds") else column.unit
    return f"{number} {unit}"


def plain(text: str) -> str:
    """`text` escaped, so that a name somebody typed is shown as typed and never as Markdown."""
    return _MARKDOWN.sub(r"\\\1", text)


def _words(category: str) -> str:
    text = re.sub(r"(?<=[A-Za-z0-9])[._](?=[A-Za-z0-9])", " ", category).strip(". ")
    return text[:1].upper() + text[1:] if text else category
