"""Time zones of browsers, and the moment at which a day begins in one."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError


def zone(name: str | None) -> ZoneInfo:
    """The zone with the IANA name `name`; UTC if it is unknown."""
    try:
        return ZoneInfo(name or "UTC")
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def begin(day: date, zone_name: str | None) -> datetime:
    """The moment at which `day` begins in the zone, in UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=zone(zone_name)).astimezone(UTC)
