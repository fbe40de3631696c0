"""The newest predictions of a person on a list, by key, kept with the person.

A record of the log may hold many people, and the embedded server finds a person in it only by reading all records. So
the list's own scores, each with its time, stand in the person's document too, the newest `KEPT` of them. The time is
that of the write, so it is the time from which an agent saw the score.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

KEPT_PREDICTIONS = "scored"
"""The field of a prospect: pairs of a time (milliseconds since 1970) and a key of the log, the newest last."""
KEPT = 8
"""A list is ranked once a day, and an outcome in a file is seldom more than a week late."""

UNKNOWN = 0
"""The time of a prediction of which nobody knows when it was written: an earlier release ranked the person."""

Kept = Sequence[tuple[int, str]]


def with_newest(prospect: Mapping[str, Any], key: str, at: datetime) -> list[list[int | str]]:
    """What `prospect` keeps after the prediction `key`, which was written at `at`."""
    kept = list(prospect.get(KEPT_PREDICTIONS) or [])
    if kept and kept[-1][1] == key:
        return kept
    return [*kept, [_milliseconds(at), key]][-KEPT:]


def kept_of(prospect: Mapping[str, Any]) -> Kept:
    """What `prospect` keeps: nothing before the first ranking."""
    kept: Kept = prospect.get(KEPT_PREDICTIONS) or []
    return kept


def kept_before(kept: Kept | None, at: datetime) -> list[str] | None:
    """The keys of a person's predictions up to the moment `at`, the oldest first; None where they are not all known.

    Where some are known, earlier ones may be missing.
    """
    if kept is None:
        return None
    until = _milliseconds(at)
    known = [(time, key) for time, key in kept if time <= until]
    if known:
        return None if known[-1][0] == UNKNOWN else [key for _, key in known]
    return [] if len(kept) < KEPT else None


def _milliseconds(at: datetime) -> int:
    return int(at.timestamp() * 1000)
