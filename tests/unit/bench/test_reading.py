"""The bench of large files reads every row, on each way, and its file is as wide and as blank as it says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench.reading import __main__ as command
from bench.reading.large_files import COLUMNS, HEADER, WRITERS, people
from bench.reading.ways import PANDAS, WAYS

ROWS = 300


@pytest.mark.parametrize("ending", WRITERS)
def test_every_way_reads_all_rows(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"people.{ending}"
    WRITERS[ending](path, ROWS)
    assert {way: read(path) for way, read in WAYS.items()} == dict.fromkeys(WAYS, ROWS)


def test_a_third_of_the_cells_is_blank_and_the_file_is_the_same_each_time() -> None:
    rows = list(people(ROWS))
    assert {len(row) for row in rows} == {len(HEADER)} == {COLUMNS}
    assert sum(cell is None for row in rows for cell in row) / (ROWS * COLUMNS) == pytest.approx(1 / 3, abs=0.02)
    assert rows == list(people(ROWS))


def test_the_figures_are_ratios_to_pandas(tmp_path: Path) -> None:
    out = tmp_path / "figures.json"
    ways = ["checked rows", PANDAS[0]]
    assert command.main(["--rows", str(ROWS), "--files", "csv", "--ways", *ways, "--json", str(out)]) == 0
    own, pandas = (json.loads(out.read_text())["csv"]["ways"][way] for way in ways)
    assert own["rows"] == pandas["rows"] == ROWS
    assert own[f"to {PANDAS[0]}"]["seconds"] == pytest.approx(own["seconds"] / pandas["seconds"])
    assert own["peak_mib"] > 0
