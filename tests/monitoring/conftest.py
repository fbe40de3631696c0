"""Streams of people and calls whose truth is known, and of which it is known from where on it is another."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest

from core.models.registry import SCORE
from core.schema import Schema
from core.settings.loop import MonitorSettings
from monitor.reports import drift, quality
from monitor.reports.drift import DriftLimits
from monitor.reports.windows import Called, Scored
from tests.made_up_outcomes import made_up
from trainer.data.snapshot import OUTCOME

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
WATCHING = MonitorSettings()
LOOKS = 10  # to a window: it is judged again once a tenth of it is new
REFERENCE = 5_000
LIMITS = DriftLimits(WATCHING.callwise_drift_window, WATCHING.callwise_drift_distance, WATCHING.callwise_drift_share)

Change = Callable[[pd.DataFrame], pd.DataFrame]


def people(schema: Schema, rows: int, seed: int) -> pd.DataFrame:
    """People with what came of their calls, and the score of a model that knows each one's chance."""
    return scored(made_up(schema, rows, seed=seed))


def scored(frame: pd.DataFrame) -> pd.DataFrame:
    """`frame` with the chances that `tests.made_up_outcomes` drew its outcomes from, as a model's scores."""
    leaning = 1.2 * (frame["contact"] == "cellular") + 1.5 * (frame["poutcome"] == "success")
    return frame.assign(**{SCORE: 1 / (1 + np.exp(2.2 - leaning - 0.03 * (frame["age"] - 40)))})


@pytest.fixture(scope="session")
def reference(schema: Schema) -> pd.DataFrame:
    """What the champion was trained on, with its own scores."""
    return people(schema, REFERENCE, 1)


def predictions(schema: Schema, frame: pd.DataFrame) -> list[Scored]:
    """`frame` as a window: the newest first."""
    rows: list[dict[str, Any]] = frame[[*schema.feature_names, SCORE]].to_dict("records")  # type: ignore[assignment]
    return [
        Scored(f"r:{n:06d}", f"p{n}", START + timedelta(seconds=n), row, float(row.pop(SCORE)))
        for n, row in enumerate(rows)
    ][::-1]


def drift_verdicts(
    schema: Schema, reference: pd.DataFrame, stream: pd.DataFrame, step: int = LIMITS.window // LOOKS
) -> Iterator[drift.DriftVerdict]:
    """The verdict on each full window of `stream`, every tenth of a window, as monitoring looks, or every `step`."""
    rows = predictions(schema, stream)[::-1]
    for end in range(LIMITS.window, len(rows) + 1, step):
        window = rows[end - LIMITS.window : end][::-1]
        yield drift.compare(schema, reference, window, LIMITS, "1", "code")[0]


def calls(frame: pd.DataFrame) -> list[Called]:
    """`frame` as outcomes, the oldest first."""
    return [
        Called(f"p{n}:1", START + timedelta(minutes=n), bool(sold), float(score))
        for n, (sold, score) in enumerate(zip(frame[OUTCOME], frame[SCORE], strict=True))
    ]


def quality_verdicts(
    reference: pd.DataFrame, stream: pd.DataFrame, step: int = WATCHING.callwise_quality_window // LOOKS
) -> Iterator[quality.QualityVerdict]:
    """The verdict on each full window of outcomes, every tenth of a window, or every `step`."""
    size, rows = WATCHING.callwise_quality_window, calls(stream)
    for end in range(size, len(rows) + 1, step):
        yield quality.judge(reference, rows[end - size : end][::-1], "1", "code")[0]


def after(onset: int, change: Change) -> Change:
    """Leave the first `onset` rows as they are, and `change` the rest."""
    return lambda frame: pd.concat([frame.iloc[:onset], change(frame.iloc[onset:])], ignore_index=True)
