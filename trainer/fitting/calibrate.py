"""Calibration: scores become probabilities, by the newest outcomes before the test window.

The model is fitted on everything before the test window, because the newest outcomes are worth the most. What its
scores are worth is learnt on the calibration window alone, block by block: a model fitted on all the rest says what it
thinks of a block it has not seen. So the sigmoid sees honest scores of models that know the same times as the one that
is kept. (A sigmoid learnt from a model that ends before the window is worthless to one that does not: in the published
campaign's change of economy in 2008 it tripled the log loss.)

Platt's sigmoid rather than isotonic regression: it keeps every difference in rank that the model makes, where isotonic
steps would tie hundreds of prospects, and it needs only the few sales a window has (Niculescu-Mizil and Caruana,
*Predicting Good Probabilities with Supervised Learning*, 2005). Its slope has a normal prior around 1, which is what
the model itself says: some dozen sales say little about it, and what they say by chance is worse than nothing
(docs/decisions/0008-recipe.md).
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.optimize import minimize
from scipy.special import expit
from sklearn.calibration import CalibratedClassifierCV
from sklearn.metrics import brier_score_loss, log_loss
from sklearn.pipeline import Pipeline
from threadpoolctl import threadpool_limits

from core.models.proof import Model, Scores, predict
from core.schema import Schema
from trainer.data.snapshot import OUTCOME
from trainer.data.split import Split
from trainer.fitting.candidates import Candidate, build

BLOCKS = 5
SLOPE_SD = 0.15
"""Standard deviation of the prior on the slope, around 1."""


def fit(candidate: Candidate, split: Split, schema: Schema, seed: int) -> tuple[Model, dict[str, float]]:
    """The fitted and calibrated model of `candidate`, and what calibration changed on the test window."""

    def fitted(*windows: pd.DataFrame) -> Pipeline:
        rows = pd.concat(windows, ignore_index=True)
        with threadpool_limits(1):
            return build(candidate, schema, seed).fit(rows[schema.feature_names], rows[OUTCOME])

    window = split.calibration
    unseen = np.empty(len(window))
    for block in np.array_split(np.arange(len(window)), BLOCKS):
        asked = window.iloc[block.tolist()]
        unseen[block] = _log_odds(fitted(split.fit, window.drop(index=asked.index)), asked, schema)
    model = fitted(split.fit, window)
    calibrated = CalibratedClassifierCV(model, method="sigmoid", cv="prefit")
    calibrated.fit(window[schema.feature_names], window[OUTCOME])
    slope, intercept = sigmoid(unseen, window[OUTCOME].to_numpy())
    calibrator = calibrated.calibrated_classifiers_[0].calibrators[0]
    calibrator.a_, calibrator.b_ = -slope, -intercept  # scikit-learn's sigmoid is 1 / (1 + exp(a x + b))
    return calibrated, {"slope": slope, "intercept": intercept, **figures(model, calibrated, split.test)}


def sigmoid(log_odds: Scores, sold: Scores) -> tuple[float, float]:
    """Slope and intercept that turn a model's log-odds into calibrated ones: n calls, `sold` 0 or 1, both of shape [n].

    The mode of the posterior, by BFGS: of a logistic regression on Platt's targets, which lie a little within 0 and 1
    so that a window of one outcome has an answer, too, with the prior on the slope. A slope that would turn the list
    upside down is none: then the model's own log-odds are kept (1, 0).
    """
    sales = float(sold.sum())
    target = np.where(sold > 0, (sales + 1) / (sales + 2), 1 / (len(sold) - sales + 2))

    def loss(at: Scores) -> tuple[float, Scores]:
        slope, intercept = at
        odds = slope * log_odds + intercept
        off = expit(odds) - target
        value = (np.logaddexp(0, odds) - target * odds).sum() + ((slope - 1) / SLOPE_SD) ** 2 / 2
        return float(value), np.array([(off * log_odds).sum() + (slope - 1) / SLOPE_SD**2, off.sum()])

    slope, intercept = minimize(loss, np.array([1.0, 0.0]), jac=True, method="BFGS").x
    return (float(slope), float(intercept)) if slope > 0 else (1.0, 0.0)


def _log_odds(model: Pipeline, rows: pd.DataFrame, schema: Schema) -> Scores:
    """The log-odds of a sale, shape [n]: the decision function of every kind of candidate there is."""
    odds: Scores = model.decision_function(rows[schema.feature_names])
    return odds


def figures(before: Model, after: Model, test: pd.DataFrame) -> dict[str, float]:
    """Brier score and log loss on `test` (n rows that neither was fitted on), before and after calibration."""
    outcome = test[OUTCOME].to_numpy()
    scores = {"before": predict(before, test), "after": predict(after, test)}
    return {
        **{f"brier_{when}": float(brier_score_loss(outcome, given)) for when, given in scores.items()},
        **{f"log_loss_{when}": float(log_loss(outcome, given)) for when, given in scores.items()},
    }
