"""Workbooks of Excel and LibreOffice: .xlsx, .xlsm, .xls, .xlsb, .ods."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from core.errors import InputError
from core.files import archive, sheet_process
from core.files.records import Line
from core.sentences import Sentence

PATIENCE = 600  # seconds for a workbook
_ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Sheet:
    """A sheet of a workbook, read once and kept in a folder until this object goes."""

    sheets: tuple[str, ...]
    name: str
    folder: TemporaryDirectory[str]

    @cached_property
    def _rows(self) -> Path:
        return Path(self.folder.name) / "rows"

    def lines(self) -> Iterator[Line]:
        """The rows as a spreadsheet counts them. Whole numbers are integers, dates ISO text."""
        with self._rows.open(encoding="utf-8") as file:
            next(file)
            for number, text in enumerate(file, 1):
                cells: list[Any] = json.loads(text)
                yield Line(number, [_whole(cell) for cell in cells])


def _whole(cell: Any) -> Any:
    """A spreadsheet keeps every number as a fraction; a person sees 12345."""
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return int(cell)
    return cell


def read(path: Path, sheet: str = "") -> Sheet:
    """The `sheet` of the workbook at `path`, or its largest. Raises InputError if it cannot be read."""
    archive.check_workbook(path)
    folder = TemporaryDirectory(prefix="workbook-")
    rows = Path(folder.name) / "rows"
    command = [sys.executable, "-m", "core.files.sheet_process", str(path.resolve()), sheet, str(rows)]
    try:
        ended = subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, timeout=PATIENCE, check=False)
    except subprocess.TimeoutExpired:
        raise archive.too_large(path) from None
    if ended.returncode:
        raise _refused(path, sheet, ended.returncode, ended.stderr)
    with rows.open(encoding="utf-8") as file:
        said = json.loads(next(file))
    return Sheet(tuple(said["sheets"]), str(said["sheet"]), folder)


def _refused(path: Path, sheet: str, code: int, words: str) -> InputError:
    if code == sheet_process.PASSWORD:
        return InputError(
            Sentence("{file} is protected by a password", file=path.name), next=Sentence("Save it without a password.")
        )
    if code == sheet_process.NO_SHEET:
        if sheet:
            return InputError(Sentence("{file} has no sheet '{sheet}'", file=path.name, sheet=sheet))
        return InputError(Sentence("{file} is empty", file=path.name), next=Sentence("Export the campaign again."))
    if code == sheet_process.DAMAGED:
        why = words.strip().splitlines()[-1] if words.strip() else ""
        return InputError(
            Sentence("{file} is not a complete workbook: {error}", file=path.name, error=why),
            next=Sentence("Open it in a spreadsheet, save it again, and choose that file."),
        )
    return archive.too_large(path)
