"""What the screens say of a campaign's people, of nobody, and of the time where a person is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from app.calling_rules import figures
from app.calling_rules.figures import line, nobody_text
from app.calling_rules.local_time import time_there
from app.calling_rules.week_chart import week_chart
from core.calling_rules.presets import preset
from core.lists.callable_now import CallableNow, NobodyNow

AT = datetime(2026, 12, 4, 7, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _friday(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(figures, "now", lambda: AT)


def test_the_line_says_every_figure_but_those_that_are_none() -> None:
    opens = AT + timedelta(hours=1)
    found = CallableNow(640, 210, 0, 60, 90, 0, opens, has_rules=True)
    assert line(found, "Europe/Berlin") == (
        "1,000 people: 640 can be called now, 210 outside hours (next at 09:00), 90 do not call, "
        "60 without a usable number."
    )
    monday = CallableNow(0, 1, 2, 0, 0, 3, AT + timedelta(days=3), has_rules=True)
    assert line(monday, "Europe/Berlin") == (
        "6 people: 0 can be called now, 1 outside hours (next at Mon, 7 Dec 2026, 08:00), "
        "2 come back later, 3 finished."
    )
    assert line(CallableNow(1, 0, 0, 0, 0, 0, None, has_rules=False), "UTC") == (
        "1 person: 1 can be called now. This campaign has no calling rules."
    )
    assert "1 outside hours," in line(CallableNow(0, 1, 1, 0, 0, 0, None, has_rules=True), None)


def test_nobody_now_says_why_and_when_the_next_one_can_be_called() -> None:
    said = nobody_text(NobodyNow(AT + timedelta(hours=2)), "Europe/Berlin")
    assert said.endswith("The next person can be called from 10:00.")
    assert "outside the calling hours" in said
    assert "next person" not in nobody_text(NobodyNow(None), "Nowhere/Unknown")


def test_the_time_where_the_person_is() -> None:
    assert time_there(("Europe/Lisbon",), AT) == "07:00 there"
    assert time_there(("Atlantic/Canary", "Europe/Madrid"), AT) == "07:00 to 08:00 there"
    assert time_there(("Europe/Vienna", "Europe/Madrid"), AT) == "08:00 there"


def test_the_picture_of_a_week_has_a_bar_for_each_span() -> None:
    spans = week_chart(preset("FR").hours).to_dict()["layer"][1]["data"]["values"]
    assert [one["hours"] for one in spans[:2]] == ["10:00-13:00", "14:00-20:00"]
    assert len(spans) == 10
