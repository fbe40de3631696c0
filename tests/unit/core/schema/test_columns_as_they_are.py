"""Columns as they are in life: blanks, words that no list names, yes and no, dates, and what is no feature."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from core.errors import SchemaError
from core.schema import Schema, read_schema
from core.schema.as_of import as_of
from core.schema.column import BLANK, OTHER, Column
from core.schema.outcome import Outcome

KIND: dict[str, Any] = {
    "name": "customers",
    "title": "Customers",
    "reference": "id",
    "outcome": {"column": "converted", "positive": "yes", "negative": "no", "label": "Converted"},
    "segments": ["source", "income"],
    "columns": [
        {"name": "source", "label": "Source", "type": "category", "role": "profile", "open": True, "optional": True,
         "categories": ["Web", "Fair"]},
        {"name": "income", "label": "Income", "type": "number", "role": "profile", "optional": True, "minimum": 0,
         "bounds": [1000, 2000]},
        {"name": "opted", "label": "Opted in", "type": "yes_no", "role": "profile"},
        {"name": "since", "label": "Customer since", "type": "date", "role": "history", "zone": "Europe/Berlin"},
        {"name": "mobile", "label": "Mobile", "type": "text", "role": "contact", "contact": "phone", "optional": True},
        {"name": "notes", "label": "Notes", "type": "text", "role": "people_only", "optional": True},
    ],
}  # fmt: skip


def kind(**changes: Any) -> Schema:
    return Schema.model_validate({**KIND, **changes})


def column(name: str) -> Column:
    return kind().in_files[name]


@pytest.mark.parametrize(
    ("name", "raw", "value"),
    [
        ("source", " Web ", "Web"),
        ("source", "Aunt Mary", "Aunt Mary"),
        ("source", "", BLANK),
        ("source", BLANK, BLANK),
        ("source", None, BLANK),
        ("income", "12.5", 12.5),
        ("income", " ", None),
        ("income", float("nan"), None),
        ("opted", "JA", "yes"),
        ("opted", 0, "no"),
        ("opted", True, "yes"),
        ("opted", "1.0", "yes"),
        ("since", "2026-07-11", "2026-07-11"),
        ("since", date(2026, 7, 11), "2026-07-11"),
        ("since", datetime(2026, 7, 11), "2026-07-11"),  # noqa: DTZ001  as workbooks give days
        ("since", "2026-07-11 14:05", "2026-07-11T14:05:00+02:00"),
        ("since", "2026-07-11T14:05:00+00:00", "2026-07-11T14:05:00+00:00"),
        ("notes", "  calls back ", "calls back"),
        ("mobile", "", None),
    ],
)
def test_a_value_is_read(name: str, raw: Any, value: Any) -> None:
    assert column(name).parse(raw) == value


@pytest.mark.parametrize(
    ("name", "raw", "says"),
    [
        ("source", OTHER, "is not a text of at most 256 letters"),
        ("source", "x" * 257, "is not a text of at most 256 letters"),
        ("income", "-1", "is not a number from 0"),
        ("opted", "", "is empty; must be yes or no"),
        ("opted", "perhaps", "'perhaps' is not yes or no"),
        ("since", "11.07.2026", "is not a date such as 2026-07-11"),
        ("since", "2026-02-30", "is not a date"),
    ],
)
def test_a_value_that_breaks_its_rule_is_refused(name: str, raw: Any, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        column(name).parse(raw)


@pytest.mark.parametrize(
    ("name", "value", "group"),
    [
        ("source", "Fair", "Fair"),
        ("source", "Aunt Mary", OTHER),
        ("source", BLANK, BLANK),
        ("income", None, BLANK),
        ("income", 2000, "2000 and above"),
    ],
)
def test_every_value_falls_into_a_group(name: str, value: Any, group: str) -> None:
    assert column(name).group(value) == group
    assert group in column(name).groups


def test_a_model_reads_dates_as_days_before_the_call() -> None:
    schema = kind()
    recorded = {"source": "Web", "income": None, "opted": "yes", "since": "2026-07-11T23:30:00+02:00"}
    seen = as_of(schema, recorded, datetime(2026, 7, 13, 21, 0, tzinfo=UTC), calls=0)
    assert seen == {**recorded, "since": 1.0}
    assert as_of(schema, seen, datetime(2027, 1, 1, tzinfo=UTC), calls=0) == seen
    assert schema.by_name["since"].unit == "days"
    assert {c.name: c.parse(seen[c.name]) for c in schema.features} == seen


def test_an_optional_column_without_a_value_is_blank_to_a_model() -> None:
    seen = as_of(kind(), {"opted": "no", "since": "2026-07-11"}, datetime(2026, 7, 12, tzinfo=UTC), calls=0)
    assert seen == {"opted": "no", "since": 1.0, "source": BLANK, "income": None}


def test_people_columns_are_no_features() -> None:
    schema = kind()
    assert schema.feature_names == ["source", "income", "opted", "since"]
    assert [c.name for c in schema.details] == ["notes"]
    assert [c.name for c in schema.contacts] == ["mobile"]


@pytest.mark.parametrize(
    ("place", "changes", "says"),
    [
        (1, {"open": True}, "open goes with type category"),
        (0, {"categories": [BLANK]}, "Callwise's own words"),
        (3, {"zone": "Europe/Atlantis"}, "no time zone"),
        (3, {"minimum": 3}, "neither minimum, maximum, bounds nor special"),
        (4, {"contact": None}, "goes with role contact"),
        (5, {"role": "profile"}, "text is never a feature"),
        (2, {"role": "reference"}, "the type of a reference is text"),
    ],
)
def test_a_column_that_contradicts_itself_is_refused(
    place: int, changes: dict[str, Any], says: str, tmp_path: Path
) -> None:
    columns = [dict(c) for c in KIND["columns"]]
    columns[place].update(changes)
    path = tmp_path / "kind.yaml"
    path.write_text(yaml.safe_dump({**KIND, "columns": columns}), encoding="utf-8")
    with pytest.raises(SchemaError, match=says):
        read_schema(path)


def test_the_hash_knows_the_newer_keys_only_where_they_are_used() -> None:
    plain = [{**c} for c in KIND["columns"] if c["name"] in ("income", "opted")]
    for one in plain:
        one.pop("optional", None)
    before = kind(columns=plain, segments=[]).hash
    assert before == kind(columns=[{**c, "optional": False} for c in plain], segments=[]).hash
    assert before != kind(columns=[{**c, "optional": True} for c in plain], segments=[]).hash


def test_words_that_mean_a_blank_are_blanks_of_an_optional_column() -> None:
    income = Column.model_validate({**KIND["columns"][1], "blanks": ["n/a", "NULL"]})
    assert [income.parse(raw) for raw in ("N/A", " null ", "1200")] == [None, None, 1200.0]
    with pytest.raises(ValueError, match="go with optional"):
        Column.model_validate({**KIND["columns"][1], "blanks": ["n/a"], "optional": False})


def test_a_kind_without_words_for_blanks_keeps_its_hash() -> None:
    columns = [{**one, "blanks": []} for one in KIND["columns"]]
    assert kind(columns=columns).hash == kind().hash
    columns[1] = {**columns[1], "blanks": ["n/a"]}
    assert kind(columns=columns).hash != kind().hash


@pytest.mark.parametrize(("raw", "positive"), [("yes", True), ("TRUE", True), ("1", True), ("nein", False), ("", None)])
def test_an_outcome_of_yes_and_no_is_read_in_every_spelling(raw: str, positive: bool | None) -> None:
    assert kind().outcome.parse(raw) is positive


def test_an_outcome_of_other_words_is_read_as_they_are() -> None:
    outcome = outcome_of(positive="sold", negative="no")
    with pytest.raises(ValueError, match="is not one of sold, no"):
        outcome.parse("yes")
    assert outcome.parse("no") is False


@pytest.mark.parametrize(
    ("raw", "positive"),
    [("sold", True), ("upsold", True), ("refused", False), ("moved away", False), ("not reached", None), ("", None)],
)
def test_several_words_are_a_sale_a_refusal_or_no_outcome_yet(raw: str, positive: bool | None) -> None:
    outcome = outcome_of(
        positive=["sold", "upsold"], negative=["refused", "moved away"], undecided=["not reached", "call back"]
    )
    assert outcome.parse(raw) is positive
    with pytest.raises(ValueError, match="'dead' is not one of sold, upsold, refused, moved away, not reached"):
        outcome.parse("dead")


def test_yes_and_no_among_several_words_are_read_in_every_spelling() -> None:
    outcome = outcome_of(positive=["1", "sold"], negative=["0", "refused"])
    assert (outcome.parse("TRUE"), outcome.parse("nein")) == (True, False)
    one_sided = outcome_of(positive=["1", "0"], negative=["refused"])
    with pytest.raises(ValueError, match="is not one of"):
        one_sided.parse("nein")


@pytest.mark.parametrize(
    ("words", "rule"),
    [
        ({"positive": ["sold", "no"], "negative": "no"}, "'no' occurs twice"),
        ({"positive": "sold", "negative": "no", "undecided": ["sold"]}, "'sold' occurs twice"),
        ({"positive": [], "negative": "no"}, "at least 1 item"),
        ({"positive": "sold", "negative": ""}, "an empty cell has no outcome"),
        ({"positive": True, "negative": "no"}, "valid string"),
    ],
)
def test_an_outcomes_words_that_contradict_each_other_are_refused(words: dict[str, Any], rule: str) -> None:
    with pytest.raises(ValueError, match=rule):
        outcome_of(**words)


def test_the_hash_follows_the_words_of_a_sale_and_not_those_of_no_outcome() -> None:
    before = kind().hash
    assert kind(outcome={**KIND["outcome"], "positive": ["yes"]}).hash == before
    assert kind(outcome={**KIND["outcome"], "undecided": ["not reached"]}).hash == before
    assert kind(outcome={**KIND["outcome"], "positive": ["yes", "later"]}).hash != before


def outcome_of(**words: Any) -> Outcome:
    """The kind's outcome with other words."""
    return Outcome.model_validate({**KIND["outcome"], **words})
