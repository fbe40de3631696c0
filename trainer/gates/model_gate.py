"""The model gate: Deepchecks on samples of the windows that the model learnt from and is judged on.

Its conditions find a broken model, not a weak one: a column that gives the outcome away, people or times in both
windows, a model that guesses, overfits, or is too slow to serve. Drift between the windows is no fault: drift is the
reason to train again.
"""

from __future__ import annotations

import logging
import tempfile
from pathlib import Path

import pandas as pd
from deepchecks.core import ConditionCategory
from deepchecks.core.suite import SuiteResult
from deepchecks.tabular import Dataset, Suite
from deepchecks.tabular import checks as deep
from deepchecks.utils.logger import set_verbosity

from core.models.gates import Gate
from core.models.proof import Model
from core.schema import Schema
from trainer.data.snapshot import AT, OUTCOME, PROSPECT
from trainer.data.split import Split
from trainer.gates.verdict import Verdict

REPORT = "deepchecks.html"
SAMPLE = 3_000
LEAK = 0.7  # predictive power score (0 to 1) of one column alone; real columns score far below
SECONDS_A_ROW = 0.01
AUC = {"AUC": "roc_auc"}


def validate(model: Model, split: Split, schema: Schema, *, auc: float, seed: int) -> Verdict:
    """Check `model` against the conditions; the AUC on the newest outcomes must exceed 0.5 + `auc` (may be below 0)."""
    set_verbosity(logging.ERROR)
    # The report is stored and names the people it finds in both windows: by numbers that identify nobody elsewhere.
    numbers = {key: place for place, key in enumerate(pd.concat([split.fit[PROSPECT], split.test[PROSPECT]]).unique())}
    numbered = (window.assign(**{PROSPECT: window[PROSPECT].map(numbers)}) for window in (split.fit, split.test))
    train, test = (_dataset(window, schema, seed) for window in numbered)
    data, evaluation = _suites(auc)
    data_result = data.run(train_dataset=train, test_dataset=test)
    model_result = evaluation.run(train_dataset=train, test_dataset=test, model=model)
    result = SuiteResult("Validation of a candidate", [*data_result.results, *model_result.results])
    broken = _broken(result)
    why = broken[0] if broken else f"the candidate keeps all {_conditions(result)} conditions"
    if len(broken) > 1:
        why += f" (and {len(broken) - 1} more broken conditions)"
    return Verdict(Gate.MODEL, not broken, why, REPORT, _html(result), {"conditions": float(_conditions(result))})


def _suites(auc: float) -> tuple[Suite, Suite]:
    data = Suite(
        "The data",
        deep.FeatureLabelCorrelation().add_condition_feature_pps_less_than(LEAK),
        deep.DateTrainTestLeakageOverlap().add_condition_leakage_ratio_less_or_equal(0),
        deep.IndexTrainTestLeakage().add_condition_ratio_less_or_equal(0),
        deep.ConflictingLabels(),
    )
    # Deepchecks' gain runs from guessing (AUC 0.5) to perfection (1): it is twice the distance from 0.5.
    evaluation = Suite(
        "The model",
        deep.SimpleModelComparison(strategies=["most_frequent"], scorers=AUC).add_condition_gain_greater_than(2 * auc),
        deep.TrainTestPerformance(scorers=AUC).add_condition_train_test_relative_degradation_less_than(0.5),
        deep.ModelInferenceTime().add_condition_inference_time_less_than(SECONDS_A_ROW),
        deep.RocReport(),
        deep.CalibrationScore(),
    )
    return data, evaluation


def _dataset(window: pd.DataFrame, schema: Schema, seed: int) -> Dataset:
    columns = [*schema.feature_names, OUTCOME, AT, PROSPECT]
    return Dataset(
        window[columns].sample(min(SAMPLE, len(window)), random_state=seed).sort_index(),
        label=OUTCOME,
        label_type="binary",
        cat_features=[column.name for column in schema.features if column.is_category],
        datetime_name=AT,
        index_name=PROSPECT,
    )


def _conditions(result: SuiteResult) -> int:
    return sum(len(check.conditions_results) for check in result.get_passed_checks() + result.get_not_passed_checks())


def _broken(result: SuiteResult) -> list[str]:
    """One sentence for every condition that failed, and for every check that could not run."""
    broken = [
        f"{check.get_header()}: {condition.name}; {condition.details}".replace("\n", " ").strip()
        for check in result.get_not_passed_checks()
        for condition in check.conditions_results
        if condition.category is not ConditionCategory.PASS
    ]
    return broken + [
        f"{check.header}: could not be checked; {check.exception}" for check in result.get_not_ran_checks()
    ]


def _html(result: SuiteResult) -> str:
    with tempfile.TemporaryDirectory(prefix="callwise-deepchecks-") as folder:
        path = Path(folder) / REPORT
        result.save_as_html(str(path), as_widget=False)
        return path.read_text(encoding="utf-8")
