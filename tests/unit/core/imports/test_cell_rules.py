"""A sound row is read in a shortcut, which gives what the thorough way gives, or leaves the row to it."""

from __future__ import annotations

from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.damaged_files import COLUMNS, Writer
from bench.files import KIND, NobodyIsKeptOut
from bench.reading import large_files
from core.clock import now
from core.errors import InputError
from core.files.campaign_file import CampaignFile
from core.files.records import Record
from core.imports.column_mapping import ColumnMapping
from core.imports.reject_file import RULE, Reject
from core.imports.rows import Reading
from core.schema import Schema

DOOR: Any = NobodyIsKeptOut()


def reading(schema: Schema, mapping: ColumnMapping, header: list[str]) -> Reading:
    return Reading(schema, "c", mapping, mapping.reader(schema, header), frozenset(), None, None, now, DOOR)


def thorough(how: Reading, record: Record) -> tuple[Any, Any] | None:
    """What the thorough way makes of a row, None where it rejects it."""
    plain = how.reader.record(record)
    if plain.broken or plain.unreadable:
        return None
    try:
        return how.features(plain, 1), how.kept(plain, 1)
    except InputError:
        return None


def agree(how: Reading, file: CampaignFile) -> int:
    """Check every row of `file`; returns how many took the shortcut."""
    quick = 0
    with file.records() as records:
        for record in records:
            found = how.sound(record)
            if found is not None:
                quick += 1
                assert repr(found) == repr(thorough(how, record)), record  # 1 and 1.0 differ, too
    return quick


@given(st.randoms(use_true_random=False))
@settings(max_examples=60)
def test_both_ways_read_the_same_in_a_damaged_file(random: Random) -> None:
    made = Writer(random).file()
    with TemporaryDirectory() as folder:
        path = Path(folder) / "people.csv"
        path.write_bytes(made.content)
        file = CampaignFile.open(path)
        columns = {name: file.header[place] for place, name in enumerate(COLUMNS) if place < len(file.header)}
        mapping = ColumnMapping({name: columns[name] for name in COLUMNS if name in columns and name in KIND.in_files})
        agree(reading(KIND, mapping.settled(KIND, file), file.header), file)


@pytest.mark.parametrize("ending", large_files.WRITERS)
def test_every_row_of_a_sound_file_takes_the_shortcut(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"people.{ending}"
    large_files.WRITERS[ending](path, 200)
    file = CampaignFile.open(path)
    mapping = ColumnMapping({name: name for name in large_files.HEADER}).settled(large_files.KIND, file)
    assert agree(reading(large_files.KIND, mapping, file.header), file) == 200


@pytest.mark.parametrize("cell", ["abc", "1,5", "999999999", "-1", "", "1e400"])
def test_a_row_that_breaks_a_rule_is_left_to_the_thorough_way(cell: str) -> None:
    mapping = ColumnMapping({"key": "key", "amount": "amount", "rate": "rate", "visits": "visits", "colour": "colour"})
    how = reading(KIND, mapping, list(COLUMNS))
    good = {"key": "1", "amount": "1", "rate": "1", "visits": "1", "colour": "red"}
    rejects: list[Reject] = []
    rows = list(how.rows([Record(good), Record({**good, "visits": cell}), Record(good)], rejects.append))
    assert ([row.number for row in rows], [(reject.row, reject.column) for reject in rejects]) == (
        [1, 3],
        [(2, "visits")],
    )


def test_a_file_of_corrected_rows_is_read_the_thorough_way() -> None:
    how = reading(KIND, ColumnMapping({"key": "key"}), [RULE, "key"])
    assert how.sound(Record({"key": "1", RULE: ""})) is None
