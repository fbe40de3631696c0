"""Rejected rows for mending on the screen: turns a reject file into a table, and the mended table into a file."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from core.files import spreadsheet_cells
from core.imports.reject_file import COLUMN, MARKS, ROW, RULE

MOST = 200  # rows that can be mended on the screen; more are better mended in a spreadsheet


@dataclass(frozen=True)
class Rejected:
    """The rows of a reject file with their original cells, and the file's own columns."""

    columns: list[str]
    rows: list[Mapping[str, str]]
    beyond: list[list[str]]  # of each row, the cells that have no name in the header; they are written back unchanged

    @classmethod
    def from_file(cls, content: bytes, most: int | None = None) -> Rejected:
        """The rows of the reject file `content`, at most the first `most`."""
        reader = csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""))
        rows: list[Mapping[str, str]] = []
        beyond: list[list[str]] = []
        for row in reader:
            if most is not None and len(rows) == most:
                break
            beyond.append([spreadsheet_cells.unescape(cell) for cell in row.get(None) or ()])
            rows.append({name: spreadsheet_cells.unescape(cell or "") for name, cell in row.items() if name})
        names = [name for name in reader.fieldnames or [] if name not in MARKS]
        return cls(names, rows, beyond)

    @property
    def broken(self) -> list[str]:
        """The file's columns with a wrong cell, in the file's order."""
        wrong = {row[COLUMN] for row in self.rows}
        return [name for name in self.columns if name in wrong]

    def table(self, used: Sequence[str]) -> pd.DataFrame:
        """One line a row: its number, what is wrong, the cells of columns with a wrong cell, then of `used` ones."""
        names = [*self.broken, *(name for name in self.columns if name in used and name not in self.broken)]
        lines = [{ROW: row[ROW], RULE: _wrong(row), **{name: row[name] for name in names}} for row in self.rows]
        return pd.DataFrame(lines, columns=[ROW, RULE, *names], dtype=str)

    def mended(self, table: pd.DataFrame) -> bytes:
        """The reject file with the cells of the mended `table`."""
        text = io.StringIO(newline="")
        writer = csv.writer(text)
        writer.writerow([*MARKS, *map(spreadsheet_cells.escape, self.columns)])
        lines = table.to_dict("records")
        for row, line, more in zip(self.rows, lines, self.beyond, strict=True):
            cells = [*(row.get(mark, "") for mark in MARKS), *(_cell(line.get(c, row[c])) for c in self.columns)]
            writer.writerow([spreadsheet_cells.escape(cell) for cell in (*cells, *more)])
        return text.getvalue().encode("utf-8-sig")


def _cell(raw: Any) -> str:
    return "" if raw is None or raw is pd.NA or raw != raw else str(raw)  # noqa: PLR0124  nan is a cell that was emptied


def _wrong(row: Mapping[str, str]) -> str:
    return f"{row[COLUMN]}: {row[RULE]}" if row[COLUMN] else row[RULE]
