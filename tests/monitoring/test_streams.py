"""What monitoring finds in streams with a known onset, how soon, and that it finds nothing where there is nothing.

Evidently's own code on the settings' defaults: drift on windows of 1,000 people, quality on windows of 500 outcomes,
each looked at whenever a tenth of it is new.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from core.schema import Schema
from monitor.reports.drift.arrivals import BEFORE
from tests.monitoring.conftest import (
    LIMITS,
    LOOKS,
    WATCHING,
    Change,
    after,
    drift_verdicts,
    people,
    quality_verdicts,
    scored,
)
from trainer.data.snapshot import OUTCOME

STABLE_DRIFT, STABLE_QUALITY = 8, 30  # windows of different people, none of whom is another
WINDOW, SIZE = LIMITS.window, WATCHING.callwise_quality_window


def of_some(share: float, **columns: str) -> Change:
    """A share of the people have these values, and the model scores them as they are."""

    def change(frame: pd.DataFrame) -> pd.DataFrame:
        those = np.random.default_rng(6).random(len(frame)) < share
        return scored(frame.assign(**{name: frame[name].where(~those, value) for name, value in columns.items()}))

    return change


def first(found: list[bool]) -> int | None:
    """The first look that found something, counted from 0."""
    return next((look for look, bad in enumerate(found) if bad), None)


def test_no_alarm_on_people_who_stay_as_they_are(schema: Schema, reference: pd.DataFrame) -> None:
    stream = people(schema, WINDOW * (BEFORE + STABLE_DRIFT), 2)
    found = [verdict.is_drift for verdict in drift_verdicts(schema, reference, stream, step=WINDOW)]
    assert found == [False] * STABLE_DRIFT


@pytest.mark.parametrize(
    ("change", "within", "of_score"),
    [
        (of_some(0.6, contact="cellular"), LOOKS, True),
        (of_some(1.0, contact="cellular", poutcome="success"), 2, True),
        (of_some(0.3, job="student", marital="single", education="unknown", housing="no", loan="no"), LOOKS, False),
    ],
    ids=["six in ten people of one kind, where it was half", "everybody, far", "five columns, the scores as before"],
)
def test_drift_is_found_soon_after_its_onset_and_not_before(
    schema: Schema, reference: pd.DataFrame, change: Change, within: int, of_score: bool
) -> None:
    """`within`: looks after the onset, ten to a window."""
    before = 5
    onset = (1 + BEFORE) * WINDOW + before * WINDOW // LOOKS
    stream = after(onset, change)(people(schema, onset + within * WINDOW // LOOKS, 3))
    found = list(drift_verdicts(schema, reference, stream))
    look = first([verdict.is_drift for verdict in found])
    assert look is not None, "not found"
    assert before < look <= before + within
    assert all(verdict.is_drift for verdict in found[look:]), "and it stays found"
    assert found[-1].score.drifted is of_score


def test_a_change_is_history_once_everybody_who_is_compared_has_changed(
    schema: Schema, reference: pd.DataFrame
) -> None:
    onset, step = (1 + BEFORE) * WINDOW, WINDOW // 2
    stream = after(onset, of_some(1.0, contact="cellular"))(people(schema, 2 * onset, 3))
    found = [verdict.is_drift for verdict in drift_verdicts(schema, reference, stream, step)]
    assert found == [False, True, True, True, True, True, False]


def test_a_champion_that_keeps_its_promise_raises_as_few_alarms_as_stated(
    schema: Schema, reference: pd.DataFrame
) -> None:
    """One window in a hundred; of 30 more than 2 are seen once in 300 suites, were the seed not fixed."""
    stream = people(schema, SIZE * STABLE_QUALITY, 4)
    assert sum(bool(verdict.broken) for verdict in quality_verdicts(reference, stream, step=SIZE)) <= 2


def shuffled(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(**{OUTCOME: np.random.default_rng(7).permutation(frame[OUTCOME])})


def half_as_many(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(**{OUTCOME: frame[OUTCOME] * (np.random.default_rng(8).random(len(frame)) < 0.5)})


def half_as_many_refusals(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(**{OUTCOME: frame[OUTCOME] | (np.random.default_rng(9).random(len(frame)) < 0.5)})


@pytest.mark.parametrize(
    ("change", "word"),
    [(shuffled, "lost its order"), (half_as_many, "too much"), (half_as_many_refusals, "too little")],
)
def test_a_broken_promise_is_found_within_a_window_of_its_onset_and_not_before(
    schema: Schema, reference: pd.DataFrame, change: Change, word: str
) -> None:
    before = 5
    onset = SIZE + before * SIZE // LOOKS
    stream = after(onset, change)(people(schema, onset + SIZE, 4))
    found = list(quality_verdicts(reference, stream))
    look = first([bool(verdict.broken) for verdict in found])
    assert look is not None, "not found"
    assert before < look <= before + LOOKS
    assert any(word in problem for problem in found[-1].broken)
