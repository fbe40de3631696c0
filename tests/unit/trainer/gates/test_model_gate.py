"""The model gate: a sane model passes; a broken one is refused, with the check named."""

import numpy as np
import pandas as pd

from core.schema import Schema
from tests.made_up_outcomes import made_up
from trainer.data import split
from trainer.data.snapshot import OUTCOME, PROSPECT
from trainer.data.split import Split
from trainer.fitting import calibrate
from trainer.fitting.candidates import Candidate
from trainer.gates import model_gate
from trainer.gates.verdict import Verdict

LOGISTIC = Candidate("logistic regression", {"left_out": "nothing", "c": 0.05})


def windows(frame: pd.DataFrame) -> Split:
    return split.by_time(frame, OUTCOME, calibration_share=0.15, test_share=0.3)


def judged(cut: Split, schema: Schema) -> Verdict:
    model, _ = calibrate.fit(LOGISTIC, cut, schema, seed=7)
    return model_gate.validate(model, cut, schema, auc=0.05, seed=7)


def test_a_sane_model_passes_and_its_report_is_whole(schema: Schema) -> None:
    verdict = judged(windows(made_up(schema)), schema)
    assert verdict.passed, verdict.why
    assert verdict.figures["conditions"] >= 6
    assert "Simple Model Comparison" in verdict.report


def test_shuffled_labels_are_refused(schema: Schema) -> None:
    frame = made_up(schema)
    frame[OUTCOME] = np.random.default_rng(2).permutation(frame[OUTCOME])
    verdict = judged(windows(frame), schema)
    assert not verdict.passed
    assert "Simple Model Comparison" in verdict.why


def test_a_column_that_gives_the_outcome_away_is_refused(schema: Schema) -> None:
    frame = made_up(schema)
    frame["previous"] = frame[OUTCOME] * 3
    verdict = judged(windows(frame), schema)
    assert not verdict.passed
    assert "previous" in verdict.why


def test_the_same_people_in_both_windows_are_refused(schema: Schema) -> None:
    cut = windows(made_up(schema))
    cut.test[PROSPECT] = cut.fit[PROSPECT].head(len(cut.test)).to_numpy()
    verdict = judged(cut, schema)
    assert not verdict.passed
    assert "Index" in verdict.why


def test_the_report_names_nobody(schema: Schema) -> None:
    cut = windows(made_up(schema))
    cut.test[PROSPECT] = cut.fit[PROSPECT].head(len(cut.test)).to_numpy()
    report = judged(cut, schema).report
    assert not [key for key in cut.fit[PROSPECT].head(len(cut.test)) if key in report]
