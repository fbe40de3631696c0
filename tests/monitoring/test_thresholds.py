"""Each threshold of monitoring, from both sides, at the value that the appliance comes with."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.spatial.distance import jensenshannon
from scipy.stats import binom

from core.models.registry import SCORE
from core.schema import Schema
from core.settings.loop import IncidentSettings, MonitorSettings, TrialSettings
from monitor.incidents.facts import IncidentRules
from monitor.reports import promise, shelf
from monitor.reports.drift import DriftVerdict, compare
from monitor.reports.promise import promised
from tests.monitoring.conftest import LIMITS, REFERENCE, predictions

# What every test of this suite was written for. Whoever moves one of these on purpose moves the tests with it.
WATCHED: dict[type[MonitorSettings | IncidentSettings | TrialSettings], dict[str, float]] = {
    MonitorSettings: {
        "callwise_drift_window": 1_000,
        "callwise_drift_distance": 0.1,
        "callwise_drift_share": 0.3,
        "callwise_quality_window": 500,
        "callwise_level_outcomes": 200,
    },
    IncidentSettings: {
        "callwise_incident_attempts": 3,
        "callwise_incident_outcomes": 200,
        "callwise_incident_days": 14,
        "callwise_retrain_outcomes": 500,
    },
    TrialSettings: {
        "callwise_trial_false_promotion": 0.05,
        "callwise_trial_false_rollback": 0.05,
        "callwise_trial_minimum": 200,
        "callwise_trial_limit": 1_000,
        "callwise_trial_errors": 2,
        "callwise_trial_slowness": 5.0,
    },
}


@pytest.mark.parametrize(
    ("group", "name", "value"),
    [(group, name, value) for group, settings in WATCHED.items() for name, value in settings.items()],
)
def test_the_default_is_the_one_the_suite_was_written_for(
    group: type[MonitorSettings | IncidentSettings | TrialSettings], name: str, value: float
) -> None:
    assert getattr(group(), name) == value


def test_the_constants_are_the_ones_the_suite_was_written_for() -> None:
    assert (promise.FALSE_ALARMS, shelf.STRIDE) == (0.01, 10)
    assert (
        IncidentRules().attempts,
        IncidentRules().refusals,
        IncidentRules().fresh_outcomes,
        IncidentRules().patience.days,
    ) == (3, 1, 200, 14)


def alike(schema: Schema, rows: int) -> pd.DataFrame:
    """Half of the people have each column's first category, half its second; numbers lie on 2 values, scores on 100."""
    halves = np.arange(rows) % 2
    columns = {
        column.name: np.array(column.categories[:2])[halves] if column.is_category else halves.astype(float)
        for column in schema.features
    }
    return pd.DataFrame(columns).assign(**{SCORE: (np.arange(rows) % 100) / 200})


def verdict(schema: Schema, window: pd.DataFrame) -> DriftVerdict:
    return compare(schema, alike(schema, REFERENCE), predictions(schema, window), LIMITS, "1", "code")[0]


@pytest.mark.parametrize(("share", "drifted"), [(0.61, False), (0.65, True)])
@pytest.mark.parametrize("column", ["contact", "previous"])
def test_drift_distance_of_a_column(schema: Schema, column: str, share: float, drifted: bool) -> None:
    """With 61 in a hundred in place of 50 the distance is 0.078, with 65 it is 0.107."""
    window = alike(schema, LIMITS.window)
    values = sorted(set(window[column]))
    many = np.arange(LIMITS.window) < share * LIMITS.window
    found = verdict(schema, window.assign(**{column: np.where(many, values[0], values[1])}))
    distance = next(one.distance for one in found.columns if one.column == column)
    assert distance == pytest.approx(jensenshannon([share, 1 - share], [0.5, 0.5]), abs=1e-3)
    assert (column in found.drifted) is drifted
    assert not found.is_drift, "one column is not enough"


@pytest.mark.parametrize(("deviations", "drifted"), [(0.09, False), (0.11, True)])
def test_drift_distance_of_the_score(schema: Schema, deviations: float, drifted: bool) -> None:
    window = alike(schema, LIMITS.window)
    found = verdict(schema, window.assign(**{SCORE: window[SCORE] + deviations * window[SCORE].std()}))
    assert found.score.distance == pytest.approx(deviations, rel=0.01)
    assert (found.drifted, found.is_drift) == ([], drifted)


@pytest.mark.parametrize(("columns", "drifted"), [(5, False), (6, True)])
def test_drift_share(schema: Schema, columns: int, drifted: bool) -> None:
    """Of 19 columns; the limit lies between 5 and 6 of them."""
    names = schema.feature_names[:columns]
    window = alike(schema, LIMITS.window)
    found = verdict(schema, window.assign(**{name: window[name].iloc[0] for name in names}))
    assert found.drifted == names
    assert found.is_drift is drifted


@pytest.mark.parametrize(("off", "kept"), [(-3, False), (3, True)])
@pytest.mark.parametrize("side", ["too much", "too little"])
def test_false_alarms_by_conversion(off: int, kept: bool, side: str) -> None:
    """500 calls at a chance of 0.2 each: a quarter of the rate lies on each side."""
    rate = 0.01 / 4
    bound = binom.ppf(rate, 500, 0.2) + off if side == "too much" else binom.ppf(1 - rate, 500, 0.2) - off
    problems = promised(np.full(500, 0.2)).broken(0.5, bound / 500)
    assert (problems == ()) is kept
    assert kept or side in problems[0]


def test_false_alarms_by_order() -> None:
    """Half of the rate is the order's: of the AUCs that the scores would bring, that many lie below the bound."""
    score = np.random.default_rng(1).beta(1, 6, 500)
    bound = promised(score).auc_low
    rng = np.random.default_rng(2)
    drawn = rng.random((20_000, 500)) < score
    below = float((promise._aucs(drawn, score) < bound).mean())
    assert 0.0025 < below < 0.009
