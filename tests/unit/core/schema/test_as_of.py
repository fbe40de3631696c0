"""The values at a call: its month, its weekday and its number, and the days since a date."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from core.schema import Schema, read_schema
from core.schema.as_of import ANY_DAY, as_of, day_of_call, of_the_call
from core.schema.calendar import MONTHS
from core.schema.column import Value
from core.settings.group import ROOT
from replay.living.files import SCHEMA as LIVING

MAY: dict[str, Value] = {"month": "may", "day_of_week": "mon", "campaign": 1, "age": 41}
AUGUST = datetime(2026, 8, 12, 9, 30, tzinfo=UTC)
"""A Wednesday."""


def edited(schema: Schema, **changes: Any) -> Schema:
    return Schema.model_validate({**schema.model_dump(), **changes})


def test_a_kind_names_the_columns_of_the_call(schema: Schema) -> None:
    assert schema.of_the_call == {"month", "day_of_week", "campaign"}
    assert LIVING.of_the_call == {"month", "weekday", "calls"}
    assert edited(schema, calendar=None, calls=None).of_the_call == frozenset()


def test_a_kind_without_a_number_of_calls_keeps_the_version_that_its_models_were_made_with() -> None:
    older = read_schema(ROOT / "tests" / "schemas" / "bank-full.yaml")
    assert older.hash.startswith("a23330feb0cfd1fb"), "as it was before a kind could name such a column"
    assert edited(older, calls={"column": "campaign", "first": 1}).hash != older.hash


def test_imported_in_may_and_called_in_august_is_august(schema: Schema) -> None:
    assert as_of(schema, MAY, AUGUST, calls=0) == {**MAY, "month": "aug", "day_of_week": "wed"}
    assert as_of(schema, MAY, AUGUST, calls=2)["campaign"] == 3
    assert as_of(schema, MAY, AUGUST, calls=None) == MAY, "a file reports the call itself"


@pytest.mark.parametrize(
    ("recorded", "calls", "number"),
    [(1, 0, 1), (3, 0, 3), (3, 2, 5), (None, 0, 1), (None, 1, 2), (0, 1, 2)],
    ids=["first", "two made elsewhere", "two here, too", "blank", "blank, one here", "fewer than the first"],
)
def test_a_file_says_the_number_of_the_next_call(schema: Schema, recorded: int | None, calls: int, number: int) -> None:
    assert as_of(schema, {**MAY, "campaign": recorded}, AUGUST, calls=calls)["campaign"] == number


def test_a_column_may_count_the_calls_before(schema: Schema) -> None:
    values = [of_the_call(LIVING, {"calls": made}, AUGUST, 1)["calls"] for made in (0, 2, 19, 20)]
    assert values == [1, 3, 20, 20], "20 is the most that the column allows"
    assert schema.by_name["campaign"].maximum is None


def test_on_a_day_without_a_word_the_list_is_that_of_the_next_day_with_one(schema: Schema) -> None:
    saturday = datetime(2026, 5, 30, 12, tzinfo=UTC)
    assert of_the_call(schema, MAY, saturday, 0) == {"month": "jun", "day_of_week": "mon", "campaign": 1}
    assert of_the_call(LIVING, {}, saturday, 0) == {"month": "may", "weekday": "sat", "calls": 0}
    content = schema.model_dump()
    next(column for column in content["columns"] if column["name"] == "month")["categories"] = ["mar", "apr"]
    assert of_the_call(Schema.model_validate({**content, "words": {}}), MAY, saturday, 0)["month"] == "mar"


def test_days_are_those_of_utc(schema: Schema) -> None:
    west = datetime(2026, 8, 31, 20, tzinfo=timezone(timedelta(hours=-7)))
    assert of_the_call(schema, MAY, west, 0)["month"] == "sep"
    assert day_of_call(schema, west) == day_of_call(schema, west.astimezone(UTC)) == "sep tue"


def test_a_day_has_a_text_that_differs_where_its_values_do(schema: Schema) -> None:
    days = [day_of_call(schema, AUGUST + timedelta(days=number)) for number in range(366)]
    assert len(set(days)) == len(MONTHS) * 5
    assert days[0] == day_of_call(schema, AUGUST + timedelta(hours=10)) == "aug wed"
    assert day_of_call(edited(schema, calendar=None), AUGUST) == ANY_DAY
    assert day_of_call(edited(schema, calendar=None, calls=None), AUGUST) is None
