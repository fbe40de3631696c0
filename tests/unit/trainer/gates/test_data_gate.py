"""The data gate: a snapshot that keeps the schema passes; every way of breaking it is named by column and rule."""

import json
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from core.schema import Schema
from tests.made_up_outcomes import made_up
from trainer.gates.data_gate import suite, validate

Break = Callable[[pd.DataFrame], pd.DataFrame]


@pytest.fixture(scope="module")
def frame(schema: Schema) -> pd.DataFrame:
    return made_up(schema, 1_500)


def cell(column: str, value: object) -> Break:
    """Break one cell of `column`."""

    def broken(frame: pd.DataFrame) -> pd.DataFrame:
        cells = frame[column].tolist()
        cells[7] = value
        return frame.assign(**{column: pd.Series(cells, index=frame.index).infer_objects()})

    return broken


def test_a_sane_snapshot_passes(frame: pd.DataFrame, schema: Schema) -> None:
    verdict = validate(frame, schema, minimum_outcomes=1_000)
    assert verdict.passed, verdict.why
    assert json.loads(verdict.report)["success"] is True


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (cell("age", 300), "column 'age' breaks the rule 'a whole number from 17 to 110' in 1 of 1500 outcomes"),
        (cell("age", None), "column 'age' breaks the rule 'not empty' in 1 of 1500 outcomes"),
        (cell("age", 40.5), "column 'age' breaks the rule 'a whole number': it holds float64"),
        (cell("job", "astronaut"), "for example 'astronaut'"),
        (cell("job", None), "column 'job' breaks the rule 'not empty'"),
        (cell("euribor3m", np.nan), "column 'euribor3m' breaks the rule 'not empty'"),
        (lambda f: f.assign(euribor3m=-99.0), "column 'euribor3m' breaks the rule 'a number from -2 to 20' in 1500"),
        (lambda f: f.drop(columns="loan"), "column 'loan' breaks the rule 'not empty': it is missing"),
        (lambda f: f.iloc[::-1], "column 'at' breaks the rule 'in time order'"),
        (lambda f: f.assign(outcome=0), "column 'outcome' breaks the rule 'both outcomes'"),
        (lambda f: f.head(200), "the rule 'at least 1000 outcomes' does not hold: there are 200"),
    ],
    ids=["range", "empty", "whole", "category", "no-word", "nan", "broken-source", "column", "order", "class", "few"],
)
def test_a_broken_snapshot_is_refused(frame: pd.DataFrame, schema: Schema, broken: Break, said: str) -> None:
    verdict = validate(broken(frame), schema, minimum_outcomes=1_000)
    assert not verdict.passed
    assert said in verdict.why
    assert json.loads(verdict.report)["success"] is False


def test_a_code_may_lie_outside_of_the_range(frame: pd.DataFrame, schema: Schema) -> None:
    columns = [{**c, "maximum": 100} if c["name"] == "pdays" else c for c in schema.model_dump()["columns"]]
    narrow = Schema.model_validate({**schema.model_dump(), "columns": columns})
    assert (frame["pdays"] == 999).any()
    assert validate(frame, narrow, minimum_outcomes=1_000).passed
    wrong = validate(cell("pdays", 500)(frame), narrow, minimum_outcomes=1_000)
    assert "for example 500" in wrong.why


def test_every_feature_has_its_rules(schema: Schema) -> None:
    ruled = {item.column for item in suite(schema, minimum_outcomes=1).expectations if hasattr(item, "column")}
    assert set(schema.feature_names) <= ruled
