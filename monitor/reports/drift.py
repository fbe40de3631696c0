"""Drift of the newest predictions from the champion's own training data, column by column and for the score.

Distances, not p-values: with thousands of rows a p-value finds every difference, however small, and of many columns one
differs by chance. Columns are compared by the Jensen-Shannon distance of their shares (numbers with more than 20 values
in training are put into bins, by Sturges' rule): 0 is the same, 0.83 (the root of ln 2) nothing in common, in every
column alike, also in one that was constant in training. The score is compared by the Wasserstein distance in standard
deviations, because its small steps matter. The limit is Evidently's own default for both, 0.1; in a bell-shaped column
that is a shift by about 0.3 standard deviations. The methods are named here, so that the size of a window cannot change
the test (Evidently's defaults become p-values below 1,000 rows; its documentation, "Data drift"). Nothing is drawn at
random: the same two tables give the same verdict.

Of the training data the newest two windows' worth of rows is taken. A model that was trained because the people changed
has also learnt from thousands who came before; compared with those, it would drift from its first day on, and be
trained again and again for nothing. Two windows, because a reference smaller than the window would add more chance to
the distance than the window itself, and because sizes stay fixed.

Drift has two blind spots. Once agents have worked through the top of a list, the open prospects are no longer the
people who came in, and ranking them again shows as drift of the score. And where people look the same and decide
otherwise, only their outcomes show it (`monitor.reports.quality`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd

from core.models.decisions import CHAMPION
from core.models.registry import SCORE
from core.schema import Schema
from core.stores.evidently import DRIFT
from monitor.jobs.cause_states import WELL, turn
from monitor.reports import windows
from monitor.reports.column_shapes import Shape, shape
from monitor.reports.registry import Registry
from monitor.reports.shelf import Shelf

BY_SHARES, BY_DISTANCE = "jensenshannon", "wasserstein"
REFERENCE_WINDOWS = 2


@dataclass(frozen=True)
class DriftLimits:
    """When a column has drifted (distance from 0), and how many columns (share, over 0 to 1) make drift."""

    window: int
    distance: float
    share: float


@dataclass(frozen=True)
class ColumnDrift:
    """One column's distance by `method`, whether it reaches the limit, and the column's shape."""

    column: str
    method: str
    distance: float
    drifted: bool
    shape: Shape | None = None


@dataclass(frozen=True)
class DriftVerdict:
    """The verdict on a window. `first` and `last` are keys of the prediction log, `score` is the drift of the score."""

    version: str
    code_version: str
    window: int
    reference: int
    first: str
    last: str
    since: datetime
    until: datetime
    limits: DriftLimits
    columns: tuple[ColumnDrift, ...]
    score: ColumnDrift

    @property
    def drifted(self) -> list[str]:
        """Names of the columns that drifted."""
        return [column.column for column in self.columns if column.drifted]

    @property
    def share(self) -> float:
        """Share of the columns that drifted."""
        return len(self.drifted) / len(self.columns)

    @property
    def is_drift(self) -> bool:
        """Whether enough columns drifted, or the score did."""
        return self.score.drifted or self.share >= self.limits.share

    @property
    def sentence(self) -> str:
        """The verdict for people."""
        kind, names = "drift found" if self.is_drift else "no drift", ", ".join(self.drifted) or "none"
        return (
            f"{kind}: {len(self.drifted)} of {len(self.columns)} columns ({names}), "
            f"score by {self.score.distance:.3f} (limit {self.limits.distance:g}); {self.window} predictions against "
            f"{self.reference} training rows of version {self.version}"
        )

    def document(self) -> dict[str, Any]:
        """The document for MongoDB."""
        return {
            **asdict(self),
            "columns": [asdict(column) for column in self.columns],
            "drifted": self.drifted,
            "share": self.share,
            "drift": self.is_drift,
        }


def review_drift(shelf: Shelf, registry: Registry, schema: Schema, limits: DriftLimits, code_version: str) -> str:
    """Judge the newest window, if it is full, and publish the verdict once; returns the result in words.

    Raises Unavailable, NotFound when the champion has no training data beside it.
    """
    champion = registry.version_by_alias(CHAMPION)
    if champion is None:
        return "no champion yet, so nothing to compare with"
    window = windows.predictions(shelf.db, champion.version, limits.window)
    if len(window) < limits.window:
        return f"no verdict: {len(window)} of {limits.window} prospects predicted by version {champion.version}"
    if not shelf.news("drift", champion.version, [(row.id, row.at) for row in window]):
        return "less than a tenth of the window is new since the last report"
    verdict, snapshot = compare(schema, registry.reference(champion), window, limits, champion.version, code_version)
    report = report_id(champion.version, window)
    shelf.keep(report, "drift", verdict.document())
    turn(shelf.db, "drift", "drifting" if verdict.is_drift else WELL, report, verdict.sentence)
    return f"{verdict.sentence}; {shelf.publish(report, snapshot)}"


def report_id(version: str, window: Sequence[windows.Scored]) -> str:
    """The natural key of the report on `window`."""
    return f"drift:{version}:{window[0].id}"


def compare(
    schema: Schema,
    reference: pd.DataFrame,
    window: Sequence[windows.Scored],
    limits: DriftLimits,
    version: str,
    code_version: str,
) -> tuple[DriftVerdict, str]:
    """The verdict on `window` (n predictions, the newest first) and its Evidently snapshot as JSON.

    `reference` has the schema's features and `score`, the oldest rows first; the newest are compared. Raises KeyError
    naming a column it lacks.
    """
    reference = reference.tail(REFERENCE_WINDOWS * limits.window)
    names = schema.feature_names
    methods = dict.fromkeys(names, BY_SHARES) | {SCORE: BY_DISTANCE}
    current = pd.DataFrame([{**row.features, SCORE: row.score} for row in window])
    last, first = window[0], window[-1]
    about = {
        "name": f"Drift, version {version}",
        "timestamp": last.at.astimezone(UTC).replace(tzinfo=None),  # Evidently compares times without a zone
        "metadata": {"report": report_id(version, window), "version": version, "code_version": code_version},
    }
    distances, snapshot = _distances(schema, reference, current, methods, limits, about)
    shapes = {name: shape(schema.by_name[name], reference[name], current[name]) for name in names}
    drifts = {
        name: ColumnDrift(name, methods[name], distance, distance >= limits.distance, shapes.get(name))
        for name, distance in distances.items()
    }
    verdict = DriftVerdict(
        version=version,
        code_version=code_version,
        window=len(window),
        reference=len(reference),
        first=first.id,
        last=last.id,
        since=first.at,
        until=last.at,
        limits=limits,
        columns=tuple(drifts[name] for name in names),
        score=drifts[SCORE],
    )
    return verdict, snapshot


def _distances(
    schema: Schema,
    reference: pd.DataFrame,
    current: pd.DataFrame,
    methods: Mapping[str, str],
    limits: DriftLimits,
    about: Mapping[str, Any],
) -> tuple[dict[str, float], str]:
    """The distance of each column by its method, and Evidently's snapshot of them, with `about` in it."""
    from evidently import DataDefinition, Dataset, Report  # noqa: PLC0415 - four seconds of CPU, only when needed
    from evidently.metrics import DriftedColumnsCount, ValueDrift  # noqa: PLC0415

    words = [column.name for column in schema.features if column.is_category]
    definition = DataDefinition(
        categorical_columns=words, numerical_columns=[name for name in methods if name not in words]
    )
    share = DriftedColumnsCount(
        columns=schema.feature_names, drift_share=limits.share, method=BY_SHARES, threshold=limits.distance
    )
    values = {name: ValueDrift(column=name, method=how, threshold=limits.distance) for name, how in methods.items()}
    with np.errstate(invalid="ignore", divide="ignore"):  # a constant column has no correlations; Evidently draws them
        snapshot = Report([share, *values.values()], include_tests=True).run(
            Dataset.from_pandas(current[list(methods)], definition),
            Dataset.from_pandas(reference[list(methods)], definition),
            tags=[DRIFT],
            **about,
        )
    distances = {name: float(snapshot.context.get_metric_result(metric).value) for name, metric in values.items()}
    return distances, str(snapshot.dumps())
