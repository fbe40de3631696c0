"""Delimited text as programs write it: physical lines, the separator, and lines of cells.

A quotation mark that is never closed spoils its own line only: the lines behind it are read as lines again. A line that
is spoiled keeps its cells as far as they can be told, for people to correct.
"""

from __future__ import annotations

import csv
import io
import re
from collections import deque
from collections.abc import Iterator, Sequence
from itertools import chain, islice
from math import log2
from typing import IO

from core.files.code_pages import WIDE
from core.files.quoted import Closed, Open, QuotedCells
from core.files.records import Fault, Line
from core.sentences import Sentence

SEPARATORS = ",;\t|"
LOOK = 100  # lines in which the separator is found
LONGEST = 1 << 24  # characters of a line
FAR, WIDEST = 1_000, 1 << 20  # lines and characters of one quoted cell
_LOST = re.compile("[\udc80-\udcff]")
_LOST_WIDE = re.compile("[\udc80-\udcff\ufffd]")

csv.field_size_limit(LONGEST)


def open_text(binary: IO[bytes], name: str) -> io.TextIOWrapper:
    """`binary` as text of the encoding `name`; bytes that are no text in it stay and are lone surrogates."""
    # The decoders of UTF-16 and UTF-32 cannot keep single bytes.
    return io.TextIOWrapper(binary, encoding=name, newline="", errors="replace" if name in WIDE else "surrogateescape")


def physical(text: IO[str]) -> Iterator[str]:
    """The lines of `text` with their ends, without an end-of-file mark; of a line above `LONGEST` the beginning."""
    while line := text.readline(LONGEST):
        if len(line) == LONGEST and not line.endswith(("\n", "\r")):
            while (rest := text.readline(LONGEST)) and not rest.endswith(("\n", "\r")):
                pass
        if "\x1a" in line and line.rstrip("\r\n").endswith("\x1a"):
            following = text.readline(LONGEST)
            yield line if following else line.rstrip("\r\n").rstrip("\x1a") or "\n"
            if following:
                yield following
            continue
        yield line


def declared(lines: Iterator[str]) -> tuple[str, Iterator[str], bool]:
    """The separator of Excel's `sep=` line or "", the lines behind it, and whether there is such a line."""
    first = next(lines, "")
    line = first.lstrip("\ufeff").rstrip("\r\n").strip(' "').lower()
    if line.startswith("sep=") and len(line) <= 5:
        return line[4:] or "\t", lines, True
    return "", chain([first], lines) if first else lines, False


def separator_of(lines: Sequence[str]) -> str:
    """The one of `SEPARATORS` that splits most of `lines` into as many cells, and into many."""

    def score(separator: str) -> float:
        widths = [len(line.cells) for line in split(iter(lines), separator) if any(map(str.strip, line.cells))]
        usual = max(set(widths), key=lambda width: (widths.count(width), width), default=1)
        if usual == 1:
            return 0.0
        share = widths.count(usual) / len(widths)
        return share * log2(usual) * (1.0 if widths[0] == usual else 0.7)

    return max(SEPARATORS, key=score)


def beginning(lines: Iterator[str]) -> tuple[list[str], Iterator[str]]:
    """The first `LOOK` lines, and all lines."""
    first = list(islice(lines, LOOK))
    return first, chain(first, lines)


def split(lines: Iterator[str], separator: str, *, width: int = 0, wide: bool = False) -> Iterator[Line]:
    """The `lines` as cells. `width`: cells of a usual line, if known; `wide`: UTF-16 or UTF-32."""
    return iter(_Splitter(lines, separator, width, _LOST_WIDE if wide else _LOST))


class _Splitter:
    def __init__(self, lines: Iterator[str], separator: str, width: int, lost: re.Pattern[str]) -> None:
        self._lines, self._separator, self._width, self._lost = lines, separator, width, lost
        self._quoted = QuotedCells(separator)
        self._ahead: deque[str] = deque()
        self._widths: dict[int, int] = {}

    def _next(self) -> str:
        return self._ahead.popleft() if self._ahead else next(self._lines, "")

    def __iter__(self) -> Iterator[Line]:
        number = 0
        while text := self._next():
            number += 1
            if len(text) >= LONGEST:
                rule = Sentence("the line has more than {most} characters", most=f"{LONGEST:,}")
                yield Line(number, self._lenient(text[:1_000]), (Fault(rule),))
                continue
            body = text.rstrip("\r\n")
            line = (
                Line(number, body.split(self._separator)) if '"' not in body else self._with_quotes(number, body, text)
            )
            if not self._width and len(self._widths) < LOOK:
                self._widths[len(line.cells)] = self._widths.get(len(line.cells), 0) + 1
            if not text.isascii() and self._lost.search(text):
                line = line._replace(faults=line.faults + self._unreadable(line.cells))
            yield line

    def _unreadable(self, cells: Sequence[str]) -> tuple[Fault, ...]:
        rule = Sentence("holds bytes that are no letters in the file's encoding")
        return tuple(Fault(rule, place, whole=False) for place, cell in enumerate(cells) if self._lost.search(cell))

    def _with_quotes(self, number: int, body: str, text: str) -> Line:
        try:
            cells = next(csv.reader([body], delimiter=self._separator, skipinitialspace=True, strict=True))
        except csv.Error:
            return self._slowly(number, body, text)
        if '\\"' in body and self._width and len(cells) != self._width:
            escaped = self._quoted.cells(body, escapes=True)
            if isinstance(escaped, Closed) and len(escaped.cells) == self._width:
                return Line(number, escaped.cells)
        return Line(number, cells)

    def _slowly(self, number: int, body: str, text: str) -> Line:
        found = self._quoted.cells(body)
        if isinstance(found, Open):
            found = self._over_lines(text, found)
        if isinstance(found, Closed):
            return Line(number, found.cells)
        escaped = self._quoted.cells(body, escapes=True) if '\\"' in body else None
        if isinstance(escaped, Closed) and len(escaped.cells) == self._usual:
            return Line(number, escaped.cells)
        rule = Sentence("a quotation mark is not closed, or not doubled within its cell")
        return Line(number, self._lenient(body), (Fault(rule, found.cell),))

    def _lenient(self, body: str) -> list[str]:
        return next(csv.reader([body], delimiter=self._separator, skipinitialspace=True), [])

    @property
    def _usual(self) -> int:
        return self._width or max(self._widths, key=lambda width: self._widths[width], default=0)

    def _over_lines(self, text: str, opened: Open) -> Closed | Open:
        """The cells of a line that goes on behind a line's end, or `opened`; then the lines behind are read again."""
        taken: list[str] = []
        size, alone = len(text), 0
        usual = max(self._usual, opened.cell + 1)  # the first lines of a file may be short
        while len(taken) < FAR and size < WIDEST and (more := self._next()):
            taken.append(more)
            size += len(more)
            if '"' not in more:
                alone += self._is_row(more, usual, 0)
                if alone >= 3 and alone * 2 >= len(taken):
                    break
                continue
            found = self._quoted.cells("".join((text, *taken)).rstrip("\r\n"))
            if isinstance(found, Closed):
                alone += self._is_row(more, usual, found.tail)
                if _is_text(alone, len(taken), usual):
                    return found
                break
            if not isinstance(found, Open):
                break
        self._ahead.extendleft(reversed(taken))
        return opened

    def _is_row(self, line: str, usual: int, tail: int) -> bool:
        """Whether a line within quotation marks is a whole row of its own. `tail`: cells behind the closing mark."""
        cells = line.count(self._separator) + 1
        full = line.rstrip("\r\n" + self._separator).count(self._separator) + 1  # without empty cells at the end
        return usual > 2 and usual in (cells, full) and cells - tail > 2


def _is_text(alone: int, lines: int, usual: int) -> bool:
    """Whether `lines` of which `alone` look like rows of `usual` cells can be one cell."""
    return alone < 3 or alone * 5 < lines * 4 if usual < 5 else alone * 2 < lines
