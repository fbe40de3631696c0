"""Whether a person may be called at a moment, and from which moment on: pure functions of rules, places and calls."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from core.calling_rules.holiday_calendar import holiday
from core.calling_rules.local_times import begins, moments, turn_between
from core.calling_rules.rules import PARTS, CallingRules, part_of_day
from core.calling_rules.written_hours import hours_text
from core.sentences import Sentence
from core.values import time_zones

FURTHEST = timedelta(days=400)
"""How far ahead `earliest` looks: longer than any pause, and than a year of holidays."""

OTHER_TIME_DAYS = 3
"""After so many days a call in the same part of the day is no repetition any more."""

WEEKDAYS = (
    Sentence("Monday"),
    Sentence("Tuesday"),
    Sentence("Wednesday"),
    Sentence("Thursday"),
    Sentence("Friday"),
    Sentence("Saturday"),
    Sentence("Sunday"),
)


@dataclass(frozen=True)
class EarlierCall:
    """A call that was made: its time, and its result in the words of the store."""

    at: datetime
    result: str


@dataclass(frozen=True)
class Person:
    """The `rules` as they hold for one person, who may be in any of the zones `places`, after `calls`, oldest first.

    A call is allowed when it is in all of these zones. No places: the zone of the rules.
    """

    rules: CallingRules
    places: tuple[str, ...] = ()
    calls: tuple[EarlierCall, ...] = ()

    @cached_property
    def zones(self) -> tuple[ZoneInfo, ...]:
        """The zones that the person may be in."""
        return tuple(ZoneInfo(zone) for zone in self.places or (self.rules.zone,))

    def after(self, call: EarlierCall) -> Person:
        """The person after another call."""
        return replace(self, calls=(*self.calls, call))

    @property
    def zone(self) -> ZoneInfo:
        """The zone in which people are shown the person's time: the first of them."""
        return self.zones[0]

    def may_be_called(self, at: datetime) -> bool:
        """Whether the rules allow a call at `at`."""
        return self.why_not(at) is None

    def why_not(self, at: datetime, *, promised: bool = False) -> Sentence | None:
        """Why the rules forbid a call at `at`, or None. A call that was `promised` neither waits nor changes its time.

        The limits of attempts hold for it, too.
        """
        return self._closed(at) or self._too_often(at) or (None if promised else self._too_soon(at))

    def earliest(self, after: datetime, *, promised: bool = False) -> datetime | None:
        """The first moment from `after` on at which the rules allow a call; None if there is none within `FURTHEST`."""
        if self._spent or not any(self.rules.hours):
            return None
        return next((at for at in self._turns(after) if self.why_not(at, promised=promised) is None), None)

    @property
    def _spent(self) -> bool:
        return self.rules.in_all is not None and len(self.calls) >= self.rules.in_all

    def _closed(self, at: datetime) -> Sentence | None:
        for zone in self.zones:
            local = at.astimezone(zone)
            if name := self._holiday(zone, local.date()):
                return Sentence("{date} is a holiday there ({name})", date=local.date().isoformat(), name=name)
            spans, minute = self.rules.hours[local.weekday()], _minute(local)
            if any(begin <= minute < end for begin, end in spans):
                continue
            day, there = WEEKDAYS[local.weekday()], f"{local:%H:%M}"
            if not spans:
                return Sentence("On a {weekday} nobody is called", weekday=day)
            return Sentence(
                "It is {time} there, and on a {weekday} people are called at {hours}",
                time=there,
                weekday=day,
                hours=hours_text(spans),
            )
        return None

    def _holiday(self, zone: ZoneInfo, day: date) -> str:
        if not self.rules.holidays:
            return ""
        country = time_zones.country_of(zone.key) or self.rules.country
        return holiday(country, self.rules.region if country == self.rules.country else "", day)

    def _too_often(self, at: datetime) -> Sentence | None:
        if self._spent:
            return Sentence("At most {most} calls are made to a person", most=self.rules.in_all)
        for days, most, rule in (
            (1, self.rules.a_day, Sentence("At most {most} calls are made on a day", most=self.rules.a_day)),
            (7, self.rules.a_week, Sentence("At most {most} calls are made in seven days", most=self.rules.a_week)),
            (30, self.rules.a_month, Sentence("At most {most} calls are made in 30 days", most=self.rules.a_month)),
        ):
            if (
                most is not None
                and len(self.calls) >= most
                and any(self._made(at, zone, days) >= most for zone in self.zones)
            ):
                return rule
        return None

    def _made(self, at: datetime, zone: ZoneInfo, days: int) -> int:
        """The calls on the day of `at` and the days before it, `days` in all."""
        first = at.astimezone(zone).date() - timedelta(days=days - 1)
        return sum(call.at.astimezone(zone).date() >= first for call in self.calls)

    def _too_soon(self, at: datetime) -> Sentence | None:
        if not self.calls:
            return None
        last = self.calls[-1]
        if at < (until := last.at + self._pause(last)):
            there = until.astimezone(self.zone)
            return Sentence("After the last call there is a pause until {when}", when=f"{there:%Y-%m-%d %H:%M}")
        if self.rules.other_time and len(self.rules.parts) > 1:
            then, now = last.at.astimezone(self.zone), at.astimezone(self.zone)
            is_near = now.date() - then.date() < timedelta(days=OTHER_TIME_DAYS)
            if is_near and part_of_day(_minute(then)) == part_of_day(_minute(now)):
                return Sentence("The last call was at the same time of day")
        return None

    def _pause(self, call: EarlierCall) -> timedelta:
        return timedelta(minutes=self.rules.pauses.get(call.result, 0))

    def _turns(self, after: datetime) -> Iterator[datetime]:
        """`after` and every later moment at which the answer of `why_not` can become None, in order, to `FURTHEST`."""
        yield after
        waited = [until for call in self.calls[-1:] if (until := call.at + self._pause(call)) > after]
        for at in heapq.merge(sorted(waited), *(self._turns_in(zone, after) for zone in self.zones)):
            if at > after + FURTHEST:
                return
            yield at

    def _turns_in(self, zone: ZoneInfo, after: datetime) -> Iterator[datetime]:
        """The moments in one zone: midnights, beginnings of hours and of parts of the day, and turned clocks."""
        day = after.astimezone(zone).date()
        while True:
            minutes = {*PARTS, *(begin for begin, _ in self.rules.hours[day.weekday()])}
            walls = [datetime.combine(day, time(minute // 60, minute % 60)) for minute in minutes]
            start, end = begins(day, zone), begins(day + timedelta(days=1), zone)
            turned = turn_between(start, end, zone)
            found = {start, *(at for wall in walls for at in moments(wall, zone)), *([turned] if turned else ())}
            yield from (at for at in sorted(found) if at > after)
            day += timedelta(days=1)


def _minute(local: datetime) -> int:
    return local.hour * 60 + local.minute
