"""The rules of a campaign: at what hours its people may be called, and how often.

The campaign's document has them as `rules`, made of texts and whole numbers (`document`):

    {number, by, country, region, zone, holidays, hours: [[[540, 720], [780, 1200]], …], a_day, a_week, a_month, in_all,
     pauses: {no answer: 240}, other_time}

A campaign without `rules` has none: everybody may be called at any hour, as often as the results allow.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from datetime import timedelta
from itertools import pairwise
from typing import Any, Self

from core.calling_rules.holiday_calendar import countries
from core.errors import InputError
from core.sentences import Sentence
from core.values import time_zones

DAYS, DAY, STEP = 7, 24 * 60, 15
"""Days of a week, minutes of a day, and minutes that the ends of hours lie apart."""

MOST = 1_000  # attempts
LONGEST_PAUSE = timedelta(days=90)
PARTS = (0, 12 * 60, 17 * 60)
"""The minutes at which the parts of a day begin: morning, afternoon and evening."""

Span = tuple[int, int]
"""Minutes after midnight, from the first to before the second."""

Week = tuple[tuple[Span, ...], ...]
"""The spans of each day, Monday first."""

ALWAYS: Week = (((0, DAY),),) * DAYS
UNCHANGED = Sentence("The calling rules are unchanged.")


@dataclass(frozen=True)
class CallingRules:
    """`zone`: where people are of whom nothing else is known. `hours` are those of the person's clock.

    `holidays`: nobody is called on the public holidays of their country; `country` and its `region` are those of the
    campaign, and `region` counts for people in that country. `a_day`, `a_week` (seven days in a row), `a_month` (30
    days) and `in_all`: the most calls to a person, None for no limit. `pauses`: minutes from a call with that result to
    the next one. `other_time`: within days of a call (`core.calling_rules.person`) the next one is in another part of
    the day.
    """

    zone: str
    country: str = ""
    region: str = ""
    hours: Week = ALWAYS
    holidays: bool = False
    a_day: int | None = None
    a_week: int | None = None
    a_month: int | None = None
    in_all: int | None = None
    pauses: Mapping[str, int] = field(default_factory=dict)
    other_time: bool = False

    @classmethod
    def from_document(cls, stored: Mapping[str, Any]) -> Self:
        """The rules that `document` made `stored` of."""
        known = {one.name: stored[one.name] for one in fields(cls) if one.name in stored}
        known["hours"] = tuple(tuple((int(begin), int(end)) for begin, end in day) for day in stored["hours"])
        return cls(**known)

    def document(self) -> dict[str, Any]:
        """The rules as the campaign's document has them."""
        return {**asdict(self), "hours": [[list(span) for span in day] for day in self.hours]}

    def check(self) -> None:
        """Raise InputError for the first rule that contradicts itself."""
        if not time_zones.is_zone(self.zone):
            raise _wrong(Sentence("'{zone}' is no time zone such as Europe/Berlin", zone=self.zone))
        if self.country and self.country not in countries():
            raise _wrong(Sentence("The holidays of '{country}' are not known", country=self.country))
        if self.region and self.region not in countries().get(self.country, ()):
            raise _wrong(
                Sentence("'{region}' is no region of {country}", region=self.region, country=self.country or "-")
            )
        check_hours(self.hours)
        for most in (self.a_day, self.a_week, self.a_month, self.in_all):
            if most is not None and not 1 <= most <= MOST:
                raise _wrong(Sentence("A limit of calls is a whole number from 1 to {most}", most=MOST))
        for minutes in self.pauses.values():
            if not 0 <= minutes <= LONGEST_PAUSE // timedelta(minutes=1):
                raise _wrong(Sentence("A pause lasts from 0 minutes to {days} days", days=LONGEST_PAUSE.days))

    @property
    def parts(self) -> frozenset[int]:
        """The parts of the day, by their place in `PARTS`, in which the hours of a week lie."""
        return frozenset(
            place
            for place, (begin, end) in enumerate(pairwise((*PARTS, DAY)))
            if any(first < end and last > begin for day in self.hours for first, last in day)
        )


def check_hours(hours: Sequence[Sequence[Span]]) -> None:
    """Raise InputError unless `hours` has seven days whose spans come one after the other, in steps of `STEP`."""
    if len(hours) != DAYS:
        raise _wrong(Sentence("Calling hours are given for seven days"))
    if not any(hours):
        raise _wrong(Sentence("On at least one day of the week somebody can be called"))
    for day in hours:
        if any(not 0 <= begin < end <= DAY for begin, end in day):
            raise _wrong(Sentence("Hours begin before they end, between 00:00 and 24:00"))
        if any(minute % STEP for span in day for minute in span):
            raise _wrong(Sentence("Hours begin and end at whole quarters of an hour"))
        if any(end > begin for (_, end), (begin, _) in pairwise(day)):
            raise _wrong(Sentence("The hours of a day come one after the other, and do not overlap"))


def part_of_day(minute: int) -> int:
    """The place in `PARTS` of a minute after midnight."""
    return sum(minute >= begin for begin in PARTS) - 1


def _wrong(rule: Sentence) -> InputError:
    return InputError(rule, kept=UNCHANGED, next=Sentence("Change it, and save again."))
