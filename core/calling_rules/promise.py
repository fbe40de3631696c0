"""Promised times: none that the rules forbid, and none that a clock skips or shows twice unasked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from core.calling_rules.local_times import first_after_gap, moments
from core.calling_rules.person import WEEKDAYS, Person
from core.errors import InputError
from core.sentences import Sentence

NOTHING_RECORDED = Sentence("Nothing was recorded.")


class ForbiddenTime(InputError):
    """The rules forbid a call at the promised time. `allowed`: the next moment at which they allow it, or None."""

    def __init__(self, why: Sentence, allowed: datetime | None, zone: ZoneInfo) -> None:
        super().__init__(why, kept=NOTHING_RECORDED, next=_proposal(allowed, zone))
        self.allowed = allowed


class SkippedTime(InputError):
    """Clocks skip the time on that day. `after`: the next moment that exists."""

    def __init__(self, wall: datetime, after: datetime, zone: ZoneInfo) -> None:
        shown = after.astimezone(zone)
        super().__init__(
            Sentence(
                "On {date} no clock shows {time}: clocks go forward", date=f"{wall:%Y-%m-%d}", time=f"{wall:%H:%M}"
            ),
            kept=NOTHING_RECORDED,
            next=Sentence("The next time is {time}.", time=f"{shown:%H:%M}"),
        )
        self.after = after


@dataclass(frozen=True)
class TwiceShown:
    """A time that clocks show twice: the moments of both, and the zone."""

    first: datetime
    second: datetime
    zone: ZoneInfo


def refuse_forbidden(person: Person, at: datetime) -> None:
    """Raise ForbiddenTime if the rules forbid to call the person at the promised moment `at`."""
    why = person.why_not(at, promised=True)
    if why is not None:
        raise ForbiddenTime(why, person.earliest(at, promised=True), person.zone)


def moment_of(wall: datetime, zone: ZoneInfo) -> datetime | TwiceShown:
    """The moment at which a clock in `zone` shows `wall`, a naive time, or both where it does so twice.

    Raises SkippedTime.
    """
    found = moments(wall, zone)
    if not found:
        raise SkippedTime(wall, first_after_gap(wall, zone), zone)
    return found[0] if len(found) == 1 else TwiceShown(found[0], found[1], zone)


def allowed_offer(person: Person, at: datetime, *, same_time: bool = False) -> datetime | None:
    """The first moment from `at` on that can be promised; with `same_time` on a later day at the same time, if any is.

    None if there is none.
    """
    first = person.earliest(at, promised=True)
    if not same_time or first is None or first == at:
        return first
    local = at.astimezone(person.zone)
    day = first.astimezone(person.zone).date()
    later = moments(datetime.combine(day, local.time().replace(tzinfo=None)), person.zone)
    return next((one for one in later if one >= first and person.why_not(one, promised=True) is None), first)


def _proposal(allowed: datetime | None, zone: ZoneInfo) -> Sentence:
    if allowed is None:
        return Sentence("The rules allow no further call to this person.")
    there = allowed.astimezone(zone)
    return Sentence(
        "The rules allow {weekday}, {when} ({zone}).",
        weekday=WEEKDAYS[there.weekday()],
        when=f"{there:%Y-%m-%d %H:%M}",
        zone=zone.key,
    )
