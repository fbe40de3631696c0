"""Whatever damage a file has, no line of it is lost and no value changes unseen (`scripts/bench files` runs more)."""

from __future__ import annotations

from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from bench.damaged_files import Writer
from bench.files import Totals, check


@given(st.randoms(use_true_random=False))
@settings(max_examples=150)
def test_nothing_is_lost_and_nothing_changes_unseen(random: Random) -> None:
    made, totals = Writer(random).file(), Totals()
    with TemporaryDirectory() as folder:
        path = Path(folder) / "people.csv"
        path.write_bytes(made.content)
        assert check(made, path, totals) == []
    assert (totals.unaccounted, totals.silently_changed, totals.crashes) == (0, 0, 0)
