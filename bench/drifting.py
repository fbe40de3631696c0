"""How often the drift verdict raises a false alarm, and how late it comes, on people drawn from the sample campaign.

People are drawn, with replacement, from the campaign's first calls, which are also the training data. From a known
prediction on, a stated part of them comes from the last calls: other people, other phones, other rates. The score is a
logistic regression's on the first calls. The verdict is that of `monitor.reports.drift.compare`, taken whenever a tenth
of the window is new, as in the monitor.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression

from core.imports.campaign_file import CampaignFile
from core.models.registry import SCORE
from core.schema import Schema, read_schema
from core.settings.group import ROOT
from monitor.reports.drift import DriftLimits, DriftVerdict, compare
from monitor.reports.windows import Scored

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
TRAINED_ON, MOVED_TO, REFERENCE = 5_000, 3_000, 5_000  # first calls, last calls, rows of the reference
SHIFTED = 0.15  # share of the people from the last calls after the onset
SAMPLE = ROOT / "data" / "sample-campaign.zip"


@cache
def population(path: Path = SAMPLE) -> tuple[Schema, pd.DataFrame]:
    """The schema, and the campaign's calls in time order: the features and the score."""
    schema = read_schema(ROOT / "data" / "schema.yaml")
    with CampaignFile.open(path).records() as rows:
        records = [(schema.outcome.parse(row[schema.outcome.column]), row) for row in rows]
    frame = pd.DataFrame([{c.name: c.parse(row[c.name]) for c in schema.features} for _, row in records])
    inputs = pd.get_dummies(frame, dtype=float)
    early = inputs.iloc[:TRAINED_ON]
    inputs = (inputs - early.mean()) / early.std().replace(0, 1)
    model = LogisticRegression(C=0.01, max_iter=500)
    model.fit(inputs.iloc[:TRAINED_ON], [bool(sold) for sold, _ in records[:TRAINED_ON]])
    return schema, frame.assign(**{SCORE: model.predict_proba(inputs)[:, 1]})


def false_alarm(seed: int, limits: DriftLimits) -> bool:
    """Whether a window without any shift is called drift."""
    rng = np.random.default_rng(seed)
    return _verdict(_drawn(rng, limits.window, 0.0), limits, seed).is_drift


def delay(seed: int, limits: DriftLimits) -> int:
    """Predictions from the onset of the shift to the first verdict of drift."""
    rng = np.random.default_rng(seed)
    step = limits.window // 10
    seen = _drawn(rng, limits.window, 0.0)
    waited = 0
    while True:
        waited += step
        seen = pd.concat([seen.iloc[step:], _drawn(rng, step, SHIFTED)], ignore_index=True)
        if waited == 3 * limits.window or _verdict(seen, limits, seed).is_drift:
            return waited


def shift(limits: DriftLimits) -> dict[str, Any]:
    """The size of the shift in a whole window after it: the score's distance and the drifted columns."""
    verdict = _verdict(_drawn(np.random.default_rng(0), limits.window, SHIFTED), limits, 0)
    return {
        "moved_people": SHIFTED,
        "score_distance": round(verdict.score.distance, 3),
        "drifted_columns": f"{len(verdict.drifted)} of {len(verdict.columns)}",
    }


def _drawn(rng: np.random.Generator, size: int, moved: float) -> pd.DataFrame:
    _, calls = population()
    early = rng.integers(0, TRAINED_ON, size)
    late = rng.integers(len(calls) - MOVED_TO, len(calls), size)
    return calls.iloc[np.where(rng.random(size) < moved, late, early)].reset_index(drop=True)


def _verdict(seen: pd.DataFrame, limits: DriftLimits, seed: int) -> DriftVerdict:
    schema, _ = population()
    reference = _drawn(np.random.default_rng([seed, 1]), REFERENCE, 0.0)
    newest_first: list[dict[str, Any]] = seen.iloc[::-1].to_dict("records")  # type: ignore[assignment]
    window = [
        Scored(f"{seed}:{n}", f"p:{n}", START - timedelta(seconds=n), row, float(row.pop(SCORE)))
        for n, row in enumerate(newest_first)
    ]
    return compare(schema, reference, window, limits, "1", "bench")[0]
