"""The file of rejected rows: what was wrong, followed by the row's own cells for people to correct.

It opens in a spreadsheet: UTF-8 with its mark, and no cell that a spreadsheet would run.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from core.files import spreadsheet_cells
from core.files.records import Record

ROW, LINE, COLUMN, RULE, FOUND, FILE = MARKS = ("_row", "_line", "_column", "_rule", "_found", "_file")
"""Row number, the line in a spreadsheet, the file's column, the rule, the value found, and the sha256 of the file that
the row was in first."""

SURROGATE = re.compile("[\ud800-\udfff]")
TAKEN = "another record already has the key"
"""The beginning of the rule that keys are unique in a campaign."""


@dataclass(frozen=True)
class Reject:
    """A rejected row: its number (from 1), the schema's column, the rule it broke, and its own cells.

    `source` is the column's name in the file, `found` the value there, `kind` the rule without the value.
    """

    row: int
    column: str
    rule: str
    record: Record
    source: str = ""
    found: str = ""
    kind: str = ""

    @property
    def line(self) -> int:
        """The line in the file that the row was in first, from 1 as a spreadsheet counts; 0 if unknown."""
        mark = str(self.record.get(LINE) or "").removesuffix(".0")
        return int(mark) if mark.isdigit() else self.record.line


class RejectFile:
    """The CSV of rejected rows; it exists only if there are any, and under its final name only when complete.

    `origin` is the sha256 of the imported file; a row that was in another file first has that file's.
    """

    def __init__(self, path: Path, header: list[str], origin: str) -> None:
        self._path, self._part = path, path.with_name(path.name + ".part")
        self._header = [name for name in header if name not in MARKS]
        self._origin = origin
        self._file: Any = None
        self._writer: Any = None

    def __enter__(self) -> Self:
        return self

    def write(self, reject: Reject) -> None:
        """Add a row."""
        if self._file is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._part.open("w", encoding="utf-8-sig", newline="")
            self._writer = csv.writer(self._file)
            self._writer.writerow([*MARKS, *map(spreadsheet_cells.escape, self._header)])
        # Surplus cells stay, so the row breaks its rule again until a person corrects it.
        cells = [*(reject.record.get(name) for name in self._header), *(reject.record.get(None) or ())]  # type: ignore[call-overload]
        marks = [reject.source or reject.column, reject.rule, reject.found, reject.record.get(FILE) or self._origin]
        self._writer.writerow([reject.row, reject.line, *map(_cell, marks), *map(_cell, cells)])

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if self._file is not None:
            self._file.close()
        if kind is not None:
            self._part.unlink(missing_ok=True)
        elif self._file is not None:
            self._part.replace(self._path)
        else:
            self._path.unlink(missing_ok=True)


def _cell(raw: Any) -> Any:
    # Bytes that are no letters become the sign of a lost letter, which no import accepts from this file.
    return spreadsheet_cells.escape(SURROGATE.sub("\ufffd", raw)) if isinstance(raw, str) else raw
