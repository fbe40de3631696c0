"""Streams of people and calls whose truth is known, and of which it is known from where on it is another."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest
from scipy.special import expit

from core.models.registry import SCORE
from core.schema import Schema
from core.settings.loop import MonitorSettings
from monitor.reports.drift.arrivals import BEFORE, Cohorts
from monitor.reports.drift.comparison import compare
from monitor.reports.drift.limits import DriftLimits
from monitor.reports.drift.verdict import DriftVerdict
from monitor.reports.quality import QualityVerdict
from monitor.reports.windows import Called
from replay.living.quick import distances, judge_quality
from tests.arrivals import arrivals, leaning
from tests.made_up_outcomes import made_up
from trainer.data.snapshot import OUTCOME

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
WATCHING = MonitorSettings()
LOOKS = 10  # to a window: it is judged again once a tenth of it is new
REFERENCE = 5_000
LIMITS = DriftLimits.from_settings(WATCHING)

Change = Callable[[pd.DataFrame], pd.DataFrame]


def people(schema: Schema, rows: int, seed: int) -> pd.DataFrame:
    """People with what came of their calls, and the score of a model that knows each one's chance."""
    return scored(made_up(schema, rows, seed=seed))


def scored(frame: pd.DataFrame) -> pd.DataFrame:
    """`frame` with the chances that `tests.made_up_outcomes` drew its outcomes from, as a model's scores."""
    return frame.assign(**{SCORE: expit(leaning(frame))})


@pytest.fixture(scope="session")
def reference(schema: Schema) -> pd.DataFrame:
    """What the champion was trained on, with its own scores."""
    return people(schema, REFERENCE, 1)


def drift_verdicts(
    schema: Schema, reference: pd.DataFrame, stream: pd.DataFrame, step: int = LIMITS.window // LOOKS
) -> Iterator[DriftVerdict]:
    """The verdict after each tenth of a window of `stream`, as monitoring looks, or every `step`.

    It begins with as many people as are compared. Evidently's functions compute the distances, without its pages
    (`tests/unit/replay/living/test_quick.py` holds both equal).
    """
    rows, most = arrivals(stream[schema.feature_names], START)[::-1], (1 + BEFORE) * LIMITS.window
    for end in range(most, len(rows) + 1, step):
        seen = Cohorts.of(rows[end - most : end][::-1], [], LIMITS.window)
        yield compare(schema, seen, leaning, reference, LIMITS, "1", "code", measure=distances)[0]


def calls(frame: pd.DataFrame) -> list[Called]:
    """`frame` as outcomes, the oldest first."""
    return [
        Called(f"p{n}:1", START + timedelta(minutes=n), bool(sold), float(score))
        for n, (sold, score) in enumerate(zip(frame[OUTCOME], frame[SCORE], strict=True))
    ]


def quality_verdicts(
    reference: pd.DataFrame, stream: pd.DataFrame, step: int = WATCHING.callwise_quality_window // LOOKS
) -> Iterator[QualityVerdict]:
    """The verdict on each full window of outcomes, every tenth of a window, or every `step`."""
    size, rows = WATCHING.callwise_quality_window, calls(stream)
    for end in range(size, len(rows) + 1, step):
        yield judge_quality(reference, rows[end - size : end][::-1], "1", "code")[0]


def after(onset: int, change: Change) -> Change:
    """Leave the first `onset` rows as they are, and `change` the rest."""
    return lambda frame: pd.concat([frame.iloc[:onset], change(frame.iloc[onset:])], ignore_index=True)
