"""Figures of the economy are told from what people bring: by how they move along a file in the order of time."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest

from tests.unit.core.proposal.conftest import Make

ROWS, A_MONTH = 600, 50
MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
IN_ORDER = [MONTHS[row // A_MONTH % 12] for row in range(ROWS)]
DICE = random.Random(5)
TOWN = [DICE.choice(["Here", "There", "Home"]) for _ in range(ROWS)]
AGE = [DICE.randint(20, 70) for _ in range(ROWS)]


def roles(make: Make, columns: dict[str, Sequence[object]]) -> dict[str, str]:
    found = make({"town": TOWN, **columns})
    return {column.name: str(column.role) for column in found.schema.columns}


def test_a_number_that_moves_with_time_alone_is_one(make: Make) -> None:
    rate = [4.8 - 0.1 * (row // 25) for row in range(ROWS)]
    found = make({"town": TOWN, "month": IN_ORDER, "base rate": rate, "age": AGE})
    assert {column.name: str(column.role) for column in found.schema.columns}["base rate"] == "indicator"
    assert roles(make, {"month": IN_ORDER, "base rate": rate, "age": AGE})["age"] == "profile"
    assert any("'base rate': It is the same for all who are called" in str(one) for one in found.questions)


def test_in_a_file_that_is_sorted_by_it_a_number_is_none(make: Make) -> None:
    shuffled = random.Random(1).sample(IN_ORDER, ROWS)
    assert roles(make, {"month": shuffled, "age": sorted(AGE)})["age"] == "profile"
    assert roles(make, {"age": sorted(AGE)})["age"] == "profile"


@pytest.mark.parametrize(
    "values",
    [
        [0 if DICE.random() < 0.97 else DICE.randint(1, 9) for _ in range(ROWS)],
        [1.5] * (ROWS // 2) + [2.5] * (ROWS // 2),
    ],
    ids=["nearly always the same, by chance", "one step"],
)
def test_a_number_that_rarely_differs_is_none(make: Make, values: list[float]) -> None:
    assert roles(make, {"month": IN_ORDER, "income group": values})["income group"] == "profile"
