"""The records of a table of lines: finds its header, and accounts for every line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import Any

from core.files.layout import LOOK, Layout, headings, is_empty, is_total, layout
from core.files.records import Line, Record, Records, Tally, Unreadable

_MOST_TOTALS = 5


@dataclass(frozen=True)
class Table:
    """A table's `header`, its `layout`, and its `lines`, which can be read once; `said` lines are before them."""

    header: list[str]
    layout: Layout
    lines: Iterator[Line]
    said: int = 0
    tally: Tally = field(default_factory=Tally)

    @classmethod
    def of(cls, lines: Iterator[Line], header_line: int | None = None, said: int = 0) -> Table:
        """The table in `lines`; a chosen `header_line` counts the `said` lines, too."""
        chosen = header_line - said if header_line else header_line
        first = list(islice(lines, max(LOOK, chosen or 0)))
        found = layout(first, chosen)
        cells = next((line.cells for line in first if line.number == found.header), [])
        names = headings(cells) if found.header else [f"column {place}" for place in range(1, found.width + 1)]
        return cls(names, found, chain(first, lines), said)

    def records(self) -> Records:
        """The records in order, with the account of all lines."""
        self.tally.headings += self.said
        return Records(self._records(), self.tally)

    def _records(self) -> Iterator[Record]:
        tally, width = self.tally, len(self.header)
        names: Sequence[Any] = ()
        held: list[Line] = []  # perhaps totals: the file's end decides
        for line in self.lines:
            if line.number < self.layout.first or line.number == self.layout.header:
                names = self._above(line)
                continue
            if not line.faults:
                if is_empty(line.cells):
                    tally.empty += 1
                    continue
                if names and line.cells[-1] == names[-1] and _plain(line.cells) == names:  # files that were joined
                    tally.headings += 1
                    continue
                if len(held) < _MOST_TOTALS and is_total(line.cells, width):
                    held.append(line)
                    continue
            for earlier in held:
                yield self._record(earlier)
            held.clear()
            yield self._record(line)
        tally.totals += len(held)

    def _above(self, line: Line) -> Sequence[Any]:
        """Count a line at or above the header; the header's own cells."""
        if line.number == self.layout.header:
            self.tally.headings += 1
            return _plain(line.cells)
        if is_empty(line.cells):
            self.tally.empty += 1
        else:
            self.tally.titles += 1
        return ()

    def _record(self, line: Line) -> Record:
        self.tally.rows += 1
        header, cells = self.header, line.cells
        width = len(header)
        record = Record(zip(header, cells, strict=False), line=line.number + self.said)
        if len(cells) < width:
            record.update(dict.fromkeys(header[len(cells) :]))
        elif len(cells) > width and not is_blank_rest(cells, width):
            record[None] = list(cells[width:])  # type: ignore[index]
        for fault in line.faults:
            place = fault.cell
            name = header[place] if place is not None and place < width else ""
            if fault.whole:
                record.broken = (name, fault.rule)
            elif name:
                record.unreadable[name] = Unreadable(fault.rule)
        return record


def _plain(cells: Sequence[Any]) -> list[Any]:
    return [cell.lstrip("\ufeff") if isinstance(cell, str) else cell for cell in cells]


def is_blank_rest(cells: Sequence[Any], width: int) -> bool:
    """Whether the cells behind the header's `width` are all blank."""
    return all(cell is None or (isinstance(cell, str) and not cell.strip()) for cell in cells[width:])
