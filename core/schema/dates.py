"""Dates as Callwise keeps them: ISO 8601 text, a day (`2026-07-11`) or a moment with its offset."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

SECONDS_A_DAY = 86_400


def iso(raw: Any, zone: str = "") -> str:
    """`raw` (ISO text, a date or a datetime) as kept; a moment without an offset is one of `zone` (UTC if empty).

    A datetime at midnight without an offset is a day: workbooks and Parquet files know no other days. Raises ValueError
    for what is neither.
    """
    if isinstance(raw, datetime):
        if raw.tzinfo is None and raw.time() == time():
            return raw.date().isoformat()
        return _aware(raw, zone).isoformat()
    if isinstance(raw, date):
        return raw.isoformat()
    text = str(raw).strip()
    if len(text) == len("2026-07-11"):
        return date.fromisoformat(text).isoformat()
    return _aware(datetime.fromisoformat(text), zone).isoformat()


def days_before(kept: str, at: datetime) -> float:
    """Days from the day or moment `kept` to `at`, whole; below 0 where it comes after `at`."""
    if len(kept) == len("2026-07-11"):
        return float((at.date() - date.fromisoformat(kept)).days)
    return float((at - datetime.fromisoformat(kept)).total_seconds() // SECONDS_A_DAY)


def _aware(moment: datetime, zone: str) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(zone) if zone else UTC)
