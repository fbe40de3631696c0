"""Where a table's header is: behind titles, in the first line, or nowhere."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, time, timedelta
from typing import Any

from core.files import spreadsheet_cells
from core.files.records import Line
from core.values.visible import is_blank, visible

LOOK = 100  # lines in which the header is found
MARK = "_row"  # the first column of a file of rejected rows
_VALUE = re.compile(
    r"[-+(]?\s*[€$£¥]?\s*[-+]?\d[\d.,' \u00a0\u202f]*(?:e[-+]?\d+)?\s*[%€$£¥)]?"  # a number
    r"|\d{1,4}[-./]\d{1,2}[-./]\d{1,4}(?:[ T].*)?",  # a date
    re.IGNORECASE,
)
_TOTAL = re.compile(
    r"(?:grand |sub[- ]?)?(?:total|totale|totaal|totals|sum|summe|suma|somme|gesamt\w*|zwischensumme|итого)\b.{0,20}"
    r"|\(?\d+ (?:rows?|records?|zeilen?|datens[aä]tze?)\b.{0,30}",
    re.IGNORECASE,
)
_RULER = re.compile(r"[-=_+~*]{3,}")


@dataclass(frozen=True)
class Layout:
    """Where the table begins: `header` is the line of the columns' names, 0 for none; `first` the first line of it.

    `sure` is False where the lines do not show it well. `width`: cells of a usual line.
    """

    header: int
    first: int
    width: int
    sure: bool = True


def layout(lines: Sequence[Line], header: int | None = None) -> Layout:
    """The layout that the first `lines` show, with the `header` line if it is chosen."""
    full = [line for line in lines if not is_empty(line.cells)]
    widths = Counter(_width(line.cells) for line in full)
    usual = max(widths, key=lambda cells: (widths[cells], cells), default=0)
    first = _first(full, usual)
    table = [line for line in full if line.number >= first]
    raw = Counter(len(line.cells) for line in table)
    width = max((_width(line.cells) for line in table), default=0)
    width = min(width, max(raw, key=lambda cells: (raw[cells], cells), default=0))
    if header is not None:
        return Layout(header, header or first, width)
    if not table:
        return Layout(0, first, width)
    if str(table[0].cells[0]).lstrip("\ufeff") == MARK:
        return Layout(first, first, width)
    named, sure = _is_header(table[0].cells, [line.cells for line in table[1:]])
    return Layout(first if named else 0, first, width, sure)


def _first(full: Sequence[Line], width: int) -> int:
    """The first line that is as full as a line of the table, not a title."""
    if not full:
        return 1
    filled = sorted(_filled(line.cells) for line in full)
    usual = filled[len(filled) // 2]
    for line in full:
        own = _filled(line.cells)
        if own > 1 and own * 2 >= usual and _width(line.cells) * 2 >= width:
            return line.number
    return full[0].number


def _is_header(first: Sequence[Any], rest: Sequence[Sequence[Any]]) -> tuple[bool, bool]:
    """Whether `first` names the columns of `rest`, and whether that is sure."""
    values = sum(_is_value(cell) for cell in first)
    if not rest:
        return values * 2 < max(1, _filled(first)), True
    numeric = agree = repeated = 0
    for place, cell in enumerate(first):
        below = [row[place] for row in rest if place < len(row) and not _blank(row[place])]
        if not below or _blank(cell):
            continue
        if sum(map(_is_value, below)) * 5 >= len(below) * 4:
            numeric += 1
            agree += _is_value(cell)
        elif str(cell).strip() in {str(other).strip() for other in below}:
            repeated += 1
    if numeric:
        return agree * 2 <= numeric, agree in (0, numeric) and not (repeated and not agree)
    return not repeated, bool(values == 0 and len(rest) > 1)


def is_empty(cells: Sequence[Any]) -> bool:
    """Whether nothing is in the line, or only a ruler of dashes."""
    # Nearly every line shows in its first cells that it is not empty.
    return all(_blank(cell) or (isinstance(cell, str) and _RULER.fullmatch(cell.strip())) for cell in cells)


def is_total(cells: Sequence[Any], width: int) -> bool:
    """Whether the line can be a line of totals: such a word first, and beside it only numbers and blanks."""
    first = next((cell for cell in cells if not _blank(cell)), None)
    if not isinstance(first, str) or not _TOTAL.fullmatch(visible(first)):
        return False
    full = [cell for cell in cells if not _blank(cell)]
    return width > 1 and len(full) * 2 <= max(width, 4) and all(map(_is_value, full[1:]))


def headings(cells: Sequence[Any]) -> list[str]:
    """Unique names of the columns, without line breaks and what `spreadsheet_cells.escape` added; numbers if none."""
    seen: Counter[str] = Counter()
    names: list[str] = []
    for place, cell in enumerate(cells, 1):
        plain = spreadsheet_cells.unescape(visible(text_of(cell))) or f"column {place}"
        seen[plain] += 1
        name = plain if seen[plain] == 1 else f"{plain} ({seen[plain]})"
        while name in names:
            seen[plain] += 1
            name = f"{plain} ({seen[plain]})"
        names.append(name)
    while names and names[-1] == f"column {len(names)}":  # a separator at the end of each line makes no column
        names.pop()
    return names


def text_of(cell: Any) -> str:
    """A cell of a header as text."""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return "" if cell is None else str(cell)


def _width(cells: Sequence[Any]) -> int:
    """The cells up to the last one with something in it."""
    return next((place for place in range(len(cells), 0, -1) if not _blank(cells[place - 1])), 0)


def _filled(cells: Sequence[Any]) -> int:
    return sum(not _blank(cell) for cell in cells)


def _blank(cell: Any) -> bool:
    return cell is None or (isinstance(cell, str) and is_blank(cell))


def _is_value(cell: Any) -> bool:
    """Whether the cell is a number or a date, which no column is called."""
    if isinstance(cell, str):
        return bool(_VALUE.fullmatch(visible(cell)))
    return isinstance(cell, int | float | date | time | timedelta)
