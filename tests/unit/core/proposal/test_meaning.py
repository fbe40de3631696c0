"""What one column is taken for, by its cells and its name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from core.proposal.rules.finding import Sure

Column = Callable[..., Any]

NAMES = [
    f"{first} {last} {number}"
    for number, (first, last) in enumerate(zip(["Ada", "Bo"] * 200, ["Lund", "Ek"] * 200, strict=True))
]


@pytest.mark.parametrize(
    ("name", "cells", "expected"),
    [
        ("age", range(18, 90), {"type": "integer", "role": "profile", "minimum": 0, "unit": "years"}),
        ("Time on Site (s)", [12, 400, 913], {"type": "integer", "label": "Time on Site", "unit": "seconds"}),
        ("rate", ["1.5", "2.25", "-3"], {"type": "number", "minimum": None}),
        ("rate", ["1,5", "2,25", "-3"], {"type": "number", "decimal": ","}),
        ("discount", ["5%", "7.5%", "10%"], {"type": "number", "unit": "%"}),
        ("price", ["€ 5.50", "€ 7.25", "€ 10.00"], {"type": "number", "unit": "€"}),
        ("price", ["€ 5.50", "$ 7.25", "£ 10.00"], {"type": "text", "role": "people_only"}),
        ("branch code", [10, 20, 31], {"type": "category", "categories": ("10", "20", "31")}),
        ("children", [0, 1, 2, 3], {"type": "integer"}),
        ("zip", ["01067", "80331", "04109"], {"type": "category"}),
        ("opted in", ["Yes", "no", "TRUE", "0", ""], {"type": "yes_no", "optional": True}),
        ("newsletter", ["x", "", ""], {"type": "yes_no", "optional": True}),
        ("loan", ["yes", "no", "unknown"], {"type": "category", "categories": ("no", "unknown", "yes")}),
        ("source", ["Web", "Fair", "Partner", ""], {"type": "category", "open": False, "optional": True}),
        ("birthday", ["1980-02-29", "12.03.1975", "1990/11/05", ""], {"type": "date", "optional": True}),
        ("joined", ["03/31/2024", "04/02/2023"], {"type": "date", "day_first": False, "role": "history"}),
        ("joined", ["31/03/2024", "04/02/2023"], {"type": "date", "day_first": True}),
        ("nothing", ["", ""], {"type": "text", "role": "people_only", "optional": True}),
        ("currency", ["EUR"], {"type": "text", "role": "people_only", "note": "the same in every row"}),
        ("previous calls", [0, 1, 2, 5], {"type": "integer", "role": "history"}),
        ("channel", ["a", "b"], {"type": "category", "role": "call_context"}),
    ],
)  # fmt: skip
def test_a_column_is_what_its_cells_and_its_name_show(
    column: Column, name: str, cells: Any, expected: dict[str, Any]
) -> None:
    own = column(name, list(cells)).column
    assert {key: getattr(own, key) for key in expected} == expected


@pytest.mark.parametrize(
    ("name", "cells", "contact"),
    [
        ("Mobile", [f"+49 1512 55500{n:02d}" for n in range(100)], "phone"),
        ("reach", [f"0044 7700 9000{n:02d}" for n in range(100)], "phone"),
        ("Handynummer", [f"01512/55500{n:02d}" for n in range(100)], "phone"),
        ("where", [f"a{n}@example.org" for n in range(100)], "email"),
        ("Vorname", ["Ada", "Bo", "Chi"], "name"),
    ],
)
def test_how_to_reach_people_is_kept_apart(column: Column, name: str, cells: list[str], contact: str) -> None:
    own = column(name, cells).column
    assert (own.role.value, own.contact.value, own.type.value) == ("contact", contact, "text")


def test_a_word_such_as_telephone_in_a_columns_cells_is_no_telephone_number(column: Column) -> None:
    assert column("phone", ["cellular", "landline"]).column.type == "category"


def test_free_text_and_words_that_nearly_nobody_shares_are_for_people_only(column: Column) -> None:
    notes = [f"Wants to be called on day {n}, after five if possible" for n in range(400)]
    codes = [f"Lane {n} b" for n in range(400)]
    assert [column(name, cells).column.role.value for name, cells in (("say", notes), ("lane", codes))] == [
        "people_only"
    ] * 2


@pytest.mark.parametrize("code", [-1, 999, 9999])
def test_a_code_that_stands_apart_is_special_and_not_an_amount(column: Column, code: int) -> None:
    own = column("days since", [*range(20), code])
    assert list(own.column.special) == [code]
    assert own.column.minimum == 0
    assert own.sure is Sure.LIKELY


@pytest.mark.parametrize("cells", [[-5, -1, 3, 7], [*range(900, 999), 999], [1, 2, 3]])
def test_a_number_among_others_is_no_code(column: Column, cells: list[int]) -> None:
    assert not column("balance", cells).column.special


def test_words_that_mean_nothing_known_are_blanks_among_numbers(column: Column) -> None:
    own = column("income", [1200, 900, "n/a", "NULL", ""]).column
    assert (own.type.value, own.optional, own.blanks) == ("integer", True, ("NULL", "n/a"))
    assert own.parse("N/A") is None


def test_a_long_tail_of_words_makes_an_open_list(column: Column) -> None:
    towns = [*["Oslo", "Bergen"] * 150, *[f"Village {n // 2}" for n in range(100)]]
    own = column("home town", towns).column
    assert (own.open, own.categories) == (True, ("Bergen", "Oslo"))


def test_capitals_make_no_other_word_but_signs_do(column: Column) -> None:
    own = column("language", ["C", "C++", "Web", "Web", "WEB"])
    assert own.column.categories == ("C", "C++", "Web")
    assert "'WEB' is read as 'Web'" in str(own.remarks)


def test_cells_that_the_type_does_not_read_are_counted_and_told(column: Column) -> None:
    own = column("age", [*range(18, 116), "old"], rows=990)
    assert (own.column.type.value, own.unfit, own.sure) == ("integer", 10, Sure.CHECK)


def test_dates_that_do_not_tell_their_order_are_to_be_checked(column: Column) -> None:
    own = column("joined", ["03/04/2024", "05/06/2023"])
    assert own.column.day_first is not None
    assert own.sure is Sure.CHECK


def test_callwises_own_words_in_a_file_are_told_and_not_taken(column: Column) -> None:
    own = column("source", ["Web", "Fair", "(blank)", "(other)"])
    assert own.column.categories == ("Fair", "Web")
    assert own.unfit == 200
    assert column("source", ["(blank)", ""]).column.open
