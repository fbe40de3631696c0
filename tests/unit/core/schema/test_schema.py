import math
import re
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from core.errors import SchemaError
from core.schema import Schema, read_schema
from core.schema.column import Column, Role
from core.settings.group import ROOT


def test_what_is_known_only_after_the_call_is_never_a_feature(schema: Schema) -> None:
    assert schema.by_name["duration"].role is Role.AFTER_CALL
    assert "duration" not in schema.feature_names
    assert len(schema.feature_names) == 19


@pytest.mark.parametrize(
    ("column", "raw", "value"),
    [
        ("age", "41", 41),
        ("age", 41.0, 41),
        ("pdays", "999", 999),
        ("euribor3m", "4.857", 4.857),
        ("job", " admin. ", "admin."),
    ],
)
def test_a_value_that_fits_is_parsed(schema: Schema, column: str, raw: Any, value: Any) -> None:
    assert schema.by_name[column].parse(raw) == value


@pytest.mark.parametrize(
    ("column", "raw", "says"),
    [
        ("age", "12", "from 17 to 110"),
        ("age", "41.5", "whole number"),
        ("age", "", "is empty"),
        ("age", None, "is empty"),
        ("age", "old", "'old' is not a whole number"),
        ("euribor3m", "nan", "is not a number"),
        ("euribor3m", "inf", "is not a number"),
        ("job", "pilot", "'pilot' is not one of admin."),
        ("job", None, "is empty"),
        ("campaign", "-1", "from 1"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_with_the_rule(schema: Schema, column: str, raw: Any, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        schema.by_name[column].parse(raw)


@pytest.mark.parametrize(
    ("raw", "value"), [("yes", True), ("no", False), ("", None), (None, None), (float("nan"), None)]
)
def test_an_outcome_is_a_sale_no_sale_or_not_called_yet(schema: Schema, raw: Any, value: bool | None) -> None:
    assert schema.outcome.parse(raw) is value


def test_an_unknown_outcome_is_refused(schema: Schema) -> None:
    with pytest.raises(ValueError, match="'maybe' is not one of yes, no"):
        schema.outcome.parse("maybe")


def test_the_hash_follows_the_content_and_not_the_layout(schema: Schema, tmp_path: Path) -> None:
    same = tmp_path / "same.yaml"
    same.write_text(yaml.safe_dump(schema.model_dump(mode="json"), sort_keys=True))
    assert read_schema(same).hash == schema.hash
    content = schema.model_dump(mode="json")
    content["columns"][0]["maximum"] = 111
    same.write_text(yaml.safe_dump(content))
    assert read_schema(same).hash != schema.hash


def break_column(content: dict[str, Any], **changes: Any) -> None:
    content["columns"][0].update(changes)


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda c: break_column(c, colour="red"), "colour"),
        (lambda c: break_column(c, type="date"), "type"),
        (lambda c: break_column(c, minimum=200), "minimum is above maximum"),
        (lambda c: break_column(c, categories=["a"]), "categories go with type category"),
        (lambda c: break_column(c, bounds=[40, 30]), "bounds must be numbers, each above the one before"),
        (lambda c: break_column(c, bounds=[30, 30]), "each above the one before"),
        (lambda c: break_column(c, bounds=[30, float("nan")]), "each above the one before"),
        (lambda c: break_column(c, bounds=[float("inf")]), "each above the one before"),
        (lambda c: break_column(c, bounds=[17, 30]), "no value is on both sides of the bound 17"),
        (lambda c: break_column(c, bounds=[30, 111]), "no value is on both sides of the bound 111"),
        (lambda c: c["columns"][1].update(bounds=[1]), "column 'job': bounds divide numbers"),
        (lambda c: break_column(c, reason={"values": {"old": "Old people"}}), "words for 'old', which is no value"),
        (lambda c: break_column(c, reason={"values": {"16": "Children"}}), "words for '16', which is no value"),
        (lambda c: break_column(c, reason={"raises": "{who} say yes"}), r"the places of a reason .* not \{who\}"),
        (lambda c: break_column(c, reason={"raises": "{value.__class__}"}), "the places of a reason"),
        (lambda c: break_column(c, reason={"lowers": "{value"}), "expected '}'"),
        (lambda c: break_column(c, name="job"), "a column name occurs twice"),
        (lambda c: break_column(c, name="prospect"), "must not be called 'prospect'"),
        (lambda c: c.update(segments=["income"]), "'income' is not a column"),
        (lambda c: c["outcome"].update(column="age"), "must not be among the columns"),
        (lambda c: c["calendar"].update(start="May 2008"), "start"),
        (lambda c: c["calls"].update(column="attempts"), "'attempts' is not a column"),
        (lambda c: c["calls"].update(column="job"), "'job' must be a whole number"),
        (lambda c: c["calls"].update(column="euribor3m"), "'euribor3m' must be a whole number"),
        (lambda c: c["calls"].update(column="duration"), "'duration' must be known before the call"),
        (lambda c: c["calls"].update(column="pdays"), "'pdays' can have no special values"),
        (lambda c: c["calls"].update(first=0), "'campaign' cannot be 0, its value at the first"),
        (lambda c: c["calls"].update(first=2), "calls.first"),
        (lambda c: c["calls"].pop("first"), "calls"),
    ],
)
def test_a_schema_that_contradicts_itself_is_refused(schema: Schema, tmp_path: Path, spoil: Any, says: str) -> None:
    content = schema.model_dump(mode="json")
    spoil(content)
    path = tmp_path / "schema.yaml"
    path.write_text(yaml.safe_dump(content))
    with pytest.raises(SchemaError, match=says):
        read_schema(path)


def test_another_companys_columns_need_no_code(tmp_path: Path) -> None:
    path = tmp_path / "schema.yaml"
    path.write_text(
        """
name: cards
title: Card campaign
reference: customer_id
outcome: {column: bought, positive: "1", negative: "0", label: Bought a card}
columns:
  - {name: annual_income, label: Annual income, type: number, role: profile, minimum: 0, unit: EUR}
  - {name: dependents, label: Dependents, type: integer, role: profile, minimum: 0, maximum: 20}
"""
    )
    assert read_schema(path).feature_names == ["annual_income", "dependents"]
    assert read_schema(path).by_name["annual_income"].parse("30500.5") == 30500.5


def test_a_missing_or_broken_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SchemaError, match="cannot be read"):
        read_schema(tmp_path / "none.yaml")
    (tmp_path / "broken.yaml").write_text("columns: [")
    with pytest.raises(SchemaError, match="is not YAML"):
        read_schema(tmp_path / "broken.yaml")


BUNDLED = read_schema(ROOT / "data" / "schema.yaml")


@given(raw=st.one_of(st.text(), st.integers(), st.floats(), st.none(), st.booleans()))
def test_whatever_comes_in_is_a_value_within_the_rule_or_a_refusal(raw: Any) -> None:
    for column in BUNDLED.columns:
        with suppress(ValueError):
            value = column.parse(raw)
            assert column.parse(value) == value
            assert isinstance(value, str) == column.is_category
            assert (
                value in column.categories
                if column.is_category
                else isinstance(value, int | float) and math.isfinite(value)
            )


@pytest.mark.parametrize(
    ("age", "group"),
    [(17, "under 30"), (29, "under 30"), (30, "30 to under 40"), (59, "50 to under 60"), (60, "60 and above"),
     (110, "60 and above"), (29.5, "under 30")],
)  # fmt: skip
def test_a_number_is_in_the_group_that_its_bounds_say(schema: Schema, age: float, group: str) -> None:
    assert schema.by_name["age"].group(age) == group
    assert group in schema.by_name["age"].groups


def test_a_reason_has_the_schemas_own_words_for_a_value_or_its_group(schema: Schema) -> None:
    said = {name: schema.by_name[name].own_words for name in ("age", "job", "pdays", "previous")}
    assert said["job"]("retired") == "Retired people"
    assert said["age"](67) == "People of 60 and above"
    assert said["previous"](0) == "Never called before this campaign"
    assert said["pdays"](999) == "No date of an earlier contact is known"
    assert said["pdays"](6) is None
    assert said["previous"](7) is None


def test_a_reason_has_the_words_of_another_language_where_the_schema_has_them(schema: Schema) -> None:
    job, age = schema.by_name["job"], schema.by_name["age"]
    assert job.own_words("retired", "de") == "Personen im Ruhestand"
    assert age.own_words(67, "de") == "Personen ab 60"
    assert job.wording("de").raises == "{value} sagen öfter Ja als sonst gleiche Personen"
    assert job.own_words("retired", "fr") == "Retired people"
    assert job.wording("fr") == job.reason


def test_reasons_in_another_language_are_never_half_in_the_schemas_own(schema: Schema) -> None:
    content = schema.model_dump(mode="json")
    content["words"]["de"]["columns"]["job"]["reason"] = {"values": {"student": "Studierende"}}
    job = Schema.model_validate(content).by_name["job"]
    assert job.own_words("student", "de") == "Studierende"
    assert job.own_words("retired", "de") is None
    assert job.wording("de").raises == ""


def test_every_worded_reason_of_the_sample_schema_is_worded_in_german(schema: Schema) -> None:
    for column in schema.columns:
        own, german = column.reason, column.words("de").reason
        assert german.values.keys() == own.values.keys(), column.name
        assert (bool(german.raises), bool(german.lowers)) == (bool(own.raises), bool(own.lowers)), column.name


@pytest.mark.parametrize(
    ("reason", "why"),
    [
        ({"values": {"old": "Alte"}}, "words in 'de': column 'age' has no value or group 'old'"),
        ({"raises": "{name} sagen Ja"}, "the places of a reason are {value} and {label}, not {name}"),
        ({"rises": "Ja"}, "Extra inputs are not permitted"),
    ],
)
def test_a_wrong_reason_in_another_language_is_refused(schema: Schema, reason: dict[str, Any], why: str) -> None:
    content = schema.model_dump(mode="json")
    content["words"]["de"]["columns"]["age"]["reason"] = reason
    with pytest.raises(ValidationError, match=re.escape(why)):
        Schema.model_validate(content)


def test_how_reasons_are_worded_makes_no_other_model(schema: Schema) -> None:
    content = schema.model_dump(mode="json")
    break_column(content, reason={"raises": "{value}: more often than most"})
    assert Schema.model_validate(content).hash == schema.hash
    content["words"]["de"]["columns"]["age"]["reason"] = {"raises": "{value}: öfter als die meisten"}
    assert Schema.model_validate(content).hash == schema.hash
    break_column(content, label="Years")
    assert Schema.model_validate(content).hash != schema.hash


def test_a_special_value_is_a_group_of_its_own(schema: Schema) -> None:
    days = Column.model_validate({**schema.by_name["pdays"].model_dump(), "bounds": [7]})
    assert days.groups == ("under 7", "7 and above", "never contacted before")
    assert [days.group(value) for value in (6, 7, 999, 999.0, 998)] == [
        "under 7", "7 and above", "never contacted before", "never contacted before", "7 and above",
    ]  # fmt: skip


def test_words_are_their_own_groups_and_a_number_without_bounds_has_none(schema: Schema) -> None:
    assert schema.by_name["marital"].groups == schema.by_name["marital"].categories
    assert schema.by_name["marital"].group("single") == "single"
    with pytest.raises(ValueError, match="'previous' fall into no groups"):
        schema.by_name["previous"].group(1)
