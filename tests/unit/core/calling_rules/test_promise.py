"""A promised time exists, exists once or is asked about, and is one that the rules allow."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from core.calling_rules.local_times import begins, first_after_gap, moments, turn_between
from core.calling_rules.person import EarlierCall, Person
from core.calling_rules.presets import preset
from core.calling_rules.promise import (
    ForbiddenTime,
    SkippedTime,
    TwiceShown,
    allowed_offer,
    moment_of,
    refuse_forbidden,
)

BERLIN = ZoneInfo("Europe/Berlin")


def wall(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_half_past_two_of_a_night_in_autumn_is_asked_about() -> None:
    found = moment_of(wall("2026-10-25 02:30"), BERLIN)
    assert found == TwiceShown(
        datetime(2026, 10, 25, 0, 30, tzinfo=UTC), datetime(2026, 10, 25, 1, 30, tzinfo=UTC), BERLIN
    )


def test_half_past_two_of_a_night_in_spring_is_refused_with_the_next_time() -> None:
    with pytest.raises(SkippedTime, match="On 2026-03-29 no clock shows 02:30") as refused:
        moment_of(wall("2026-03-29 02:30"), BERLIN)
    assert refused.value.after == datetime(2026, 3, 29, 1, tzinfo=UTC)
    assert refused.value.next == "The next time is 03:00."


def test_any_other_time_is_one_moment() -> None:
    assert moment_of(wall("2026-10-25 03:00"), BERLIN) == datetime(2026, 10, 25, 2, tzinfo=UTC)
    assert moments(wall("2026-06-01 12:00"), BERLIN) == (datetime(2026, 6, 1, 10, tzinfo=UTC),)
    with pytest.raises(ValueError, match="exists"):
        first_after_gap(wall("2026-06-01 12:00"), BERLIN)
    assert turn_between(datetime(2026, 6, 1, tzinfo=UTC), datetime(2026, 6, 2, tzinfo=UTC), BERLIN) is None


def test_a_day_that_has_no_midnight_begins_when_the_clock_was_turned() -> None:
    assert begins(date(2026, 9, 6), ZoneInfo("America/Santiago")) == datetime(2026, 9, 6, 4, tzinfo=UTC)


def test_a_forbidden_time_is_refused_with_the_reason_and_the_next_one() -> None:
    person = Person(preset("DE"), ("Europe/Berlin",))
    with pytest.raises(ForbiddenTime, match="On a Sunday nobody is called") as refused:
        refuse_forbidden(person, datetime(2026, 12, 6, 10, tzinfo=BERLIN))
    assert refused.value.next == "The rules allow Monday, 2026-12-07 08:00 (Europe/Berlin)."
    assert refused.value.allowed == datetime(2026, 12, 7, 8, tzinfo=BERLIN)
    refuse_forbidden(person, datetime(2026, 12, 7, 8, tzinfo=BERLIN))


def test_tomorrow_at_ten_is_never_a_sunday_or_a_holiday() -> None:
    person = Person(preset("DE"), ("Europe/Berlin",))
    for day, then in ((5, 5), (6, 7), (25, 28), (27, 28)):
        offered = allowed_offer(person, datetime(2026, 12, day, 10, tzinfo=BERLIN), same_time=True)
        assert offered == datetime(2026, 12, then, 10, tzinfo=BERLIN)
    late = datetime(2026, 12, 4, 21, tzinfo=BERLIN)
    assert allowed_offer(person, late) == datetime(2026, 12, 5, 9, tzinfo=BERLIN)
    assert allowed_offer(person, late, same_time=True) == datetime(2026, 12, 5, 9, tzinfo=BERLIN), "never at 21:00"


def test_after_the_last_attempt_nothing_can_be_promised() -> None:
    calls = tuple(EarlierCall(datetime(2026, 11, day, 10, tzinfo=UTC), "no answer") for day in range(1, 9))
    person = Person(preset("DE"), (), calls)
    assert allowed_offer(person, datetime(2026, 12, 7, 10, tzinfo=BERLIN)) is None
    with pytest.raises(ForbiddenTime) as refused:
        refuse_forbidden(person, datetime(2026, 12, 7, 10, tzinfo=BERLIN))
    assert refused.value.next == "The rules allow no further call to this person."
