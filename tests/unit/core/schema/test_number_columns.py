"""Many numbers at once are read as one by one, or not at all."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.schema.column import Column
from core.schema.number_columns import ordinary_numbers

WHOLE = st.integers(-(2**63), 2**63 - 1) | st.integers(-5, 1000)
FRACTIONS = st.floats() | st.integers(-5, 1000).map(float)


def column(kind: str, **more: Any) -> Column:
    return Column(name="n", label="N", type=kind, role="profile", **more)


COLUMNS = [
    column("integer"),
    column("integer", minimum=0, maximum=900, special={999: "never"}),
    column("number"),
    column("number", minimum=-1.5, special={999: "never"}, optional=True),
]


@pytest.mark.parametrize("one", COLUMNS, ids=str)
@given(sent=st.lists(WHOLE, min_size=1) | st.lists(FRACTIONS, min_size=1))
def test_they_are_read_as_one_by_one(one: Column, sent: list[Any]) -> None:
    values = ordinary_numbers(one, sent)
    if values is not None:
        alone = [one.parse(raw) for raw in sent]
        assert values == alone
        assert list(map(type, values)) == list(map(type, alone))


def test_ordinary_ones_are_read() -> None:
    plain, coded, number, _ = COLUMNS
    assert ordinary_numbers(plain, [1.0, 2.0]) == [1, 2]
    assert ordinary_numbers(coded, [3, 999]) == [3, 999]
    assert ordinary_numbers(number, [1, 2]) == [1.0, 2.0]


@pytest.mark.parametrize("sent", [[1.5], [math.nan], [math.inf], [-1], [901], [2**63 - 1], [10**400]])
def test_what_breaks_a_rule_is_left_to_the_one_who_says_which(sent: list[Any]) -> None:
    assert ordinary_numbers(COLUMNS[1], sent) is None
