"""The file of rejected rows: the file's own columns, so that it can be mended, and in front of them what was wrong.

It opens in a spreadsheet: UTF-8 with its mark, and no cell that a spreadsheet would run.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from core.imports import spreadsheet_cells
from core.imports.campaign_file import Record

ROW, COLUMN, RULE, FOUND, FILE = MARKS = ("_row", "_column", "_rule", "_found", "_file")
"""Row number, the file's column, the rule, the value found, and the sha256 of the file that the row was in first."""

TAKEN = "another record already has the key"
"""How the rule begins that a row broke whose key is somebody else's."""


@dataclass(frozen=True)
class Reject:
    """A row that did not go in: its number (from 1), the schema's column and the rule it broke, and its own cells.

    `source` is the column's name in the file, `found` the value there, `kind` the rule without the value.
    """

    row: int
    column: str
    rule: str
    record: Record
    source: str = ""
    found: str = ""
    kind: str = ""


class RejectFile:
    """The CSV of rejected rows; made only when there is one, under its final name only when it is whole.

    `origin` is the sha256 of the file they are from; a row that was in another file before keeps that one's.
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
            self._writer.writerow([*MARKS, *map(spreadsheet_cells.safe, self._header)])
        # What is beyond the header stays there, so that the row breaks its rule again until somebody mends it.
        cells = [*(reject.record.get(name) for name in self._header), *(reject.record.get(None) or ())]  # type: ignore[call-overload]
        marks = [reject.source or reject.column, reject.rule, reject.found, reject.record.get(FILE) or self._origin]
        self._writer.writerow([reject.row, *map(_cell, marks), *map(_cell, cells)])

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
    return spreadsheet_cells.safe(raw) if isinstance(raw, str) else raw
