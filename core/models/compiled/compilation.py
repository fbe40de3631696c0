"""From a fitted model of `trainer.fitting.candidates` to plain arithmetic.

scikit-learn's pipeline needs a data frame and some thirty calls for a row, whatever its length: milliseconds where the
arithmetic takes microseconds. The compiled form reads the same fitted numbers. It is compared with the pipeline for
every version, when that is registered and again when it is loaded; a version whose forms differ by more than
`core.models.proof.TOLERANCE` is not registered, and is served by its pipeline.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from scipy.special import expit
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression

from core.models.compiled.encoding import CannotCompile, Columns, Encoding, Rows, Vector, encoding_of
from core.models.compiled.models import Linear, Trees
from core.models.level import DECIMALS
from core.models.proof import TOLERANCE, Model, Proof, Scores

log = logging.getLogger(__name__)


class Sum(Protocol):
    """What makes log-odds of a model's input."""

    def log_odds(self, inputs: Vector) -> Vector:
        """The log-odds of n rows with these `inputs` [n, width]."""
        ...


@dataclass(frozen=True)
class Compiled:
    """The `sum` of what `encoding` makes of a row, under the calibrator's `slope` and `intercept`."""

    encoding: Encoding
    sum: Sum
    slope: float
    intercept: float

    def score(self, rows: Rows) -> Scores:
        """The probability of a sale for each of n rows, shape [n], as `core.models.proof.predict` gives it.

        Values are as `Column.parse` leaves them. Raises KeyError for a missing feature.
        """
        return self.of_inputs(self.encoding.of(rows))

    def score_columns(self, columns: Columns, size: int) -> Scores:
        """The same for `size` rows whose features are `columns`."""
        return self.of_inputs(self.encoding.of_columns(columns, size))

    def of_inputs(self, inputs: Vector) -> Scores:
        """The same of n rows whose `inputs` [n, width] the encoding has made."""
        scores: Scores = np.round(expit(self.slope * self.sum.log_odds(inputs) + self.intercept), DECIMALS)
        return scores

    def difference(self, proof: Proof) -> float:
        """The largest difference between its scores and those of `proof`; infinite where one is no number."""
        apart = float(np.abs(self.score(proof.inputs) - np.asarray(proof.scores)).max())
        return apart if np.isfinite(apart) else np.inf


def compiled(model: Model) -> Compiled:
    """The arithmetic of the fitted `model`. Raises CannotCompile for a model of any other form."""
    try:
        [calibrated] = model.calibrated_classifiers_  # type: ignore[attr-defined]
        [calibrator] = calibrated.calibrators
        transformer, classifier = (fitted for _, fitted in _pipeline(calibrated.estimator).steps)
        if not isinstance(transformer, ColumnTransformer):
            raise CannotCompile(type(transformer).__name__)
        return Compiled(encoding_of(transformer), _sum(classifier), -float(calibrator.a_), -float(calibrator.b_))
    except (AttributeError, ValueError, KeyError, TypeError) as error:
        raise CannotCompile(f"{type(error).__name__}: {error}") from error


def proven(model: Model, proof: Proof, name: str) -> Compiled | None:
    """The arithmetic of `model`, where it gives the scores of `proof`; None, with the reason in the log, where not."""
    try:
        form = compiled(model)
        apart = form.difference(proof)
    except CannotCompile as error:
        log.warning("%s is scored by its pipeline: %s", name, error)
        return None
    except Exception:  # whatever the form does, the pipeline scores
        log.exception("%s is scored by its pipeline", name)
        return None
    if not apart <= TOLERANCE:
        log.error("%s is scored by its pipeline: its arithmetic differs by %g", name, apart)
        return None
    return form


def _pipeline(estimator: Any) -> Any:
    return estimator if hasattr(estimator, "steps") else estimator.estimator


def _sum(classifier: Any) -> Sum:
    if isinstance(classifier, LogisticRegression):
        return Linear(np.asarray(classifier.coef_[0], dtype=np.float64), float(classifier.intercept_[0]))
    if isinstance(classifier, HistGradientBoostingClassifier):
        predictors = [predictor for [predictor] in classifier._predictors]
        return Trees.from_predictors(float(np.ravel(classifier._baseline_prediction)[0]), predictors)
    raise CannotCompile(type(classifier).__name__)
