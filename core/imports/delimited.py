"""Delimited text as people's programs write it: its encoding, its separator, and a header that can be worked with.

Nothing is asked of the person: what a file says of itself (a byte order mark, Excel's `sep=;`) comes first, then what
its bytes and its first lines show.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import IO

from core.imports import spreadsheet_cells

SEPARATORS = ",;\t|"
LOOK = 20
"""Lines that the separator is told from."""

_CHUNK = 1 << 20
_MARKED = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16's, which it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def encoding(binary: IO[bytes]) -> str:
    """The encoding of the text in `binary`, which is read to its end.

    UTF-8 where all of it is; otherwise Windows-1252, in which the spreadsheets of Western Europe write.
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
    """UTF-16 without its mark: every other byte of mostly Latin text is nothing."""
    low, high = beginning[0::2].count(0), beginning[1::2].count(0)
    if max(low, high) * 4 < len(beginning):
        return ""
    return "utf-16-le" if high > low else "utf-16-be"


def rows(text: IO[str]) -> tuple[list[str], str, Iterator[list[str]]]:
    """The header, the separator, and the rows after it, of `text`, which stands at its beginning.

    The header is empty where there is none. Raises csv.Error where a row cannot be read.
    """
    first = text.readline()
    said = first.strip().strip('"').lower()
    separator = ""
    if said.startswith("sep=") and len(said) == 5:
        separator, first = said[4], text.readline()
    elif said == "sep=":  # the separator is a tab, which was stripped
        separator, first = "\t", text.readline()
    while first and not first.strip():
        first = text.readline()
    beginning = [first, *islice(text, LOOK)]
    separator = separator or separator_of(beginning)
    lines = csv.reader(_again(beginning, text), delimiter=separator, skipinitialspace=True)
    return headings(next(lines, [])), separator, lines


def separator_of(lines: Sequence[str]) -> str:
    """The one of `SEPARATORS` that parts most of `lines` into as many cells as it parts the first, and that is most."""

    def agreement(separator: str) -> tuple[float, int]:
        widths = [len(row) for row in csv.reader(lines, delimiter=separator, skipinitialspace=True) if row]
        if not widths or widths[0] == 1:
            return 0.0, 0
        return sum(width == widths[0] for width in widths) / len(widths), widths[0]

    def score(separator: str) -> float:
        share, cells = agreement(separator)
        return share * cells

    return max(SEPARATORS, key=score)


def headings(cells: Sequence[str]) -> list[str]:
    """A name of its own for each column: without line breaks and spaces around; a number where a name is missing.

    One that was made safe for a spreadsheet, as in a file of rejected rows, is what it was.
    """
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
    while names and names[-1] == f"column {len(names)}":  # a separator at the end of each line parts off nothing
        names.pop()
    return names


def _again(beginning: Sequence[str], text: IO[str]) -> Iterator[str]:
    yield from beginning
    yield from text


def open_text(binary: IO[bytes], name: str) -> io.TextIOWrapper:
    """`binary` as text of the encoding `name`; what does not belong to it becomes the replacement character."""
    return io.TextIOWrapper(binary, encoding=name, newline="", errors="replace")
