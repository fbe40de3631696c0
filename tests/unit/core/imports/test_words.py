"""A word that differs from a listed one by capitals, spaces or dashes is that word; a sign makes it another."""

from __future__ import annotations

from typing import Any

import pytest

from core.imports.column_mapping import ColumnMapping
from core.schema import Schema

LISTED = ["1", "A+", "blue-collar", "Married", "50+"]


def reader(*, open_ended: bool) -> Any:
    column = {"name": "grade", "label": "Grade", "type": "category", "role": "profile", "categories": LISTED}
    schema = Schema.model_validate(
        {
            "name": "grades",
            "title": "Grades",
            "outcome": {"column": "y", "positive": "yes", "negative": "no", "label": "Sold"},
            "columns": [{**column, "open": open_ended}],
        }
    )
    return ColumnMapping({"grade": "grade"}).reader(schema, ["grade"])


@pytest.mark.parametrize("open_ended", [False, True], ids=["closed", "open"])
@pytest.mark.parametrize(
    ("cell", "read"),
    [
        (" married ", "Married"),
        ("Blue Collar", "blue-collar"),
        ("BLUE_COLLAR", "blue-collar"),
        ("1", "1"),
        ("-1", "-1"),
        ("A-", "A-"),
        ("a+", "A+"),
        ("50", "50"),
        (">50+", ">50+"),
    ],
)
def test_only_what_is_the_same_word_is_read_as_it(open_ended: bool, cell: str, read: str) -> None:
    assert reader(open_ended=open_ended).value("grade", cell) == read
