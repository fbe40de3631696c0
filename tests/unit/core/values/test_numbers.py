"""Numbers are read as all values of their column show, and never as another number."""

from __future__ import annotations

import pytest

from core.values.numbers import NumberEvidence, NumberReading


def evidence(*values: str) -> NumberEvidence:
    found = NumberEvidence()
    for value in values:
        found.add(value)
    return found


@pytest.mark.parametrize(
    ("values", "decimal", "grouping"),
    [
        (["5,191.0"], ".", ","),
        (["5.191,0"], ",", "."),
        (["1.234.567"], ",", "."),
        (["1,234,567", "12"], ".", ","),
        (["1,23,456.78"], ".", ","),
        (["1 234,5", "12"], ",", " "),
        (["1\u202f234,5"], ",", " "),
        (["1'234.50"], ".", "'"),
        (["0,857", "1,857"], ",", ""),
        (["4857,123"], ",", ""),
        (["1.5e3"], ".", ""),
        (["12", "7"], "", ""),
        (["4,857", "5,191"], "", ""),
        (["1,5", "1.5"], "?", ""),
        (["1,5"] * 9 + ["1.5"], ",", ""),
    ],
)
def test_the_whole_column_shows_its_signs(values: list[str], decimal: str, grouping: str) -> None:
    found = evidence(*values)
    assert found.decimal == decimal
    if decimal in (".", ","):
        assert found.reading(decimal).grouping == grouping


@pytest.mark.parametrize(
    ("reading", "text", "plain"),
    [
        (NumberReading(",", "."), "5.191,0", "5191.0"),
        (NumberReading(",", "."), "-36,4", "-36.4"),
        (NumberReading(".", ","), "(1,234.5)", "-1234.5"),
        (NumberReading(".", ""), "\u221212", "-12"),
        (NumberReading(".", ""), "12-", "-12"),
        (NumberReading(",", "", "€"), "€ 5,00", "5.00"),
        (NumberReading(".", "", "%"), "12 %", "12"),
        (NumberReading(",", ""), "\u00a01 234,5\u200b", "1234.5"),
        (NumberReading(".", ""), "n/a", "n/a"),
    ],
)
def test_a_number_becomes_plain(reading: NumberReading, text: str, plain: str) -> None:
    assert reading.plain(text) == plain


@pytest.mark.parametrize(
    ("reading", "text", "rule"),
    [
        (NumberReading(",", ""), "4.857", "'4.857' can be 4857 or 4.857"),
        (NumberReading(".", ""), "4,857", "'4,857' can be 4857 or 4.857"),
        (NumberReading(",", "."), "5191.0", "a decimal comma"),
        (NumberReading(".", ","), "4,85", "a decimal point"),
        (NumberReading(".", "", "%"), "0.5", "no unit"),
        (NumberReading(".", "", "€"), "$5", "'$5' has $"),
    ],
)
def test_one_that_contradicts_its_column_is_refused(reading: NumberReading, text: str, rule: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        reading.plain(text)
    assert rule in str(caught.value.args[0])
