"""Reads a workbook in a process of its own, so that a damaged or hostile one costs no service its memory.

`python -m core.files.sheet_process WORKBOOK SHEET OUT` writes OUT: first a line `{"sheets": [...], "sheet": NAME}`,
then a line for each row of that sheet, from the sheet's first row. Without a SHEET it is the largest that is visible.
"""

from __future__ import annotations

import json
import resource
import sys
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import IO, Any

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, PasswordError, SheetVisibleEnum

MEMORY = 3 << 30  # bytes of address space
PASSWORD, DAMAGED, NO_SHEET = 3, 4, 5  # how the process ends


def main(workbook: Path, sheet: str, out: Path) -> int:
    """Write the rows; returns 0, `PASSWORD`, `DAMAGED` or `NO_SHEET`."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    try:
        with CalamineWorkbook.from_path(workbook) as book:
            visible = [meta.name for meta in book.sheets_metadata if meta.visible is SheetVisibleEnum.Visible]
            names = visible or list(book.sheet_names)
            if sheet and sheet not in book.sheet_names:
                return NO_SHEET
            chosen = book.get_sheet_by_name(sheet) if sheet else _largest(book, names)
            if chosen is None:
                return NO_SHEET
            with out.open("w", encoding="utf-8") as file:
                file.write(json.dumps({"sheets": names, "sheet": chosen.name}) + "\n")
                _write(chosen, file)
    except PasswordError:
        return PASSWORD
    except (CalamineError, OSError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return DAMAGED
    return 0


def _largest(book: CalamineWorkbook, names: list[str]) -> CalamineSheet | None:
    """The first of the largest sheets; None where there is no sheet. Raises CalamineError where none can be read."""
    largest: CalamineSheet | None = None
    unread: CalamineError | None = None
    for name in names:
        try:
            sheet = book.get_sheet_by_name(name)
        except CalamineError as error:
            unread = unread or error  # a sheet of diagrams, or a damaged one
            continue
        if largest is None or _size(sheet) > _size(largest):
            largest = sheet
    if largest is None and unread is not None:
        raise unread
    return largest


def _size(sheet: CalamineSheet) -> int:
    return sheet.height * sheet.width


def _write(sheet: CalamineSheet, file: IO[str]) -> None:
    if sheet.start is None:
        return
    encoder = json.JSONEncoder(default=_plain, ensure_ascii=False, separators=(",", ":"))
    for row in sheet.iter_rows():
        file.write(encoder.encode(row) + "\n")


def _plain(cell: Any) -> Any:
    """A date or time as ISO text."""
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == time() else cell.isoformat(timespec="seconds")
    if isinstance(cell, date | time):
        return cell.isoformat()
    if isinstance(cell, timedelta):
        return str(cell)
    raise TypeError(f"{cell!r} is no cell")


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3])))
