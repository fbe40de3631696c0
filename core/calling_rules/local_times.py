"""Times on a clock of a place, whose hands are turned forward in spring and back in autumn.

02:30 of a night in spring does not exist, and 02:30 of a night in autumn comes twice.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

_SECOND = timedelta(seconds=1)


def moments(wall: datetime, zone: ZoneInfo) -> tuple[datetime, ...]:
    """The moments, in UTC, at which a clock in `zone` shows `wall`, a naive time: none, one or two, the earlier first.

    The rule is that of PEP 495: `fold` picks the first or the second of two, and a time that a clock skips does not
    come back unchanged from UTC.
    """
    both = [wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)]
    shown = [moment for moment in both if moment.astimezone(zone).replace(tzinfo=None, fold=0) == wall]
    return tuple(sorted(set(shown)))


def first_after_gap(wall: datetime, zone: ZoneInfo) -> datetime:
    """The moment at which the clock in `zone` was turned over `wall`, a time that it skips: the next time that exists.

    Raises ValueError for a time that exists.
    """
    earlier, later = sorted(wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    if moments(wall, zone) or (turned := turn_between(earlier, later, zone)) is None:
        raise ValueError(f"{wall} exists in {zone.key}")
    return turned


def turn_between(begin: datetime, end: datetime, zone: ZoneInfo) -> datetime | None:
    """The moment from `begin` to `end` from which on the clock in `zone` differs from the one at `begin`, or None.

    `begin` and `end` lie less than some weeks apart, so there is one such moment at most.
    """
    before = begin.astimezone(zone).utcoffset()
    if end.astimezone(zone).utcoffset() == before:
        return None
    low, high = begin, end
    while high - low > _SECOND:
        middle = low + timedelta(seconds=(high - low) // _SECOND // 2)
        if middle.astimezone(zone).utcoffset() == before:
            low = middle
        else:
            high = middle
    return high


def begins(day: date, zone: ZoneInfo) -> datetime:
    """The moment, in UTC, at which `day` begins in `zone`; some places skip midnight once a year."""
    midnight = datetime.combine(day, time())
    found = moments(midnight, zone)
    return found[0] if found else first_after_gap(midnight, zone)
