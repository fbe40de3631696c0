"""The distances between two groups of people, in a report of Evidently's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from core.models.registry import SCORE
from core.stores.evidently import DRIFT
from monitor.reports.drift.comparable import Comparable

Measure = Callable[
    [Comparable, pd.Series, pd.Series, Mapping[str, float], Mapping[str, Any]], tuple[dict[str, float], str]
]
"""How distances are measured: what `report_distances` takes and returns."""
BY_SHARES, BY_DISTANCE = "jensenshannon", "wasserstein"


def report_distances(
    both: Comparable, scored_before: pd.Series, scored: pd.Series, limits: Mapping[str, float], about: Mapping[str, Any]
) -> tuple[dict[str, float], str]:
    """The distance of each column and of the scores, and Evidently's snapshot of them, with `about` in it."""
    from evidently import DataDefinition, Dataset, Report  # noqa: PLC0415 - four seconds of CPU, only when needed
    from evidently.metrics import DriftedColumnsCount, ValueDrift  # noqa: PLC0415

    names = both.measured
    methods = {name: BY_SHARES if name in both.words else BY_DISTANCE for name in [*names, SCORE]}
    definition = DataDefinition(
        categorical_columns=[name for name in names if name in both.words],
        numerical_columns=[name for name in methods if name not in both.words],
    )
    one_moved = 1 / len(names)
    share = DriftedColumnsCount(
        columns=names,
        drift_share=one_moved,
        per_column_method={name: methods[name] for name in names},
        per_column_threshold={name: limits[name] for name in names},
    )
    values = {name: ValueDrift(column=name, method=how, threshold=limits[name]) for name, how in methods.items()}
    with np.errstate(invalid="ignore", divide="ignore"):  # a constant column has no correlations; Evidently draws them
        snapshot = Report([share, *values.values()], include_tests=True).run(
            Dataset.from_pandas(both.now[names].assign(**{SCORE: scored}), definition),
            Dataset.from_pandas(both.before[names].assign(**{SCORE: scored_before}), definition),
            tags=[DRIFT],
            **about,
        )
    distances = {name: float(snapshot.context.get_metric_result(metric).value) for name, metric in values.items()}
    return distances, str(snapshot.dumps())
