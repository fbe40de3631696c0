"""Calibration: scores become probabilities, by a window of outcomes that the model was not fitted on.

The sigmoid is learnt from what the model, fitted on the older window, says of the calibration window. Then the model
is fitted again on both, because the newest outcomes are worth the most, and keeps the sigmoid; scikit-learn's own
`CalibratedClassifierCV(ensemble=False)` does the same, but not in time order. What comes out is validated as it is.

Platt's sigmoid rather than isotonic regression: it keeps every difference in rank that the model makes, where isotonic
steps would tie hundreds of prospects, and it needs only the few sales a window has (Niculescu-Mizil and Caruana,
*Predicting Good Probabilities with Supervised Learning*, 2005).
"""

from __future__ import annotations

import pandas as pd
from sklearn.calibration import CalibratedClassifierCV
from sklearn.metrics import brier_score_loss, log_loss
from sklearn.pipeline import Pipeline
from threadpoolctl import threadpool_limits

from core.model_registry import Model, predict
from core.schema import Schema
from trainer.candidates import Candidate, build
from trainer.snapshot import OUTCOME
from trainer.split import Split


def fit(candidate: Candidate, split: Split, schema: Schema, seed: int) -> tuple[Model, dict[str, float]]:
    """The fitted and calibrated model of `candidate`, and what calibration changed on the test window."""

    def fitted(window: pd.DataFrame) -> Pipeline:
        with threadpool_limits(1):
            return build(candidate, schema, seed).fit(window[schema.feature_names], window[OUTCOME])

    window = split.calibration
    calibrated = CalibratedClassifierCV(fitted(split.fit), method="sigmoid", cv="prefit")
    calibrated.fit(window[schema.feature_names], window[OUTCOME])
    model = fitted(pd.concat([split.fit, split.calibration], ignore_index=True))
    calibrated.estimator = model
    for part in calibrated.calibrated_classifiers_:
        part.estimator = model
    return calibrated, figures(model, calibrated, split.test)


def figures(before: Model, after: Model, test: pd.DataFrame) -> dict[str, float]:
    """Brier score and log loss on `test` (n rows that neither was fitted on), before and after calibration."""
    outcome = test[OUTCOME].to_numpy()
    scores = {"before": predict(before, test), "after": predict(after, test)}
    return {
        **{f"brier_{when}": float(brier_score_loss(outcome, given)) for when, given in scores.items()},
        **{f"log_loss_{when}": float(log_loss(outcome, given)) for when, given in scores.items()},
    }
