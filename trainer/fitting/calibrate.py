"""Calibration: scores become probabilities, with the newest outcomes before the test window.

The model is fitted on everything before the test window, because the newest outcomes are worth the most. The sigmoid
learns on the calibration window alone, block by block: a model fitted on all other rows scores a block it has not seen.
So the sigmoid sees honest scores of models that know the same times as the final one. (A sigmoid from a model that ends
before the window does not fit one that includes the window: in the published campaign's change of economy in 2008 it
tripled the log loss.)

Platt's sigmoid, not isotonic regression: the sigmoid preserves every difference in rank, where isotonic steps would tie
hundreds of prospects, and it needs only the few sales of a window (Niculescu-Mizil and Caruana, *Predicting Good
Probabilities with Supervised Learning*, 2005). Its slope has a normal prior around 1, the model's own slope, because
a few dozen sales say little about it (docs/decisions/0008-recipe.md).
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
    """The fitted and calibrated model of `candidate`, and the effect of calibration on the test window."""

    def fitted(*windows: pd.DataFrame) -> Pipeline:
        rows = pd.concat(windows, ignore_index=True)
        with threadpool_limits(1):
            return build(candidate, schema, seed).fit(rows[schema.feature_names], rows[OUTCOME])

    window = split.calibration
    unseen = np.empty(len(window))
    for block in np.array_split(np.arange(len(window)), BLOCKS):
        rows = window.iloc[block.tolist()]
        # The decision function of every kind of candidate is the log-odds of a sale.
        blind = fitted(split.fit, window.drop(index=rows.index))
        unseen[block] = blind.decision_function(rows[schema.feature_names])
    model = fitted(split.fit, window)
    calibrated = CalibratedClassifierCV(model, method="sigmoid", cv="prefit")
    calibrated.fit(window[schema.feature_names], window[OUTCOME])
    slope, intercept = sigmoid(unseen, window[OUTCOME].to_numpy())
    calibrator = calibrated.calibrated_classifiers_[0].calibrators[0]
    calibrator.a_, calibrator.b_ = -slope, -intercept  # scikit-learn's sigmoid is 1 / (1 + exp(a x + b))
    return calibrated, {"slope": slope, "intercept": intercept, **figures(model, calibrated, split.test)}


def sigmoid(log_odds: Scores, sold: Scores) -> tuple[float, float]:
    """Slope and intercept that calibrate a model's log-odds: n calls, `sold` 0 or 1, both of shape [n].

    The mode of the posterior, by BFGS: a logistic regression with the prior on the slope, on Platt's targets, which are
    slightly inside 0 and 1 so that a window with one outcome has a solution, too. A slope that is not above 0 would
    reverse the list: the model's own log-odds then stay (1, 0).
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


def figures(before: Model, after: Model, test: pd.DataFrame) -> dict[str, float]:
    """Brier score and log loss on `test` (n rows that neither model has learnt from), before and after calibration."""
    outcome = test[OUTCOME].to_numpy()
    scores = {"before": predict(before, test), "after": predict(after, test)}
    return {
        **{f"brier_{when}": float(brier_score_loss(outcome, score)) for when, score in scores.items()},
        **{f"log_loss_{when}": float(log_loss(outcome, score)) for when, score in scores.items()},
    }
