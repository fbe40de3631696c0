"""One line of delimited text with quotation marks, taken apart by the letter of RFC 4180."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Closed:
    """All cells of a line; `tail` is the number of cells behind the last one that goes over several lines."""

    cells: list[str]
    tail: int = 0


@dataclass(frozen=True)
class Open:
    """The quotation mark of cell number `cell` (from 0) is not closed in the text."""

    cell: int


@dataclass(frozen=True)
class Broken:
    """Behind the closing quotation mark of cell number `cell` (from 0) the cell goes on."""

    cell: int


class QuotedCells:
    """Takes lines with one separator apart."""

    def __init__(self, separator: str) -> None:
        end = f"({re.escape(separator)}|\\Z)"
        self._plain = re.compile(f"([^{re.escape(separator)}]*){end}")
        self._doubled = re.compile(f' *"((?:[^"]++|"")*+)"[ \u00a0]*{end}')
        self._escaped = re.compile(f' *"((?:[^"\\\\]++|\\\\.|"")*+)"[ \u00a0]*{end}', re.DOTALL)
        self._inside = re.compile(' *"(?:[^"]++|"")*+')

    def cells(self, text: str, *, escapes: bool = False) -> Closed | Open | Broken:
        """The cells of `text`. `escapes`: a backslash, too, makes the next character part of its cell."""
        found: list[str] = []
        place, last = 0, 0
        whole = self._escaped if escapes else self._doubled
        while True:
            if match := whole.match(text, place):
                cell = match[1].replace('""', '"')
                found.append(re.sub(r"\\(.)", r"\1", cell, flags=re.DOTALL) if escapes else cell)
                last = len(found) if "\n" in match[1] or "\r" in match[1] else last
            elif inside := self._inside.match(text, place):
                return Open(len(found)) if inside.end() == len(text) else Broken(len(found))
            else:
                match = self._plain.match(text, place)
                if match is None:  # cannot be: both parts may be empty
                    raise AssertionError(text[place : place + 20])
                found.append(match[1])
            if not match[2]:
                return Closed(found, len(found) - last)
            place = match.end()
