from datetime import UTC, datetime
from typing import Any

import pytest

from app.calls import person
from core.schema import Schema
from core.schema.column import Role
from core.stores.mongo import Db


def test_every_feature_is_shown_once_under_its_role(schema: Schema) -> None:
    sections = person.sections(schema, {"age": 41, "pdays": 999})
    labels = [label for section in sections for label, _ in section.fields]
    assert sorted(labels) == sorted(column.label for column in schema.features)
    assert [section.role for section in sections] == [Role.PROFILE, Role.HISTORY, Role.CALL_CONTEXT, Role.INDICATOR]
    assert dict(sections[1].fields)["Days since the last campaign's contact"] == "Never contacted before"


def test_another_company_s_columns_need_no_code(schema: Schema) -> None:
    income = {"name": "annual_income", "label": "Income", "type": "integer", "role": "profile", "unit": "EUR"}
    other = Schema.model_validate(
        {"name": "loans", "title": "Loans", "outcome": schema.outcome.model_dump(), "columns": [income]}
    )
    assert [(s.title, s.fields) for s in person.sections(other, {"annual_income": 52000})] == [
        ("Who they are", (("Income", "52,000 EUR"),))
    ]
    assert [column.name for column in person.key_columns(other)] == ["annual_income"]


def test_the_list_shows_segments_and_what_came_of_earlier_calls(schema: Schema) -> None:
    assert [column.name for column in person.key_columns(schema)] == ["job", "marital", "age", "poutcome"]


@pytest.mark.mongo
def test_the_economy_shown_is_the_one_the_score_rests_on(db: Db, schema: Schema) -> None:
    schema = Schema.model_validate({**schema.model_dump(), "calendar": None, "calls": None})
    prospect: dict[str, Any] = {"features": {"age": 41}, "economy": "", "prediction": None}
    assert person.features(db, schema, prospect) == {"age": 41}, "not ranked yet"
    db.predictions.insert_one({"_id": "r:0", "features": {"age": 41, "euribor3m": 2.04}})
    assert person.features(db, schema, {**prospect, "economy": "5f", "prediction": "r:0"}) == {
        "age": 41,
        "euribor3m": 2.04,
    }
    assert person.features(db, schema, {**prospect, "economy": "5f", "prediction": "in the spool"}) == {"age": 41}
    assert person.features(db, schema, {"features": {"age": 41}, "prediction": "r:0"}) == {"age": 41}, (
        "the file had its own"
    )


def test_the_columns_of_the_call_are_those_of_a_call_now(
    db: Db, schema: Schema, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(person, "now", lambda: datetime(2026, 8, 12, 9, tzinfo=UTC))
    prospect = {"features": {"age": 41, "month": "may", "day_of_week": "mon", "campaign": 1}, "calls": 2}
    assert person.features(db, schema, prospect) == {
        "age": 41, "month": "aug", "day_of_week": "wed", "campaign": 3,
    }  # fmt: skip
