"""Drift: whether those who arrived last are other people than those who came before them.

`monitor.reports.drift.arrivals` says who is compared. Both groups are compared column by column, and by their scores:
those of today's champion for everybody, on its own level, with the month, the weekday, the number of calls and the
economy of one moment, so that neither another model nor another season is taken for other people.

Distances, not p-values: with thousands of rows a p-value finds every difference, however small, and of many columns one
differs by chance. Words are compared by the Jensen-Shannon distance of their shares, numbers and scores by the
Wasserstein distance in standard deviations; a number's blanks and codes count as words
(`monitor.reports.drift.comparable`). One column over its limit is drift. `monitor.reports.drift.limits` has the limits;
`scripts/bench living` counts how often these rules ring in simulated call centres. The methods are named here, so that
the size of a window cannot change the test (Evidently's defaults become p-values below 1,000 rows; its documentation,
"Data drift"). Nothing is drawn at random: the same people give the same verdict.

There are two comparisons, and either may be bad. *Before*: with the people just before them, which finds a change soon
and ends once everybody who is compared is of the new kind. *In use*: with the people from when a
model was last accepted, by a promotion or by the training of an incident. This finds what changes slowly, and ends when
a model is accepted that has seen it. While too
few have arrived for either, the report compares with the champion's training, for people to look at: those were chosen
for a call, so it is never bad.

Columns of the call itself are left out, and the economy is judged separately (`monitor.reports.drift.economy_moved`).
Where people look the same and decide otherwise, only their outcomes show it (`monitor.reports.quality`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC
from typing import Any

import pandas as pd

from core.models.proof import Scores, cells
from core.models.registry import SCORE
from core.schema import Schema
from core.schema.column import Column, Role
from monitor.reports.drift import limits as drift_limits
from monitor.reports.drift.arrivals import Arrival, Cohorts
from monitor.reports.drift.column_shapes import shape
from monitor.reports.drift.comparable import Comparable, comparable, new_words
from monitor.reports.drift.distances import BY_DISTANCE, BY_SHARES, Measure, report_distances
from monitor.reports.drift.economy_moved import moves
from monitor.reports.drift.limits import DriftLimits
from monitor.reports.drift.verdict import Against, ColumnDrift, Comparison, DriftVerdict

Score = Callable[[pd.DataFrame], Scores]
"""The champion's own scores [n] of n people, as log-odds."""


def report_id(version: str, cohorts: Cohorts) -> str:
    """The natural key of the report on the window of `cohorts`, in the economy that is known."""
    return f"drift:{version}:{cohorts.window[0].id}" + (f":{cohorts.known[:8]}" if cohorts.known else "")


def compare(
    schema: Schema,
    cohorts: Cohorts,
    score: Score,
    training: pd.DataFrame,
    limits: DriftLimits,
    version: str,
    code_version: str,
    *,
    measure: Measure | None = None,
) -> tuple[DriftVerdict, str]:
    """The verdict on the window of `cohorts` (n people) and its Evidently snapshot as JSON.

    `training`: the champion's newest training rows, the oldest first, with the features that it learnt. `score` scores
    people as the champion does. `measure`: how the distances are had, by default in a report of Evidently's.
    """
    window = cohorts.window
    learnt = [column for column in schema.features if column.name in training]
    apart = [column.name for column in learnt if is_apart(schema, column)]
    columns = [column for column in learnt if column.name not in apart]
    moment = {name: cells([window[0].features.get(name)])[0] for name in apart}

    def scored(people: pd.DataFrame) -> pd.DataFrame:
        return people.assign(**{SCORE: score(people.assign(**moment))})

    newest = _table(learnt, window)
    now = scored(newest)
    about = {
        "name": f"Drift, version {version}",
        "timestamp": window[0].at.astimezone(UTC).replace(tzinfo=None),  # Evidently compares times without a zone
        "metadata": {"report": report_id(version, cohorts), "version": version, "code_version": code_version},
    }
    made: list[tuple[Comparison, str]] = []
    for against, people in _references(learnt, cohorts, training):
        made.append(_comparison(against, columns, scored(people), now, limits, about, measure or report_distances))
        if made[-1][0].is_bad:
            break
    shown, snapshot = next((one for one in made if one[0].is_bad), made[0])
    verdict = DriftVerdict(
        version=version,
        code_version=code_version,
        window=len(window),
        first=window[-1].id,
        last=window[0].id,
        since=window[-1].at,
        until=window[0].at,
        limits=limits,
        shown=shown,
        others={one.against: one.is_bad for one, _ in made if one is not shown},
        economy=moves([column for column in learnt if column.role is Role.INDICATOR], training, newest),
        known=cohorts.known,
        files=cohorts.files,
        left_out=apart,
    )
    return verdict, snapshot


def is_apart(schema: Schema, column: Column) -> bool:
    """Whether `column` is not the person's own: it is the economy's, or says when the call is made."""
    return column.role is Role.INDICATOR or column.name in schema.of_the_call


def _table(columns: Sequence[Column], people: Sequence[Arrival]) -> pd.DataFrame:
    """The values of n people, as training rows have them."""
    values = {column.name: [one.features.get(column.name) for one in people] for column in columns}
    return pd.DataFrame({column.name: cells(values[column.name]) for column in columns})


def _references(
    columns: Sequence[Column], cohorts: Cohorts, training: pd.DataFrame
) -> list[tuple[Against, pd.DataFrame]]:
    """The groups that are as large as the window; the newest rows of `training` if there are none."""
    people = {Against.BEFORE: cohorts.before, Against.IN_USE: cohorts.accepted}
    found = [
        (against, _table(columns, group)) for against, group in people.items() if len(group) >= len(cohorts.window)
    ]
    return found or [(Against.TRAINING, training.tail(2 * len(cohorts.window)).reset_index(drop=True))]


def _comparison(
    against: Against,
    columns: Sequence[Column],
    before: pd.DataFrame,
    now: pd.DataFrame,
    limits: DriftLimits,
    about: Mapping[str, Any],
    measure: Measure,
) -> tuple[Comparison, str]:
    both = comparable(columns, before, now)
    allowed = {
        name: drift_limits.of_words(limits.category, both.before[name], both.now[name])
        if name in both.words
        else drift_limits.of_numbers(limits.number, both.before[name], both.now[name])
        for name in both.measured
    }
    allowed[SCORE] = drift_limits.of_numbers(limits.score, before[SCORE], now[SCORE])
    distances, snapshot = measure(both, before[SCORE], now[SCORE], allowed, about)
    drifts = tuple(_column(column, both, distances, allowed) for column in columns)
    moved, most = distances[SCORE], allowed[SCORE]
    score = ColumnDrift(SCORE, BY_DISTANCE, moved, most, moved >= most)
    return Comparison(against, len(before), drifts, score, new_words(columns, before, now)), snapshot


def _column(
    column: Column, both: Comparable, distances: Mapping[str, float], limits: Mapping[str, float]
) -> ColumnDrift:
    """A number is as far from its limit as its values or its blanks are, whichever is farther."""
    parts = [name for name in (column.name, both.blanks.get(column.name, "")) if name in distances]
    name = max(parts, key=lambda part: distances[part] / limits[part])
    method = BY_SHARES if name in both.words else BY_DISTANCE
    drifted = distances[name] >= limits[name]
    pair = shape(column, both.rows_before[column.name], both.rows_now[column.name])
    return ColumnDrift(column.name, method, distances[name], limits[name], drifted, pair)
