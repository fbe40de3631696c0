"""The records of a table, each with its line, and the account of all lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from core.sentences import Sentence


@dataclass(frozen=True)
class Fault:
    """What is wrong with a line as text: the broken rule, and the cell from 0, or None for the line as a whole.

    A fault of the whole line rejects its row; a fault of a cell only where the column is read.
    """

    rule: Sentence
    cell: int | None = None
    whole: bool = True


@dataclass(frozen=True)
class Unreadable:
    """Why a cell cannot be read: the broken `rule`, and the `kind` of it without the cell's own value."""

    rule: Sentence
    kind: Sentence | str = ""


class Line(NamedTuple):
    """One line as a spreadsheet counts it, from 1: its cells, as text or typed values, and its faults."""

    number: int
    cells: Sequence[Any]
    faults: tuple[Fault, ...] = ()


class Record(dict[str, Any]):
    """The raw values of a row by column; surplus cells are under None.

    `line` is its line in the file, from 1, or 0 if unknown. `broken`: what is wrong with the row as a whole, with the
    file's column where it began. `unreadable`: by the file's column, what is wrong with that cell.
    """

    __slots__ = ("broken", "line", "unreadable")

    line: int
    broken: tuple[str, Sentence] | None
    unreadable: dict[str, Unreadable]

    def __init__(self, *args: Any, line: int = 0, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.line = line
        self.broken = None
        self.unreadable = {}


@dataclass
class Tally:
    """The account of a file's lines. `lines` is the sum of all the others.

    `rows`: lines with a record, `titles`: lines above the header, `headings`: header lines and Excel's `sep=`,
    `empty`: lines with nothing in them, `totals`: lines of totals at the end.
    """

    rows: int = 0
    titles: int = 0
    headings: int = 0
    empty: int = 0
    totals: int = 0

    @property
    def lines(self) -> int:
        """All lines."""
        return self.rows + self.titles + self.headings + self.empty + self.totals


class Records:
    """An iterator over a table's records, which keeps the `tally` of the lines up to now."""

    def __init__(self, records: Iterator[Record], tally: Tally) -> None:
        self._records, self.tally = records, tally

    def __iter__(self) -> Iterator[Record]:
        return self

    def __next__(self) -> Record:
        return next(self._records)
