"""Columns that say where a person is take what a rule can be kept with, and refuse the rest by name."""

from __future__ import annotations

import pytest

from core.schema.column import Column


@pytest.mark.parametrize(
    ("contact", "good", "bad", "rule"),
    [
        ("country", "de", "Germany", "a country's two letters such as DE"),
        ("time_zone", "Europe/Berlin", "CET+1", "a time zone such as Europe/Berlin"),
    ],
)
def test_a_cell_that_names_no_place_is_refused_with_the_rule(contact: str, good: str, bad: str, rule: str) -> None:
    column = Column(name="where", label="Where", type="text", role="contact", contact=contact, optional=True)
    assert column.parse(good) == good
    assert column.parse(" ") is None
    with pytest.raises(ValueError, match="is not") as refused:
        column.parse(bad)
    assert str(refused.value.args[0]) == f"{bad!r} is not {rule}"


@pytest.mark.parametrize("contact", ["name", "phone", "email"])
def test_any_text_is_a_name_or_a_number(contact: str) -> None:
    column = Column(name="who", label="Who", type="text", role="contact", contact=contact)
    assert column.parse("anything") == "anything"
