"""Reports and gates without the reports' pages, for many simulated runs: the same figures, computed directly.

In one training Great Expectations and Deepchecks take several seconds, most of them for the pages that people read; a
report of Evidently's takes about one. Here the distances of drift come from Evidently's own functions without its
report, and the rules of both gates are checked on the frame. A test holds each of them equal to the appliance's own on
the same rows. Left out: the predictive power of single columns, and how long a model takes to answer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, ParamSpec, TypeVar, cast

import numpy as np
import pandas as pd
from evidently.legacy.calculations.stattests import jensenshannon_stat_test, wasserstein_stat_test
from evidently.legacy.core import ColumnType
from sklearn.metrics import roc_auc_score

from core.models import level
from core.models.gates import Gate
from core.models.metrics import quality as figures
from core.models.proof import Model, predict
from core.models.registry import SCORE
from core.schema import Schema
from core.schema.column import LONGEST_WORD, Column
from core.schema.column import ColumnType as Type
from monitor.reports import windows
from monitor.reports.drift.comparable import Comparable
from monitor.reports.drift.comparison import compare
from monitor.reports.promise import TOGETHER, order_of, promise_of
from monitor.reports.quality import OUTCOME, QualityVerdict
from replay.setup import Functions
from trainer.data.snapshot import AT, PROSPECT
from trainer.data.split import Split
from trainer.gates.model_gate import SAMPLE
from trainer.gates.verdict import Verdict

P = ParamSpec("P")
T = TypeVar("T")

DEGRADATION = 0.5
"""The share of its AUC that a candidate may lose from the rows it learnt to the newest ones."""


def distances(
    both: Comparable, scored_before: pd.Series, scored: pd.Series, limits: Mapping[str, float], about: Mapping[str, Any]
) -> tuple[dict[str, float], str]:
    """As `monitor.reports.drift.distances.report_distances`, without a snapshot."""
    found = {}
    for name in both.measured:
        kind, test = (
            (ColumnType.Categorical, jensenshannon_stat_test)
            if name in both.words
            else (ColumnType.Numerical, wasserstein_stat_test)
        )
        # Evidently leaves blank cells out before it compares.
        found[name] = _distance(test, both.before[name].dropna(), both.now[name].dropna(), kind, limits[name])
    found[SCORE] = _distance(wasserstein_stat_test, scored_before, scored, ColumnType.Numerical, limits[SCORE])
    return found, str(about["name"])


def judge_quality(
    reference: pd.DataFrame,
    window: Sequence[windows.Called],
    version: str,
    code_version: str,
    level_outcomes: int = 0,
    *,
    accepted: str = "",
) -> tuple[QualityVerdict, str]:
    """As `monitor.reports.quality.judge`, without a snapshot."""
    sold = np.array([call.positive for call in window])
    scores = np.array([call.score for call in window])
    verdict = QualityVerdict(
        version=version,
        accepted=accepted or version,
        code_version=code_version,
        since=window[-1].at,
        until=window[0].at,
        quality=figures(sold, scores),
        order=order_of(sold, scores),
        promise=promise_of(scores, level.left(scores, level_outcomes), TOGETHER),
        reference=figures(reference[OUTCOME], reference[SCORE]),
    )
    return verdict, ""


def data_gate(frame: pd.DataFrame, schema: Schema, *, minimum_outcomes: int) -> Verdict:
    """As `trainer.gates.data_gate.validate`, without its report."""
    broken = []
    if len(frame) < minimum_outcomes:
        broken.append(f"the rule 'at least {minimum_outcomes} outcomes' does not hold: there are {len(frame)}")
    if set(frame[OUTCOME]) != {0, 1}:
        broken.append(f"column '{OUTCOME}' breaks the rule 'both outcomes'")
    if not frame[AT].is_monotonic_increasing:
        broken.append(f"column '{AT}' breaks the rule 'in time order'")
    if frame[PROSPECT].isna().any():
        broken.append(f"column '{PROSPECT}' breaks the rule 'not empty'")
    broken += [
        f"column '{column.name}' breaks the rule '{column.rule}'"
        for column in schema.features
        if not _fits(column, frame[column.name])
    ]
    why = broken[0] if broken else f"{len(frame)} outcomes keep the rules of the schema"
    return Verdict(Gate.DATA, not broken, why, "", "")


def model_gate(model: Model, split: Split, schema: Schema, *, auc: float, seed: int) -> Verdict:
    """As `trainer.gates.model_gate.validate`, without its report and without the conditions that are left out."""
    learnt, newest = (
        window.sample(min(SAMPLE, len(window)), random_state=seed).sort_index() for window in (split.fit, split.test)
    )
    before, after = (
        float(roc_auc_score(rows[OUTCOME], predict(model, rows[schema.feature_names]))) for rows in (learnt, newest)
    )
    broken = []
    if newest[AT].min() <= learnt[AT].max():
        broken.append("times in both windows")
    if set(learnt[PROSPECT]) & set(newest[PROSPECT]):
        broken.append("people in both windows")
    if after <= 0.5 + auc:
        broken.append(f"AUC {after:.3f} where it must exceed {0.5 + auc:.3f}")
    if (before - after) / before >= DEGRADATION:
        broken.append(f"AUC {after:.3f} where it was {before:.3f} on the rows it learnt")
    why = "; ".join(broken) or f"AUC {after:.3f}"
    return Verdict(Gate.MODEL, not broken, why, "", "")


def step(name: str, function: Callable[P, T], /) -> Callable[P, T]:
    """The step `name` of a training: the gates of this module in the place of the two that write pages."""
    gates: dict[str, Any] = {Gate.DATA: data_gate, Gate.MODEL: model_gate}
    return cast(Callable[P, T], gates.get(name, function))


QUICK = Functions(drift=partial(compare, measure=distances), quality=judge_quality, step=step)


def _distance(test: Any, before: pd.Series, now: pd.Series, kind: ColumnType, limit: float) -> float:
    return float(test.func(before, now, kind, limit)[0])


def _fits(column: Column, values: pd.Series) -> bool:
    if values.isna().any() and (column.is_category or not column.optional):
        return False
    known = values.dropna()
    if column.open:
        return bool(known.str.len().between(1, LONGEST_WORD).all())
    if column.is_category:
        return bool(known.isin(column.allowed).all())
    if column.type is Type.INTEGER and not column.optional and values.dtype != np.int64:
        return False
    plain = known[~known.isin(list(column.special))]
    low, high = (limit if limit is not None else sign * np.inf for limit, sign in _limits(column))
    return bool(plain.between(low, high).all())


def _limits(column: Column) -> tuple[tuple[float | None, int], tuple[float | None, int]]:
    return (column.minimum, -1), (column.maximum, 1)
