"""Workbooks: the sheet, cells as people see them, and bounds for those that would fill the memory."""

from __future__ import annotations

import zipfile
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from core.errors import InputError
from core.files import archive
from core.files.archive import Kind
from core.files.campaign_file import CampaignFile
from core.files.reading import FileReading

ROWS: list[list[Any]] = [  # a spreadsheet knows no zones
    ["key", "amount", "since", "seen", "yes", "note"],
    ["00412", 12345.0, date(2026, 7, 11), datetime(2026, 7, 11, 14, 5), True, "=text"],  # noqa: DTZ001
    ["A-7", 0.25, date(1975, 3, 12), datetime(2026, 7, 12), False, ""],  # noqa: DTZ001
]


def write(path: Path, sheets: dict[str, list[list[Any]]], first: int = 0) -> Path:
    with xlsxwriter.Workbook(path, {"strings_to_formulas": False}) as book:
        days, moments = book.add_format({"num_format": "dd.mm.yy"}), book.add_format({"num_format": "dd.mm.yy hh:mm"})
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for at, row in enumerate(rows, first):
                for column, cell in enumerate(row):
                    kind = moments if isinstance(cell, datetime) else days if isinstance(cell, date) else None
                    sheet.write(at, column, cell, kind)
    return path


@pytest.mark.parametrize("name", ["people.xlsx", "people.csv", "people"])
def test_cells_are_as_people_see_them_whatever_the_file_is_called(tmp_path: Path, name: str) -> None:
    file = CampaignFile.open(write(tmp_path / name, {"People": ROWS}))
    assert (file.kind, file.header, file.sheets) == (Kind.WORKBOOK, ROWS[0], ("People",))
    with file.records() as records:
        first, second = records
        assert records.tally.lines == 3
    assert list(first.values()) == ["00412", 12345, "2026-07-11", "2026-07-11T14:05:00", True, "=text"]
    assert list(second.values())[:4] == ["A-7", 0.25, "1975-03-12", "2026-07-12"]
    assert [type(first["amount"]), first.line, second.line] == [int, 2, 3]


def test_the_largest_sheet_is_read_and_another_can_be_chosen(tmp_path: Path) -> None:
    path = write(tmp_path / "people.xlsx", {"Cover": [["Spring"]], "People": ROWS, "Old": ROWS[:2]})
    file = CampaignFile.open(path)
    assert (file.reading.sheet, file.sheets, file.sure) == ("People", ("Cover", "People", "Old"), False)
    assert file.notes == ("The sheet 'People' is read, the largest of 3.",)
    other = CampaignFile.open(path, FileReading(sheet="Old"))
    with other.records() as records:
        assert len(list(records)) == 1
    with pytest.raises(InputError, match="no sheet 'New'"):
        CampaignFile.open(path, FileReading(sheet="New"))


def test_lines_above_the_table_and_empty_rows_are_accounted_for(tmp_path: Path) -> None:
    rows = [["Campaign of spring"], [], ROWS[0], ROWS[1], [], ROWS[2]]
    file = CampaignFile.open(write(tmp_path / "people.xlsx", {"People": rows}, first=2))
    with file.records() as records:
        found = list(records)
    assert [row.line for row in found] == [6, 8]
    tally = records.tally
    assert (tally.lines, tally.titles, tally.headings, tally.empty, tally.rows) == (8, 1, 1, 4, 2)


def test_one_in_a_zip_is_read(tmp_path: Path) -> None:
    inner = write(tmp_path / "people.xlsx", {"People": ROWS})
    with zipfile.ZipFile(tmp_path / "people.zip", "w") as packed:
        packed.write(inner, "people.xlsx")
    with CampaignFile.open(tmp_path / "people.zip").records() as records:
        assert len(list(records)) == 2


def test_one_that_unpacks_to_too_much_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "people.xlsx", {"People": ROWS})
    monkeypatch.setattr(archive, "MOST_UNPACKED", 1_000)
    with pytest.raises(InputError, match="too large when it is unpacked"):
        CampaignFile.open(path)


def test_two_cells_at_the_ends_of_a_sheet_do_not_fill_the_memory(tmp_path: Path) -> None:
    path = tmp_path / "people.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet("People")
        sheet.write(0, 0, "key")
        sheet.write(1_048_575, 16_383, "far")
    with pytest.raises(InputError, match="too large when it is unpacked"):
        CampaignFile.open(path)


def test_a_damaged_one_is_refused_by_name(tmp_path: Path) -> None:
    path = write(tmp_path / "people.xlsx", {"People": ROWS})
    damaged = tmp_path / "damaged.xlsx"
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(damaged, "w") as new:
        for part in old.infolist():
            content = old.read(part)
            new.writestr(part, content[: len(content) // 2] if "sheet1" in part.filename else content)
    with pytest.raises(InputError, match=r"damaged\.xlsx"):
        CampaignFile.open(damaged)
