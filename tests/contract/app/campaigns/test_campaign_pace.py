"""How fast a campaign is called, and what is said of the rest."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from app.campaigns.pace import Pace, pace_at
from app.campaigns.running import pace_text
from core.stores.mongo import Db

NOON = datetime(2026, 11, 26, 12, tzinfo=UTC)
TODAY = NOON.date()


def day(ago: int) -> date:
    return TODAY - timedelta(days=ago)


@pytest.mark.mongo
def test_the_days_that_had_calls_are_counted_in_the_zone_of_the_screen(db: Db) -> None:
    calls = [
        (0, "sold", None), (0, "no answer", None), (0, "sold", {"by": "Ann"}), (1, "sold", None), (1, "refused", None),
        (1, "callback", None), (3, "no answer", None), (13, "do not call", None), (20, "sold", None),
    ]  # fmt: skip
    for n, (ago, result, undone) in enumerate(calls):
        call = {"_id": f"spring:{n}:1", "campaign": "spring", "result": result, "at": NOON - timedelta(days=ago)}
        db.calls.insert_one({**call, "undone": undone})
    db.calls.insert_one({"_id": "x", "campaign": "autumn", "result": "sold", "at": NOON})
    db.calls.insert_one(
        {"_id": "y", "campaign": "spring", "result": "sold", "at": NOON.replace(hour=23, minute=30) - timedelta(days=2)}
    )
    pace = pace_at(db, "spring", NOON, "UTC")
    assert pace.today == 2
    assert pace.days == {day(13): 1, day(3): 0, day(2): 1, day(1): 2}
    assert pace_at(db, "spring", NOON, "Europe/Lisbon").days == pace.days
    assert pace_at(db, "spring", NOON, "Europe/Helsinki").days == {day(13): 1, day(3): 0, day(1): 3}


@pytest.mark.parametrize(
    ("days", "to_call", "left"),
    [
        ({}, 100, None),
        ({day(1): 50}, 100, None),
        ({day(1): 0, day(2): 0}, 100, None),
        ({day(1): 20, day(3): 40}, 100, 4),
        ({day(1): 20, day(3): 40}, 0, 0),
        ({day(1): 1, day(2): 0, day(3): 0}, 7, 7),
    ],
)
def test_what_is_left_is_said_only_where_two_days_say_so(days: dict[date, int], to_call: int, left: int | None) -> None:
    pace = Pace(0, days)
    assert pace.days_left(to_call) == left
    said = pace_text(pace, to_call)
    if not to_call:
        assert said == "Nobody is left to call."
    elif left is None:
        assert "estimate of how long the rest takes" in said
        assert "about" not in said
    else:
        assert f"about {left} such days" in said
        assert "change that" in said
