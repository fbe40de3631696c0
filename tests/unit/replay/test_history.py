"""A history read from a file: in time order, with what does not fit counted."""

from __future__ import annotations

import csv
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from core.errors import InputError
from core.schema import Schema
from replay.history import History
from trainer.data.snapshot import AT, OUTCOME, PROSPECT

Person = dict[str, Any]
Write = Callable[..., Path]


@pytest.fixture
def write(person: Person, tmp_path: Path) -> Write:
    """A campaign file of people like `person`, each with some cells changed."""

    def written(*changes: Person) -> Path:
        path = tmp_path / "history.csv"
        with path.open("w", newline="") as file:
            writer = csv.DictWriter(file, list(person))
            writer.writeheader()
            writer.writerows({**person, **changed} for changed in changes)
        return path

    return written


def test_rows_keep_their_order_and_get_the_times_of_the_calendar(write: Write, schema: Schema) -> None:
    found = History.from_file(write({"age": "30"}, {"age": "31", "y": "yes"}, {"age": "32", "month": "jun"}), schema)
    assert found.frame["age"].tolist() == [30, 31, 32]
    assert found.sold.tolist() == [False, True, False]
    assert found.frame[AT].is_monotonic_increasing
    assert schema.calendar is not None
    year = int(schema.calendar.start.split("-")[0])
    assert found.frame[AT].iloc[2] == datetime(year, 6, 1, 0, 0, 1, tzinfo=UTC)
    assert found.frame[PROSPECT].tolist() == ["replay:0000001", "replay:0000002", "replay:0000003"]
    assert found.rejected == 0


def test_columns_are_as_training_has_them(write: Write, schema: Schema) -> None:
    frame = History.from_file(write({}, {}), schema).frame
    assert set(schema.feature_names) < set(frame)
    assert "duration" not in frame, "it is known only after the call"
    assert frame["age"].dtype == "int64"
    assert frame["euribor3m"].dtype == "float64"
    assert frame[OUTCOME].dtype == "int64"


def test_what_does_not_fit_is_counted_and_what_has_no_outcome_left_out(write: Write, schema: Schema) -> None:
    path = write({"age": "young"}, {"y": ""}, {"job": "pilot"}, {"y": "perhaps"}, {"age": "50", "y": "yes"})
    found = History.from_file(path, schema)
    assert (found.frame["age"].tolist(), found.rejected) == ([50], 3)
    assert found.frame[PROSPECT].tolist() == ["replay:0000005"], "a row keeps its place in the file"


def test_a_file_without_a_column_rejects_every_row(tmp_path: Path, schema: Schema) -> None:
    path = tmp_path / "other.csv"
    path.write_text("age;y\n30;yes\n31;no\n")
    with pytest.raises(InputError, match="holds no call with an outcome"):
        History.from_file(path, schema)


def test_a_list_that_nobody_was_called_of_yet_is_no_history(write: Write, schema: Schema) -> None:
    with pytest.raises(InputError, match=r"history\.csv holds no call with an outcome") as refused:
        History.from_file(write({"y": ""}), schema)
    assert refused.value.next == "Give the file of a finished campaign."


def test_without_a_calendar_there_is_no_order_in_time(write: Write, schema: Schema) -> None:
    with pytest.raises(InputError, match="names no calendar"):
        History.from_file(write({}), schema.model_copy(update={"calendar": None}))


def test_a_file_that_is_not_there_is_said(tmp_path: Path, schema: Schema) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        History.from_file(tmp_path / "none.csv", schema)
