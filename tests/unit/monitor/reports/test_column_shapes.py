"""How a column looked in training and looks now."""

from __future__ import annotations

import pandas as pd
import pytest

from core.schema import Schema
from monitor.reports.column_shapes import OTHER, PARTS, shape


def test_words_stand_by_how_common_they_are(schema: Schema) -> None:
    training, now = pd.Series(["married"] * 6 + ["single"] * 4), pd.Series(["single"] * 3 + ["divorced"])
    found = shape(schema.by_name["marital"], training, now)
    assert found.labels == ("single", "married", "divorced")
    assert (found.training, found.now) == ((0.4, 0.6, 0.0), (0.75, 0.0, 0.25))
    assert (found.least, found.most) == (None, None)


def test_rare_words_are_put_together(schema: Schema) -> None:
    jobs = schema.by_name["job"]
    found = shape(jobs, pd.Series(list(jobs.categories)), pd.Series(list(jobs.categories)))
    assert len(found.labels) == PARTS + 1
    assert found.labels[-1] == OTHER
    assert sum(found.training) == pytest.approx(1, abs=1e-3)


def test_a_few_numbers_stand_by_themselves_and_codes_apart(schema: Schema) -> None:
    training, now = pd.Series([3, 3, 6, 999]), pd.Series([999, 999, 12, 3])
    found = shape(schema.by_name["pdays"], training, now)
    assert found.labels == ("3", "6", "12", "never contacted before")
    assert found.training == (0.5, 0.25, 0.0, 0.25)
    assert found.now == (0.25, 0.0, 0.25, 0.5)
    assert (found.least, found.most) == (3.0, 6.0), "what a code stands for is no number"


def test_many_numbers_are_cut_into_parts_of_one_width(schema: Schema) -> None:
    found = shape(schema.by_name["age"], pd.Series(range(20, 70)), pd.Series(range(30, 80)))
    assert len(found.labels) == PARTS
    assert (found.labels[0], found.labels[-1]) == ("20 to 25.9", "73.1 to 79")
    assert sum(found.training) == pytest.approx(1, abs=1e-3)
    assert sum(found.now) == pytest.approx(1, abs=1e-3)
    assert (found.now[0], found.training[-1]) == (0.0, 0.0)
    assert (found.least, found.most) == (20.0, 69.0)


def test_a_number_of_which_only_codes_are_known_has_no_range(schema: Schema) -> None:
    found = shape(schema.by_name["pdays"], pd.Series([999, 999]), pd.Series([999]))
    assert (found.labels, found.training, found.now) == (("never contacted before",), (1.0,), (1.0,))
    assert (found.least, found.most) == (None, None)
