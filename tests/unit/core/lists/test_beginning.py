"""When a list began."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from core.lists.beginning import list_began

AT = datetime(2026, 3, 2, 15, 4, 5, 6, tzinfo=UTC)


@pytest.mark.parametrize(
    ("hours", "began"),
    [
        (24, datetime(2026, 3, 2, tzinfo=UTC)),
        (6, datetime(2026, 3, 2, 12, tzinfo=UTC)),
        (0.5, datetime(2026, 3, 2, 15, tzinfo=UTC)),
        (7, datetime(2026, 3, 2, 14, tzinfo=UTC)),
        (0, AT),
    ],
)
def test_a_list_begins_at_midnight_and_each_so_many_hours_after_it(hours: float, began: datetime) -> None:
    assert list_began(AT, hours) == began
    assert list_began(began, hours) == began
