"""A compiled model gives the scores of its pipeline, whatever the schema, the kind of model and the rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.linear_model import Ridge

from core.errors import ModelError
from core.models.compiled import compilation
from core.models.compiled.compilation import compiled, proven
from core.models.compiled.encoding import FEW, CannotCompile
from core.models.proof import Model, Proof, cells, predict
from core.schema import Schema, read_schema
from core.schema.column import BLANK, Column, Value
from core.settings.group import ROOT
from replay.living.files import SCHEMA as LIVING
from trainer.fitting.candidates import BOOSTING, FIRST, LOGISTIC, Candidate, build
from trainer.pipeline.registration import difference, proof_inputs

SHIPPED = read_schema(ROOT / "data" / "schema.yaml")


def only(keep: Callable[[Column], bool], **changed: Any) -> Schema:
    """The shipped kind with those of its features that `keep` names, each with the changed fields."""
    content = SHIPPED.model_dump()
    kept = {column.name for column in SHIPPED.features if keep(column)}
    features = {column.name for column in SHIPPED.features}
    content["columns"] = [
        {**one, **(changed if one["name"] in kept else {})}
        for one in content["columns"]
        if one["name"] in kept or one["name"] not in features
    ]
    return Schema.model_validate({**content, "calendar": None, "calls": None, "segments": (), "words": {}})


SCHEMAS = {
    "words alone": only(lambda column: column.is_category),
    "numbers that may be blank": only(lambda column: not column.is_category, optional=True),
    "shipped": SHIPPED,
    "older file": read_schema(ROOT / "tests" / "schemas" / "bank-full.yaml"),
    "all sorts of columns": LIVING,
}
CANDIDATES = [Candidate(str(first["kind"]), {k: v for k, v in first.items() if k != "kind"}) for first in FIRST]
WITHOUT_INDICATORS = [Candidate(one.kind, {**one.params, "left_out": "indicators"}) for one in CANDIDATES]
ROWS = 400
Fitted = tuple[Model, list[dict[str, Value]]]


def value(column: Column, rng: np.random.Generator) -> Value:
    if column.optional and rng.random() < 0.2:
        return BLANK if column.is_category else None
    if column.is_category:
        words = [*column.categories, *(f"word {place}" for place in range(5 * column.open))]
        return str(rng.choice(words))
    if column.special and rng.random() < 0.3:
        return int(rng.choice(list(column.special)))
    low = -1e6 if column.minimum is None else column.minimum
    high = 1e6 if column.maximum is None else column.maximum
    number = float(rng.uniform(low, min(high, low + 1e3)))
    return round(number) if column.type == "integer" else number


def rows_of(schema: Schema, seed: int, many: int) -> list[dict[str, Value]]:
    rng = np.random.default_rng(seed)
    return [{column.name: value(column, rng) for column in schema.features} for _ in range(many)]


def fit(schema: Schema, candidate: Candidate) -> Fitted:
    rows = rows_of(schema, 1, ROWS)
    frame = pd.DataFrame({name: cells([row[name] for row in rows]) for name in schema.feature_names})
    sold = (np.random.default_rng(2).random(ROWS) < np.linspace(0.1, 0.6, ROWS)).astype(int)
    model = build(candidate, schema, 0).fit(frame, sold)
    calibrated = CalibratedClassifierCV(model, method="sigmoid", cv="prefit").fit(frame, sold)
    return calibrated, rows


@pytest.fixture(scope="module", params=list(SCHEMAS))
def schema(request: pytest.FixtureRequest) -> Schema:
    return SCHEMAS[request.param]


@pytest.fixture(
    scope="module", params=[*CANDIDATES, *WITHOUT_INDICATORS], ids=lambda one: f"{one.kind}, {one.params['left_out']}"
)
def fitted(schema: Schema, request: pytest.FixtureRequest) -> Fitted:
    return fit(schema, request.param)


def apart(model: Model, rows: list[dict[str, Value]]) -> float:
    return float(np.abs(compiled(model).score(rows) - predict(model, rows)).max())


def test_it_scores_rows_that_it_has_learnt_from_and_others(fitted: Fitted, schema: Schema) -> None:
    model, rows = fitted
    assert apart(model, rows) < 1e-11
    assert apart(model, rows_of(schema, 3, 300)) < 1e-11


def test_it_scores_one_row_as_it_scores_it_among_others(fitted: Fitted) -> None:
    model, rows = fitted
    form = compiled(model)
    together = form.score(rows[:20])
    for size in (1, FEW, FEW + 1):
        parts = [form.score(rows[at : min(at + size, 20)]) for at in range(0, 20, size)]
        assert np.concatenate(parts).tolist() == together.tolist()
    assert form.score([]).shape == (0,)


def test_it_scores_odd_values_of_every_column(fitted: Fitted, schema: Schema) -> None:
    """Kind: a compiled form that is equal only where the training had rows."""
    model, rows = fitted
    odd: dict[bool, list[Value]] = {True: ["a word nobody has seen", BLANK], False: [0, -1e9, 1e9, 999, 0.5, 1 / 3]}
    changed = [
        {**rows[place], column.name: value}
        for place, column in enumerate(schema.features)
        for value in [*odd[column.is_category], *column.special, *([None] if not column.is_category else [])]
        if value is not None or column.optional
    ]
    assert apart(model, changed) < 1e-11
    form = compiled(model)
    assert [float(form.score([row])[0]) for row in changed] == form.score(changed).tolist(), "each alone"


def test_a_blank_where_none_may_be_is_refused_alone_and_among_others(schema: Schema) -> None:
    model, rows = fit(schema, CANDIDATES[0])
    form = compiled(model)
    for column in schema.features:
        if not column.is_category and not column.optional and not column.special:
            for size in (1, FEW + 1):
                with pytest.raises(ValueError, match=column.name):
                    form.score([*rows[1:size], {**rows[0], column.name: None}])


def test_each_change_of_a_value_is_that_of_a_whole_row(fitted: Fitted, schema: Schema) -> None:
    model, rows = fitted
    form = compiled(model)
    inputs = form.encoding.of(rows[:10])
    for column in schema.features:
        other = rows[20][column.name]
        alone = form.of_inputs(form.encoding.with_value(inputs, column.name, other))
        assert alone.tolist() == form.score([{**row, column.name: other} for row in rows[:10]]).tolist()
    assert form.of_inputs(inputs).tolist() == form.score(rows[:10]).tolist(), "the inputs are as they were"


@pytest.mark.parametrize("kind", [LOGISTIC, BOOSTING])
def test_a_version_is_not_registered_where_the_two_differ_and_is_served_by_its_pipeline(
    kind: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    schema = SCHEMAS["shipped"]
    model, rows = fit(schema, next(one for one in CANDIDATES if one.kind == kind))
    frame = pd.DataFrame(rows)
    proof = Proof.for_model(model, proof_inputs(frame, schema))
    assert difference(model, proof) < 1e-11
    assert proven(model, proof, "version 1") is not None
    off = Proof(proof.inputs, [proof.scores[0] + 1e-6, *proof.scores[1:]])
    with pytest.raises(ModelError, match=r"differs from its pipeline by 1e-06; at most 1e-09 is allowed"):
        difference(model, off)
    assert proven(model, off, "version 1") is None
    assert "version 1 is scored by its pipeline: its arithmetic differs by 1e-06" in caplog.text
    never = Proof(proof.inputs, [float("nan"), *proof.scores[1:]])
    with pytest.raises(ModelError):
        difference(model, never)


class Another:
    """A model of a form that nothing here stands for."""

    def __init__(self, **fitted: Any) -> None:
        vars(self).update(fitted)


@pytest.mark.parametrize("fitted", [{}, {"calibrated_classifiers_": []}])
def test_any_other_model_is_refused_at_registration_and_served_by_its_pipeline(
    fitted: Mapping[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    model: Any = Another(**fitted)
    with pytest.raises(CannotCompile):
        compiled(model)
    with pytest.raises(ModelError, match="no compiled form"):
        difference(model, Proof([], []))
    assert proven(model, Proof([], []), "version 2") is None
    assert "version 2 is scored by its pipeline" in caplog.text
    with pytest.raises(CannotCompile, match="Ridge"):
        compilation._sum(Ridge())
