"""Whatever the rules, the places and the calls: no moment is allowed that a rule forbids, and none is passed over."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.calling_rules.holiday_calendar import holiday
from core.calling_rules.person import FURTHEST, OTHER_TIME_DAYS, EarlierCall, Person
from core.calling_rules.presets import COUNTRIES, preset
from core.calling_rules.rules import DAY, PARTS, STEP, CallingRules, Span, part_of_day

ZONES = (
    "Europe/Berlin",
    "Atlantic/Azores",
    "America/New_York",
    "America/St_Johns",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "America/Santiago",  # its clocks turn at midnight
    "Africa/Casablanca",
    "Pacific/Chatham",
)
QUARTER = timedelta(minutes=15)

# Around the nights in which clocks turn, and some others.
moments = st.one_of(
    st.sampled_from(["2026-03-08", "2026-03-29", "2026-04-05", "2026-09-06", "2026-10-25", "2026-11-01"]).flatmap(
        lambda day: st.integers(-48 * 60, 48 * 60).map(
            lambda minutes: datetime.fromisoformat(day).replace(tzinfo=UTC) + timedelta(minutes=minutes)
        )
    ),
    st.integers(0, 500 * 24 * 60).map(lambda minutes: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)),
)


@st.composite
def days(draw: st.DrawFn) -> tuple[Span, ...]:
    quarters = sorted(draw(st.sets(st.integers(0, DAY // STEP), max_size=4)))
    ends = [quarter * STEP for quarter in quarters[: len(quarters) // 2 * 2]]
    return tuple((begin, end) for begin, end in zip(ends[::2], ends[1::2], strict=True))


limits = st.one_of(st.none(), st.integers(1, 4))


@st.composite
def people(draw: st.DrawFn) -> Person:
    country = draw(st.sampled_from(["", "DE", "US", "PT"]))
    rules = CallingRules(
        zone=draw(st.sampled_from(ZONES)),
        country=country,
        region={"DE": "BY", "US": "NY"}.get(country, ""),
        hours=tuple(draw(days()) for _ in range(7)),
        holidays=draw(st.booleans()),
        a_day=draw(limits),
        a_week=draw(limits),
        a_month=draw(limits),
        in_all=draw(st.one_of(st.none(), st.integers(2, 6))),
        pauses=draw(st.dictionaries(st.sampled_from(["no answer", "callback"]), st.integers(0, 3000))),
        other_time=draw(st.booleans()),
    )
    places = tuple(draw(st.lists(st.sampled_from(ZONES), max_size=3, unique=True)))
    calls = sorted(draw(st.lists(moments, max_size=4)))
    results = [draw(st.sampled_from(["no answer", "callback"])) for _ in calls]
    return Person(rules, places, tuple(EarlierCall(at, what) for at, what in zip(calls, results, strict=True)))


def breaks_a_rule(person: Person, at: datetime) -> bool:
    """The rules once more, written down differently: by looking at each of them for each zone."""
    rules, calls = person.rules, person.calls
    if rules.in_all is not None and len(calls) >= rules.in_all:
        return True
    for name in person.places or (rules.zone,):
        local = at.astimezone(ZoneInfo(name))
        minute = local.hour * 60 + local.minute
        if not [1 for begin, end in rules.hours[local.weekday()] if minute in range(begin, end)]:
            return True
        ago = [(local.date() - call.at.astimezone(ZoneInfo(name)).date()).days for call in calls]
        if any(
            most and sum(one < many for one in ago) >= most
            for most, many in (
                (rules.a_day, 1),
                (rules.a_week, 7),
                (rules.a_month, 30),
            )
        ):
            return True
        if rules.holidays:
            country = {
                "Europe/Berlin": "DE",
                "Atlantic/Azores": "PT",
                "America/New_York": "US",
                "America/St_Johns": "CA",
                "Australia/Lord_Howe": "AU",
                "Asia/Kathmandu": "NP",
                "America/Santiago": "CL",
                "Africa/Casablanca": "MA",
                "Pacific/Chatham": "NZ",
            }[name]
            if holiday(country, rules.region if country == rules.country else "", local.date()):
                return True
    return False


def waits(person: Person, at: datetime) -> bool:
    """The same for the pause after the last call, and for another time of day."""
    if not person.calls:
        return False
    rules, last = person.rules, person.calls[-1]
    zone = ZoneInfo((person.places or (rules.zone,))[0])
    then, now = last.at.astimezone(zone), at.astimezone(zone)
    parts = {part_of_day(minute) for day in rules.hours for begin, end in day for minute in range(begin, end, STEP)}
    same = part_of_day(then.hour * 60 + then.minute) == part_of_day(now.hour * 60 + now.minute)
    is_near = (now.date() - then.date()).days < OTHER_TIME_DAYS
    return (at - last.at).total_seconds() < 60 * rules.pauses.get(last.result, 0) or (
        rules.other_time and len(parts) > 1 and same and is_near
    )


@settings(deadline=None)
@given(person=people(), at=moments)
def test_no_moment_is_allowed_outside_the_rules_and_each_refusal_has_a_reason(person: Person, at: datetime) -> None:
    broken = breaks_a_rule(person, at)
    assert (person.why_not(at, promised=True) is not None) == broken
    assert person.may_be_called(at) == (not broken and not waits(person, at))


@settings(deadline=None)
@given(person=people(), after=moments, promised=st.booleans())
def test_the_earliest_moment_is_allowed_and_none_before_it_is(person: Person, after: datetime, promised: bool) -> None:
    found = person.earliest(after, promised=promised)
    end = found or after + timedelta(days=9)
    assert found is None or (found >= after and person.why_not(found, promised=promised) is None)
    if found != after:
        assert person.why_not(after, promised=promised) is not None
    # All quarters of an hour of the first nine days, and the last second before the moment that was found.
    at = after
    while at < min(end, after + timedelta(days=9)):
        assert person.why_not(at, promised=promised) is not None, at
        at += QUARTER - timedelta(seconds=at.timestamp() % QUARTER.total_seconds())
    if found is not None and found > after:
        assert person.why_not(found - timedelta(seconds=1), promised=promised) is not None


def test_nobody_is_looked_for_after_the_last_attempt_or_without_hours() -> None:
    spent = Person(preset("DE"), (), tuple(EarlierCall(datetime(2026, 5, 4, n, tzinfo=UTC), "") for n in range(8)))
    assert spent.earliest(datetime(2026, 6, 1, tzinfo=UTC)) is None
    assert Person(CallingRules("UTC", hours=((),) * 7)).earliest(datetime(2026, 6, 1, tzinfo=UTC)) is None
    assert timedelta(days=366) < FURTHEST


@pytest.mark.parametrize("country", COUNTRIES)
def test_a_preset_is_sound_and_finds_a_moment_on_any_day_of_a_year(country: str) -> None:
    rules = preset(country)
    rules.check()
    assert CallingRules.from_document(rules.document()) == rules
    for day in range(366):
        at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=day)
        found = Person(rules).earliest(at)
        assert found is not None
        assert found - at < timedelta(days=6)


def test_the_parts_of_the_day_that_the_hours_reach() -> None:
    assert CallingRules("UTC").parts == {0, 1, 2}
    assert CallingRules("UTC", hours=(((540, 720),),) * 7).parts == {0}
    assert [part_of_day(begin) for begin in PARTS] == [0, 1, 2]
    assert all(part_of_day(later - 1) == part_of_day(begin) for begin, later in pairwise(PARTS))


def at(text: str, zone: str = "Europe/Berlin") -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


@pytest.mark.parametrize(
    ("when", "why", "then"),
    [
        ("2026-12-06 10:00", "On a Sunday nobody is called", "2026-12-07 08:00"),
        ("2026-12-25 10:00", "2026-12-25 is a holiday there (Erster Weihnachtstag)", "2026-12-28 08:00"),
        ("2026-12-04 20:00", "It is 20:00 there, and on a Friday people are called at 08:00-20:00", "2026-12-05 09:00"),
        ("2026-12-04 19:59", None, "2026-12-04 19:59"),
    ],
)
def test_a_refusal_says_the_rule_and_the_next_moment_keeps_it(when: str, why: str | None, then: str) -> None:
    person = Person(preset("DE"), ("Europe/Berlin",))
    assert person.why_not(at(when)) == why
    assert person.earliest(at(when)) == at(then)


def test_the_attempts_of_a_day_and_the_pause_and_another_time_of_day() -> None:
    called = Person(preset("DE"), (), (EarlierCall(at("2026-12-01 10:00"), "no answer"),))
    assert called.why_not(at("2026-12-01 13:59")) == "After the last call there is a pause until 2026-12-01 14:00"
    assert called.earliest(at("2026-12-01 10:01")) == at("2026-12-01 14:00")
    assert called.why_not(at("2026-12-02 10:00")) == "The last call was at the same time of day"
    assert called.may_be_called(at("2026-12-04 10:00")), "three days later it is no repetition"
    twice = called.after(EarlierCall(at("2026-12-01 15:00"), "no answer"))
    assert twice.why_not(at("2026-12-01 19:30")) == "At most 2 calls are made on a day"
    assert twice.earliest(at("2026-12-01 19:30")) == at("2026-12-02 08:00")


def test_a_number_of_several_zones_is_called_when_all_are_within_the_hours() -> None:
    person = Person(preset("US"), ("America/New_York", "Pacific/Honolulu"))
    east = "America/New_York"
    assert not person.may_be_called(at("2026-12-01 09:00", east)), "in Honolulu it is 04:00"
    assert person.earliest(at("2026-12-01 09:00", east)) == at("2026-12-01 13:00", east)
    assert not person.may_be_called(at("2026-12-01 21:00", east))


def test_the_holidays_are_those_of_the_country_where_the_person_is() -> None:
    rules, day = preset("DE"), "2026-10-26 10:00"  # a holiday in Austria alone
    assert Person(rules, ("Europe/Berlin",)).may_be_called(at(day))
    assert not Person(rules, ("Europe/Vienna",)).may_be_called(at(day))
    in_bavaria = CallingRules(**{**rules.__dict__, "region": "BY"})
    assert Person(rules).may_be_called(at("2026-01-06 10:00"))
    assert not Person(in_bavaria).may_be_called(at("2026-01-06 10:00"))
    assert Person(in_bavaria, ("Europe/Paris",)).may_be_called(at("2026-01-06 10:00")), "Bavaria's day is not theirs"
