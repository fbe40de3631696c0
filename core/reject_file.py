"""The file of rejected rows: their number, column and rule in front of their own cells, to be mended and imported."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from core.campaign_file import Record

MARKS = ("_row", "_column", "_rule")
TAKEN = "another record already has the key"
"""How the rule begins that a row broke whose key is somebody else's."""


@dataclass(frozen=True)
class Reject:
    """A row that did not go in: its number (from 1), the column and the rule it broke, and its cells."""

    row: int
    column: str
    rule: str
    record: Record


class RejectFile:
    """The CSV of rejected rows; made only when there is one, under its final name only when it is whole."""

    def __init__(self, path: Path, header: list[str]) -> None:
        self._path, self._part = path, path.with_name(path.name + ".part")
        self._header = [name for name in header if name not in MARKS]
        self._file: Any = None
        self._writer: Any = None

    def __enter__(self) -> Self:
        return self

    def write(self, reject: Reject) -> None:
        """Add a rejected row."""
        if self._file is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._part.open("w", encoding="utf-8", newline="")
            self._writer = csv.writer(self._file)
            self._writer.writerow([*MARKS, *self._header])
        cells = [reject.record.get(name) for name in self._header]
        self._writer.writerow([reject.row, reject.column, reject.rule, *cells])

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()
            self._part.replace(self._path)
        else:
            self._path.unlink(missing_ok=True)
