"""The timeline of models."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from app.models import charts as model_charts
from app.models.timeline import Span

BEGUN = datetime(2026, 11, 2, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("lasted", "marks"),
    [
        (timedelta(minutes=3), "%H:%M:%S"),
        (timedelta(hours=20), "%H:%M"),
        (timedelta(days=30), "%-d %b"),
        (timedelta(days=700), "%-d %b %Y"),
    ],
)
def test_its_axis_says_as_much_as_its_length_asks_for(lasted: timedelta, marks: str) -> None:
    span = Span("1", "champion", BEGUN, None)
    drawn = model_charts.timeline([span], BEGUN + lasted).to_dict()
    assert drawn["encoding"]["x"]["axis"]["format"] == marks
