"""The predictions that a person's document keeps, and what they say about a moment."""

from datetime import UTC, datetime, timedelta
from typing import Any

from core.scoring.kept_predictions import KEPT, KEPT_PREDICTIONS, UNKNOWN, kept_before, kept_of, with_newest

AT = datetime(2026, 5, 4, 9, tzinfo=UTC)
DAY = timedelta(days=1)


def ranked(days: int, **before: Any) -> dict[str, Any]:
    """A person who was ranked on as many days."""
    person: dict[str, Any] = dict(before)
    for day in range(days):
        person |= {KEPT_PREDICTIONS: with_newest(person, f"r{day}:0", AT + day * DAY), "prediction": f"r{day}:0"}
    return person


def test_those_up_to_a_moment_are_known_the_oldest_first() -> None:
    kept = ranked(3)[KEPT_PREDICTIONS]
    assert kept_before(kept, AT + DAY) == ["r0:0", "r1:0"]
    assert kept_before(kept, AT + 9 * DAY) == ["r0:0", "r1:0", "r2:0"]
    assert kept_before(kept, AT - DAY) == [], "nobody had scored this person yet"


def test_the_newest_stay_and_what_they_do_not_reach_is_not_known() -> None:
    kept = ranked(KEPT + 2)[KEPT_PREDICTIONS]
    assert len(kept) == KEPT
    assert kept_before(kept, AT + 2 * DAY) == ["r2:0"]
    assert kept_before(kept, AT + DAY) is None
    assert kept_before(None, AT) is None


def test_somebody_whom_an_earlier_release_ranked_is_searched_for_until_the_next_ranking() -> None:
    migrated = {KEPT_PREDICTIONS: [[UNKNOWN, "old:0"]]}
    assert kept_before(kept_of(migrated), AT) is None
    assert kept_of({}) == [], "nobody has ranked this person yet"
    kept = ranked(2, **migrated)[KEPT_PREDICTIONS]
    assert kept_before(kept, AT - DAY) is None
    assert kept_before(kept, AT)[-1:] == ["r0:0"]  # type: ignore[index]


def test_a_repeated_write_keeps_nothing_twice() -> None:
    once = ranked(2)
    assert with_newest(once, "r1:0", AT + 5 * DAY) == once[KEPT_PREDICTIONS]
