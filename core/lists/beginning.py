"""When a call list began: at midnight UTC, or each so many hours after it.

A list keeps what it began with, its models, their weights, their levels and the canary's share: a change in the middle
of a list puts two orders into one.
"""

from __future__ import annotations

from datetime import datetime, timedelta


def list_began(at: datetime, hours: float) -> datetime:
    """When the list of the moment `at` (UTC) began. A list lasts for `hours`; with 0 there are none, and it is `at`."""
    if not hours:
        return at
    midnight = at.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + (at - midnight) // timedelta(hours=hours) * timedelta(hours=hours)
