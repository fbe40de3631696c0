"""How a file is read, as far as somebody chose it; the rest is found by evidence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self


@dataclass(frozen=True)
class FileReading:
    """Choices for one file. An empty text or None is found by evidence.

    `encoding`: Python's name. `separator`: one character. `header_line`: the line with the names of the columns, from
    1 as a spreadsheet counts; 0 if there is none. `sheet`: its name in the workbook.
    """

    encoding: str = ""
    separator: str = ""
    header_line: int | None = None
    sheet: str = ""

    def document(self) -> dict[str, Any]:
        """The stored form."""
        return asdict(self)

    @classmethod
    def from_document(cls, document: Mapping[str, Any] | None) -> Self:
        """The reading whose stored form is `document`; None chooses nothing."""
        return cls(**document) if document else cls()
