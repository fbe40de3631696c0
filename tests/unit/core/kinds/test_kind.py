"""A kind's own names, and a wrong file of a kind: refused with its place."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from core.errors import SchemaError
from core.kinds.kind import Kind, read_kind, settings_of
from core.schema import Schema
from core.settings.addresses import DatasetSettings, MongoSettings, RegistrySettings, S3Settings
from core.settings.group import ROOT
from core.settings.loop import ServingSettings

CONTENT = (ROOT / "tests" / "schemas" / "bank-full.yaml").read_text(encoding="utf-8")


class Everything(MongoSettings, RegistrySettings, S3Settings, DatasetSettings, ServingSettings):
    """All settings with names that a kind has of its own."""


def settings() -> Everything:
    return Everything(
        mongodb_uri=SecretStr("mongodb://127.0.0.1"),
        mlflow_tracking_uri="http://127.0.0.1",
        s3_endpoint_url="http://127.0.0.1",
        s3_access_key="a",
        s3_secret_key=SecretStr("b3c"),
        callwise_data_registry=Path("/data/registry"),
        callwise_spool_dir=Path("/data/spool"),
        callwise_routing_key=SecretStr("b3c"),
    )


def test_a_kind_has_names_of_its_own_and_the_shipped_one_those_of_the_settings(schema: Schema) -> None:
    shipped, other = Kind("bank-marketing", schema, shipped=True), Kind("car-loans", schema)
    assert settings_of(settings(), shipped) == settings()
    own = settings_of(settings(), other)
    changed = {name for name in Everything.model_fields if getattr(own, name) != getattr(settings(), name)}
    assert changed == {
        *("callwise_model_name", "callwise_experiment", "callwise_data_registry"),
        *("callwise_spool_dir", "s3_bucket_datasets"),
    }
    assert (own.callwise_model_name, own.callwise_experiment) == (
        "prospect-scorer-car-loans",
        "continuous-training-car-loans",
    )
    assert (own.callwise_data_registry, own.callwise_spool_dir) == (
        Path("/data/registry-car-loans"),
        Path("/data/spool/kinds/car-loans"),
    )
    assert own.s3_bucket_datasets == "callwise-datasets/kinds/car-loans"
    assert (shipped.project, other.project) == ("Callwise", "Callwise car-loans")
    assert (shipped.label("rank"), other.label("rank")) == ("rank", "rank car-loans")


def test_the_file_of_another_company_is_a_kind() -> None:
    assert read_kind(CONTENT, "kind").name == "bank-marketing-full"


@pytest.mark.parametrize("name", ["Car-loans", "car_loans", "car loans", "-car", "car-", "car--loans", "1st", "a" * 41])
def test_a_name_that_is_no_name_is_refused_with_its_place(name: str) -> None:
    text = CONTENT.replace("name: bank-marketing-full", f"name: {name}")
    with pytest.raises(SchemaError, match=r"line 2, column 7, name: must be lower-case words with dashes"):
        read_kind(text, "kind car.yaml")


@pytest.mark.parametrize(
    ("was", "is_now", "place"),
    [
        ("outcome: {column: y", "outcome: {colunm: y", r"line 4, column \d+, outcome.colunm"),
        ("type: integer, role: profile, minimum: 18", "type: whole, role: profile, minimum: 18", "columns.0.type"),
        ("segments: [job, marital]", "segments: [job, marital", "line 7, column 8"),
        (
            "segments: [job, marital]",
            "segments: [job, nobody]",
            r"line 6, column 17, segments.1: 'nobody' is not a column",
        ),
    ],
)
def test_whatever_is_wrong_is_said_with_its_line(was: str, is_now: str, place: str) -> None:
    assert was in CONTENT
    with pytest.raises(SchemaError, match=place):
        read_kind(CONTENT.replace(was, is_now), "kind car.yaml")
