"""Delimited text as programs write it: finds the encoding, the separator, and a usable header.

What the file declares (a byte order mark, Excel's `sep=;`) comes first, then what its bytes and first lines show.
Nobody has to choose.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import chain, islice
from typing import IO

from core.imports import spreadsheet_cells

SEPARATORS = ",;\t|"
LOOK = 20  # lines in which the separator is found
_CHUNK = 1 << 20
_MARKED = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # it begins with the mark of UTF-16, so it is compared first
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def encoding(binary: IO[bytes]) -> str:
    """The encoding of the text in `binary`, which is read to its end.

    Without a mark: UTF-8 if all bytes are; otherwise Windows-1252, which spreadsheets in Western Europe write.
    """
    first = binary.read(_CHUNK)
    for mark, name in _MARKED:
        if first.startswith(mark):
            return name
    if wide := _wide(first[:4096]):
        return wide
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        chunk = first
        while chunk:
            decoder.decode(chunk)
            chunk = binary.read(_CHUNK)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


def _wide(beginning: bytes) -> str:
    """The name of UTF-16 without its mark, or "": every other byte of mostly Latin text is zero."""
    low, high = beginning[0::2].count(0), beginning[1::2].count(0)
    if max(low, high) * 4 < len(beginning):
        return ""
    return "utf-16-le" if high > low else "utf-16-be"


def rows(text: IO[str]) -> tuple[list[str], str, Iterator[list[str]]]:
    """The header (may be empty), the separator, and the rows of `text`. Raises csv.Error if a row cannot be read."""
    first = text.readline()
    declaration = first.strip().strip('"').lower()
    separator = ""
    if declaration.startswith("sep=") and len(declaration) == 5:
        separator, first = declaration[4], text.readline()
    elif declaration == "sep=":  # the separator is a tab, which was stripped
        separator, first = "\t", text.readline()
    while first and not first.strip():
        first = text.readline()
    beginning = [first, *islice(text, LOOK)]
    separator = separator or separator_of(beginning)
    lines = csv.reader(chain(beginning, text), delimiter=separator, skipinitialspace=True)
    return headings(next(lines, [])), separator, lines


def separator_of(lines: Sequence[str]) -> str:
    """The one of `SEPARATORS` that splits the first line into most cells, and most of `lines` into as many."""

    def score(separator: str) -> float:
        widths = [len(row) for row in csv.reader(lines, delimiter=separator, skipinitialspace=True) if row]
        if not widths or widths[0] == 1:
            return 0.0
        return sum(width == widths[0] for width in widths) / len(widths) * widths[0]

    return max(SEPARATORS, key=score)


def headings(cells: Sequence[str]) -> list[str]:
    """Unique names of the columns, without line breaks and what `spreadsheet_cells.safe` added; numbers if missing."""
    seen: Counter[str] = Counter()
    names: list[str] = []
    for place, cell in enumerate(cells, 1):
        plain = spreadsheet_cells.original(" ".join(cell.replace("\ufeff", "").split())) or f"column {place}"
        seen[plain] += 1
        name = plain if seen[plain] == 1 else f"{plain} ({seen[plain]})"
        while name in names:
            seen[plain] += 1
            name = f"{plain} ({seen[plain]})"
        names.append(name)
    while names and names[-1] == f"column {len(names)}":  # a separator at the end of each line makes no column
        names.pop()
    return names


def open_text(binary: IO[bytes], name: str) -> io.TextIOWrapper:
    """`binary` as text of the encoding `name`; bytes that are no text in it become the replacement character."""
    return io.TextIOWrapper(binary, encoding=name, newline="", errors="replace")
