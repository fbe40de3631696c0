"""Reasons are true of the very model that gave the score: exactly where it adds its columns up, and as stated else."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

from core.models.proof import Model, predict
from core.schema import Schema
from core.schema.column import Role, Value
from core.scoring.reasons import LEAST, Reason, eligible_columns, strongest
from serving.explain import Explainer, log_odds
from tests.made_up_outcomes import made_up
from trainer.data import split
from trainer.data.snapshot import OUTCOME
from trainer.fitting import calibrate
from trainer.fitting.candidates import Candidate
from trainer.pipeline.registration import reference_of

BOOSTING = {"iterations": 30, "learning_rate": 0.1, "leaves": 6, "leaf_rows": 20, "l2": 1.0}
LINEAR = [Candidate("logistic regression", {"left_out": out, "c": 0.1}) for out in ("nothing", "indicators")]


def rows_of(frame: pd.DataFrame, schema: Schema) -> list[dict[str, Value]]:
    cells = frame[schema.feature_names].astype(object).to_numpy().tolist()
    return [dict(zip(schema.feature_names, row, strict=True)) for row in cells]


def explained(candidate: Candidate, schema: Schema) -> tuple[Model, pd.DataFrame, Explainer]:
    frame = made_up(schema, 1_500)
    cut = split.by_time(frame, OUTCOME, calibration_share=0.2, test_share=0.2)
    model, _ = calibrate.fit(candidate, cut, schema, seed=7)
    reference = reference_of(model, frame, schema)
    return model, reference, Explainer(model, reference, schema)


@pytest.fixture(scope="module")
def boosted(schema: Schema) -> tuple[Model, pd.DataFrame, Explainer]:
    return explained(Candidate("gradient boosting", {"left_out": "nothing", **BOOSTING}), schema)


@pytest.mark.parametrize("candidate", LINEAR, ids=lambda c: str(c.params["left_out"]))
def test_effects_of_a_linear_model_add_up_to_the_log_odds_above_the_average(
    candidate: Candidate, schema: Schema
) -> None:
    model, reference, explainer = explained(candidate, schema)
    assert explainer.exact
    unseen = rows_of(made_up(schema, 300, seed=5), schema)
    effects = explainer.effects(unseen)
    above = log_odds(predict(model, unseen)) - log_odds(predict(model, reference)).mean()
    assert np.abs([sum(effect.values()) for effect in effects] - above).max() < 1e-6
    if candidate.params["left_out"] == "indicators":
        assert {effect["euribor3m"] for effect in effects} == {0.0}


def test_an_effect_is_what_the_weights_say(schema: Schema) -> None:
    model, reference, explainer = explained(LINEAR[0], schema)
    [fitted] = model.calibrated_classifiers_  # type: ignore[attr-defined]
    scaled, classifier = fitted.estimator.steps[0][1], fitted.estimator.steps[1][1]
    names = scaled.named_transformers_["category"].get_feature_names_out()  # they come first
    slope = -fitted.calibrators[0].a_
    weight = {name: slope * value for name, value in zip(names, classifier.coef_[0], strict=False)}
    shares = reference["job"].value_counts(normalize=True)
    average = sum(share * weight[f"job_{job}"] for job, share in shares.items())
    row = {**rows_of(reference, schema)[0], "job": "retired"}
    assert explainer.effects([row])[0]["job"] == pytest.approx(weight["job_retired"] - average, abs=1e-7)


def test_a_column_that_changes_changes_its_own_reason_only(schema: Schema) -> None:
    _, reference, explainer = explained(LINEAR[0], schema)
    row = rows_of(reference, schema)[3]
    other = {**row, "poutcome": "success" if row["poutcome"] != "success" else "failure"}
    before, after = explainer.effects([row, other])
    assert {name for name in before if before[name] != after[name]} == {"poutcome"}
    assert (after["poutcome"] > before["poutcome"]) == (other["poutcome"] == "success")


def test_what_sells_in_the_made_up_world_is_the_reason(schema: Schema) -> None:
    _, reference, explainer = explained(LINEAR[0], schema)
    row = rows_of(reference, schema)[0]
    asked = [{**row, "contact": "cellular", "poutcome": "success", "age": 75},
             {**row, "contact": "telephone", "poutcome": "failure", "age": 20}]  # fmt: skip
    best, worst = explainer.reasons(asked)
    assert {reason.column for reason in best} == {reason.column for reason in worst} == {"contact", "poutcome", "age"}
    assert all(reason.effect > 0 for reason in best)
    assert all(reason.effect < 0 for reason in worst)


def test_the_economy_and_the_calendar_are_nobodys_reason(schema: Schema) -> None:
    names = {column.name for column in eligible_columns(schema)}
    assert not names & {c.name for c in schema.features if c.role is Role.INDICATOR}
    assert not names & {"month", "day_of_week", "duration"}
    assert {"job", "pdays", "campaign", "contact"} <= names


def test_another_model_is_explained_by_the_average_of_what_is_typical(
    boosted: tuple[Model, pd.DataFrame, Explainer], schema: Schema
) -> None:
    model, reference, explainer = boosted
    assert not explainer.exact
    row = {**rows_of(reference, schema)[0], "contact": "cellular", "age": 75}
    [effects] = explainer.effects([row])
    assert set(effects) == {column.name for column in eligible_columns(schema)}
    odds = float(log_odds(predict(model, [row]))[0])
    ages = reference["age"].quantile([1 / 6, 1 / 2, 5 / 6], interpolation="nearest")
    replaced = log_odds(predict(model, [{**row, "age": age} for age in ages]))
    assert effects["age"] == pytest.approx(odds - replaced.mean(), abs=1e-9)
    share = (reference["contact"] == "telephone").mean()
    landline = float(log_odds(predict(model, [{**row, "contact": "telephone"}]))[0])
    assert effects["contact"] == pytest.approx(share * (odds - landline), abs=1e-9)
    assert effects["contact"] > LEAST


def test_many_rows_get_what_each_gets_alone(boosted: tuple[Model, pd.DataFrame, Explainer], schema: Schema) -> None:
    _, _, explainer = boosted
    rows = rows_of(made_up(schema, 600, seed=9), schema)
    together = explainer.reasons(rows)
    assert [explainer.reasons([row])[0] for row in rows[497:503]] == together[497:503]
    assert explainer.reasons([]) == []


class Mixed:
    """Adds up but for one pair of columns."""

    def __init__(self, schema: Schema) -> None:
        self.feature_names_in_: npt.NDArray[np.object_] = np.asarray(schema.feature_names, dtype=object)

    def predict_proba(self, X: pd.DataFrame) -> npt.NDArray[np.float64]:
        """Old people with a landline are another matter."""
        odds = 0.02 * X["age"].to_numpy() - 2 + 0.5 * ((X["contact"] == "telephone") & (X["age"] > 60)).to_numpy()
        score = 1 / (1 + np.exp(-odds))
        return np.column_stack([1 - score, score])


def test_a_model_that_hardly_mixes_its_columns_is_not_taken_for_one_that_adds_them_up(schema: Schema) -> None:
    frame = made_up(schema, 500)
    model = Mixed(schema)
    assert predict(model, frame).shape == (500,)
    assert not Explainer(model, frame, schema).exact


def test_weak_effects_are_no_reasons_and_equal_ones_keep_an_order() -> None:
    assert strongest({"a": 0.049, "b": -0.01}) == ()
    found = strongest({"d": 0.2, "c": -0.2, "b": 0.05, "a": 1.0, "e": 0.1})
    assert found == (Reason("a", 1.0), Reason("c", -0.2), Reason("d", 0.2))
