"""How a column looked before and looks now."""

from __future__ import annotations

import pandas as pd
import pytest

from core.schema import Schema
from monitor.reports.drift.column_shapes import OTHER, PARTS, shape


def test_words_stand_by_how_common_they_are(schema: Schema) -> None:
    before, now = pd.Series(["married"] * 6 + ["single"] * 4), pd.Series(["single"] * 3 + ["divorced"])
    found = shape(schema.by_name["marital"], before, now)
    assert found.labels == ("single", "married", "divorced")
    assert (found.before, found.now) == ((0.4, 0.6, 0.0), (0.75, 0.0, 0.25))


def test_rare_words_are_put_together(schema: Schema) -> None:
    jobs = schema.by_name["job"]
    found = shape(jobs, pd.Series(list(jobs.categories)), pd.Series(list(jobs.categories)))
    assert len(found.labels) == PARTS + 1
    assert found.labels[-1] == OTHER
    assert sum(found.before) == pytest.approx(1, abs=1e-3)


def test_a_few_numbers_stand_by_themselves_and_codes_apart(schema: Schema) -> None:
    before, now = pd.Series([3, 3, 6, 999]), pd.Series([999, 999, 12, 3])
    found = shape(schema.by_name["pdays"], before, now)
    assert found.labels == ("3", "6", "12", "never contacted before")
    assert found.before == (0.5, 0.25, 0.0, 0.25)
    assert found.now == (0.25, 0.0, 0.25, 0.5)


def test_many_numbers_are_cut_into_parts_of_one_width(schema: Schema) -> None:
    found = shape(schema.by_name["age"], pd.Series(range(20, 70)), pd.Series(range(30, 80)))
    assert len(found.labels) == PARTS
    assert (found.labels[0], found.labels[-1]) == ("20 to 25.9", "73.1 to 79")
    assert sum(found.before) == pytest.approx(1, abs=1e-3)
    assert sum(found.now) == pytest.approx(1, abs=1e-3)
    assert (found.now[0], found.before[-1]) == (0.0, 0.0)


def test_a_number_of_which_only_codes_are_known_is_its_codes(schema: Schema) -> None:
    found = shape(schema.by_name["pdays"], pd.Series([999, 999]), pd.Series([999]))
    assert (found.labels, found.before, found.now) == (("never contacted before",), (1.0,), (1.0,))
