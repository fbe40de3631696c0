"""Dates become ISO text; where day and month could change places, all values of the column decide, or nobody does."""

from __future__ import annotations

import pytest

from core.values.dates import DateEvidence, DateReading


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("2026-07-11", "2026-07-11"),
        ("1990/11/05", "1990-11-05"),
        ("12.03.1975", "1975-03-12"),
        ("12.03.75", "1975-03-12"),
        ("11.07.2026 14:05", "2026-07-11T14:05:00"),
        ("2026-07-11T10:00:00Z", "2026-07-11T10:00:00+00:00"),
        ("2026-07-11 10:00:00.123+0200", "2026-07-11T10:00:00+02:00"),
        ("12. März 1975", "1975-03-12"),
        ("March 12, 1975", "1975-03-12"),
        ("12-Mar-75", "1975-03-12"),
        ("Mon, 12 Jan 2026 3:05 PM", "2026-01-12T15:05:00"),
        ("20260711", "2026-07-11"),
        ("13/02/2026", "2026-02-13"),
        ("31.02.2026", "31.02.2026"),
        ("0000-00-00", "0000-00-00"),
        ("1.5", "1.5"),
        (45123, "2023-07-16"),
        (45123.5, "2023-07-16T12:00:00"),
    ],
)
def test_a_date_becomes_iso_text_and_what_is_none_stays(text: object, iso: str) -> None:
    assert DateReading().iso(text) == iso


@pytest.mark.parametrize(
    ("values", "reading"),
    [
        (["03/04/2026", "13/04/2026"], DateReading(True)),
        (["03/04/2026", "04/13/2026"], DateReading(False)),
        (["03/04/2026"], None),
        (["13/04/2026", "04/13/2026"], None),
        (["2026-04-03", "04.04.2026", "03/03/2026"], DateReading()),
    ],
)
def test_the_whole_column_shows_the_order(values: list[str], reading: DateReading | None) -> None:
    found = DateEvidence()
    for value in values:
        found.add(value)
    assert found.reading == reading


def test_the_other_order_and_an_unclear_one_are_refused() -> None:
    with pytest.raises(ValueError, match="the day first"):
        DateReading(True).iso("04/13/2026")
    with pytest.raises(ValueError, match="2026-04-03 or 2026-03-04"):
        DateReading().iso("03/04/2026")
    assert DateReading(False).iso("03/04/2026") == "2026-03-04"
