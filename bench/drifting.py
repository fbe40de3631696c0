"""How often the drift verdict raises a false alarm, and how late it comes, on people drawn from the sample campaign.

People are drawn, with replacement, from the campaign's first calls. From a known arrival on, a stated part of them
comes from the last calls: other people, other phones. The score is a logistic regression's on the first calls. The
verdict is that of `monitor.reports.drift.comparison.compare`, taken whenever a tenth of the window is new, as in the
monitor.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from core.files.campaign_file import CampaignFile
from core.models.proof import Scores
from core.schema import Schema, read_schema
from core.settings.group import ROOT
from monitor.reports.drift.arrivals import BEFORE, Arrival, Cohorts
from monitor.reports.drift.comparison import compare
from monitor.reports.drift.limits import DriftLimits
from monitor.reports.drift.verdict import DriftVerdict

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
TRAINED_ON, MOVED_TO = 5_000, 3_000  # first calls, last calls
SHIFTED = 0.15  # share of the people from the last calls after the onset
SAMPLE = ROOT / "data" / "sample-campaign.zip"


@cache
def population(path: Path = SAMPLE) -> tuple[Schema, pd.DataFrame, Callable[[pd.DataFrame], Scores]]:
    """The schema, the features of the campaign's calls in time order, and the model's log-odds of such people."""
    schema = read_schema(ROOT / "data" / "schema.yaml")
    with CampaignFile.open(path).records() as rows:
        records = [(schema.outcome.parse(row[schema.outcome.column]), row) for row in rows]
    frame = pd.DataFrame([{c.name: c.parse(row[c.name]) for c in schema.features} for _, row in records])
    words = [column.name for column in schema.features if column.is_category]
    numbers = [column.name for column in schema.features if not column.is_category]
    inputs = make_column_transformer((OneHotEncoder(handle_unknown="ignore"), words), (StandardScaler(), numbers))
    model = make_pipeline(inputs, LogisticRegression(C=0.01, max_iter=500))
    model.fit(frame.iloc[:TRAINED_ON], [bool(sold) for sold, _ in records[:TRAINED_ON]])
    return schema, frame, model.decision_function


def false_alarm(seed: int, limits: DriftLimits) -> bool:
    """Whether people without any shift are called drift."""
    rng = np.random.default_rng(seed)
    return _verdict(_drawn(rng, (1 + BEFORE) * limits.window, 0.0), limits).is_drift


def delay(seed: int, limits: DriftLimits) -> int:
    """People who arrived from the onset of the shift to the first verdict of drift."""
    rng = np.random.default_rng(seed)
    step, most = limits.window // 10, (1 + BEFORE) * limits.window
    seen = _drawn(rng, most, 0.0)
    waited = 0
    while True:
        waited += step
        seen = pd.concat([seen.iloc[step:], _drawn(rng, step, SHIFTED)], ignore_index=True)
        if waited == most or _verdict(seen, limits).is_drift:
            return waited


def shift(limits: DriftLimits) -> dict[str, Any]:
    """The size of the shift in a whole window after it: the score's distance and the drifted columns."""
    rng = np.random.default_rng(0)
    before, now = _drawn(rng, BEFORE * limits.window, 0.0), _drawn(rng, limits.window, SHIFTED)
    verdict = _verdict(pd.concat([before, now], ignore_index=True), limits)
    return {
        "moved_people": SHIFTED,
        "score_distance": round(verdict.score.distance, 3),
        "drifted_columns": f"{len(verdict.drifted)} of {len(verdict.columns)}",
    }


def _drawn(rng: np.random.Generator, size: int, moved: float) -> pd.DataFrame:
    _, calls, _ = population()
    early = rng.integers(0, TRAINED_ON, size)
    late = rng.integers(len(calls) - MOVED_TO, len(calls), size)
    return calls.iloc[np.where(rng.random(size) < moved, late, early)].reset_index(drop=True)


def _verdict(seen: pd.DataFrame, limits: DriftLimits) -> DriftVerdict:
    schema, calls, score = population()
    newest_first: list[dict[str, Any]] = seen.iloc[::-1].to_dict("records")  # type: ignore[assignment]
    people = [Arrival(f"p:{n}", START - timedelta(seconds=n), row) for n, row in enumerate(newest_first)]
    cohorts = Cohorts.of(people, [], limits.window)
    return compare(schema, cohorts, score, calls.iloc[:TRAINED_ON], limits, "1", "bench")[0]
