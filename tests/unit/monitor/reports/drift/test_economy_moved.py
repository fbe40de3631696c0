"""An indicator outside what the model has learnt is a finding of its own."""

import numpy as np
import pandas as pd
import pytest

from core.schema import Schema
from monitor.reports.drift.economy_moved import moves


def judged(schema: Schema, learnt: list[float], now: list[float | None]) -> tuple[float, bool]:
    [found] = moves(
        [schema.by_name["euribor3m"]], pd.DataFrame({"euribor3m": learnt}), pd.DataFrame({"euribor3m": now})
    )
    return found.distance, found.moved


@pytest.mark.parametrize(
    ("now", "distance", "moved"),
    [(2.0, 0.0, False), (4.0, 0.0, False), (4.5, 0.5, False), (5.0, 1.0, True), (-1, 3.0, True)],
)
def test_the_distance_is_that_from_the_training_rows(schema: Schema, now: float, distance: float, moved: bool) -> None:
    found, beyond = judged(schema, [2.0, 4.0] * 50, [now] * 9)
    assert found == pytest.approx(distance)
    assert beyond is moved


def test_the_middle_of_the_newest_people_counts(schema: Schema) -> None:
    assert not judged(schema, [2.0, 4.0], [3.0, 3.0, -99.0])[1]
    assert judged(schema, [2.0, 4.0], [3.0, -99.0, -99.0])[1]


def test_an_indicator_that_stood_still_may_stir(schema: Schema) -> None:
    assert not judged(schema, [100.0] * 10, [100.5])[1]
    assert judged(schema, [100.0] * 10, [102.0])[1]


def test_what_nobody_knows_has_not_moved(schema: Schema) -> None:
    column, learnt = schema.by_name["euribor3m"], pd.DataFrame({"euribor3m": [1.0]})
    assert moves([column], learnt, pd.DataFrame({"euribor3m": [None, None]})) == ()
    assert moves([column], learnt, pd.DataFrame({"age": [30]})) == ()
    assert moves([column], pd.DataFrame({"euribor3m": [np.nan]}), pd.DataFrame({"euribor3m": [1.0]})) == ()
