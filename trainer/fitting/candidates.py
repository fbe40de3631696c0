"""The kinds of model that the search tries, each a scikit-learn pipeline over the schema's columns by name.

Categories come from the schema, not from the data: a model then knows a month without calls. A word that the schema
gains later moves no score until the next training. Of an open column the words with at least `FREQUENT` calls are told
apart; all others are one, and so is a word that nobody has seen. A blank is a category, or a column of its own beside a
number. Both kinds use one-hot
encoding: gradient boosting's own handling of categories carries a second preprocessor (four times the time for one row,
and types in the saved model that could call functions).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import optuna
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

from core.schema import Schema
from core.schema.column import BLANK, Column, Role

LOGISTIC, BOOSTING = "logistic regression", "gradient boosting"
KINDS = (LOGISTIC, BOOSTING)
FURTHEST = 12.0  # standard deviations
FREQUENT, MOST_WORDS = 20, 40
"""Calls from which a word of an open column counts, and the most words of one that do."""
# A model that uses the economy has seen one economy only, so the search also tries models without indicators.
LEFT_OUT: Mapping[str, frozenset[Role]] = {"nothing": frozenset(), "indicators": frozenset({Role.INDICATOR})}

# Tried before the search chooses, so that a small budget still compares both kinds. The first wins unless another is
# clearly better: its weights are small, because a window holds a few hundred sales.
FIRST: tuple[Mapping[str, Any], ...] = (
    {"kind": LOGISTIC, "left_out": "nothing", "c": 0.01},
    {
        "kind": BOOSTING,
        "left_out": "nothing",
        "iterations": 60,
        "learning_rate": 0.05,
        "leaves": 6,
        "leaf_rows": 50,
        "l2": 1.0,
    },
)


@dataclass(frozen=True)
class Candidate:
    """A kind of model with its parameters."""

    kind: str
    params: Mapping[str, Any]


def suggest(trial: optuna.Trial) -> Candidate:
    """The next candidate of a search."""
    kind = trial.suggest_categorical("kind", KINDS)
    params: dict[str, Any] = {"left_out": trial.suggest_categorical("left_out", tuple(LEFT_OUT))}
    if kind == LOGISTIC:
        params["c"] = trial.suggest_float("c", 1e-3, 1.0, log=True)
    else:
        params["iterations"] = trial.suggest_int("iterations", 30, 120, step=10)
        params["learning_rate"] = trial.suggest_float("learning_rate", 0.02, 0.2, log=True)
        params["leaves"] = trial.suggest_int("leaves", 3, 12)
        params["leaf_rows"] = trial.suggest_int("leaf_rows", 20, 200, log=True)
        params["l2"] = trial.suggest_float("l2", 1e-2, 10.0, log=True)
    return Candidate(kind, params)


def build(candidate: Candidate, schema: Schema, seed: int) -> Pipeline:
    """The untrained pipeline of a candidate. Its input has all of the schema's features, also those it leaves out."""
    params = candidate.params
    columns = [column for column in schema.features if column.role not in LEFT_OUT[params["left_out"]]]
    if candidate.kind == LOGISTIC:
        classifier = LogisticRegression(C=params["c"], max_iter=1_000)
        return make_pipeline(_scaled(columns), classifier)
    classifier = HistGradientBoostingClassifier(
        max_iter=params["iterations"],
        learning_rate=params["learning_rate"],
        max_leaf_nodes=params["leaves"],
        min_samples_leaf=params["leaf_rows"],
        l2_regularization=params["l2"],
        early_stopping=False,  # early stopping would hold out rows at random, across time
        random_state=seed,
    )
    numbers = [column.name for column in columns if not column.is_category]
    return make_pipeline(ColumnTransformer([*_one_hot(columns), ("number", "passthrough", numbers)]), classifier)


def _scaled(columns: list[Column]) -> ColumnTransformer:
    """Numbers on one scale; a special code (999, never contacted) becomes a column of its own."""
    numbers = [column for column in columns if not column.is_category]
    plain = [column.name for column in numbers if not column.special and not column.optional]
    steps: list[tuple[str, Any, list[str]]] = [*_one_hot(columns), ("number", _scale(), plain)]
    for column in numbers:
        # Blanks first: the other imputers know no NaN.
        decoders = [SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True)] * column.optional
        decoders += [
            SimpleImputer(missing_values=code, strategy="constant", fill_value=0, add_indicator=True, copy=True)
            for code in column.special
        ]
        if decoders:
            steps.append((f"coded {column.name}", make_pipeline(*decoders, _scale()), [column.name]))
    return ColumnTransformer(steps)


def _scale() -> Pipeline:
    """Numbers in standard deviations, at most `FURTHEST`.

    An indicator may hardly move for months and then fall for years. A linear model follows it only so far: without a
    limit, its scores would end at exactly 0 and 1.
    """
    return make_pipeline(
        StandardScaler(), FunctionTransformer(np.clip, kw_args={"a_min": -FURTHEST, "a_max": FURTHEST})
    )


def _one_hot(columns: list[Column]) -> list[tuple[str, OneHotEncoder, list[str]]]:
    words = [column for column in columns if column.is_category and not column.open]
    listed = OneHotEncoder(
        categories=[[*column.categories, *([BLANK] if column.optional else [])] for column in words],
        handle_unknown="ignore",
        sparse_output=False,
    )
    encoders = [("category", listed, [column.name for column in words])]
    if open_ended := [column.name for column in columns if column.open]:
        frequent = OneHotEncoder(
            min_frequency=FREQUENT,
            max_categories=MOST_WORDS,
            handle_unknown="infrequent_if_exist",
            sparse_output=False,
        )
        encoders.append(("open category", frequent, open_ended))
    return encoders
