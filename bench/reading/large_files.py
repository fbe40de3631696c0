"""A large file of people, the same at each run: 40 columns, and a third of the cells blank.

`python -m bench.reading.large_files FILE ROWS` writes it, as CSV or as a workbook by the name's ending. It is a process
of its own because a workbook is in memory while it is written, with each of its texts once, as spreadsheets save them.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from random import Random

import xlsxwriter

from core.schema import Schema
from core.schema.column import Column, ColumnType, Contact, Role
from core.schema.outcome import Outcome

Cell = str | int | float | date | None

KEY, OUTCOME = "customer", "bought"
COLUMNS = 40
BLANK = COLUMNS / (COLUMNS - 1) / 3  # of each column but the key, so that a third of all cells is blank
_DAY = date(2005, 1, 1)
_DAYS = 7_500
_WORDS = [f"{first}{last}" for first in ("north", "south", "east", "west") for last in ("gate", "field", "port")]
_PLACES = [f"{word} {number}" for word in _WORDS for number in range(1, 26)]
_YES_NO = (("yes", "no"), ("ja", "nein"), ("true", "false"), ("Y", "N"))
_NAMES = ("Ada", "Björn", "Chloé", "Dieter", "Eva", "François", "Grażyna", "Hans", "Inês", "Jürgen", "Karel", "Łucja")
_NOTES = ("called before", "asked for a letter", "is away in August", "wants to think", "has moved", "no time")

Make = Callable[[Random], Cell]


def _count(most: int) -> Make:
    return lambda random: int(random.random() * most)


def _amount(most: int) -> Make:
    return lambda random: round(random.random() * most, 2)


def _one_of(words: Sequence[str]) -> Make:
    return lambda random: random.choice(words)


def _day(random: Random) -> Cell:
    return _DAY + timedelta(int(random.random() * _DAYS))


_MAKERS: dict[str, Make] = {
    **{f"count_{n}": _count(10**n) for n in range(1, 9)},
    **{f"amount_{n}": _amount(10**n) for n in range(1, 9)},
    **{f"word_{n}": _one_of(_WORDS[: n + 2]) for n in range(1, 7)},
    **{f"place_{n}": _one_of(_PLACES) for n in (1, 2)},
    **{f"day_{n}": _day for n in range(1, 7)},
    **{f"is_{n}": _one_of(words) for n, words in enumerate(_YES_NO, 1)},
    "name": lambda random: f"{random.choice(_NAMES)} {random.choice(_NAMES)}son",
    "phone": lambda random: f"+49 30 {int(random.random() * 10**7):07d}",
    "email": lambda random: f"person{int(random.random() * 10**7)}@example.org",
    "note": lambda random: f"{random.choice(_NOTES)}, {random.choice(_NOTES)}",
    OUTCOME: _one_of(("yes", "no", "no", "no")),
}


def _column(name: str) -> Column:
    family = name.partition("_")[0]
    if family in ("name", "phone", "email"):
        return Column(
            name=name, label=name, type=ColumnType.TEXT, role=Role.CONTACT, contact=Contact(family), optional=True
        )
    if family == "note":
        return Column(name=name, label=name, type=ColumnType.TEXT, role=Role.PEOPLE_ONLY, optional=True)
    types = {
        "count": ColumnType.INTEGER, "amount": ColumnType.NUMBER, "day": ColumnType.DATE, "is": ColumnType.YES_NO,
    }  # fmt: skip
    words = {"word": tuple(_WORDS), "place": tuple(_PLACES[:50])}.get(family, ())
    return Column(
        name=name,
        label=name,
        type=types.get(family, ColumnType.CATEGORY),
        role=Role.PROFILE,
        optional=True,
        categories=words,
        open=family == "place",
    )


KIND = Schema(
    name="large",
    title="Large",
    reference=KEY,
    outcome=Outcome(column=OUTCOME, positive="yes", negative="no", label="Bought"),
    columns=tuple(_column(name) for name in _MAKERS if name != OUTCOME),
)
"""The campaign kind of such a file."""

HEADER = (KEY, *_MAKERS)


def people(rows: int, seed: int = 0) -> Iterator[list[Cell]]:
    """The rows below the header."""
    random = Random(seed)  # noqa: S311
    makers = tuple(_MAKERS.values())
    for number in range(rows):
        yield [f"C{number:07d}", *(None if random.random() < BLANK else make(random) for make in makers)]


def write_text(path: Path, rows: int) -> None:
    """Write a CSV of so many `rows`."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER)
        writer.writerows(people(rows))


def write_workbook(path: Path, rows: int) -> None:
    """Write an Excel workbook of so many `rows`: numbers and dates are typed, as a spreadsheet keeps them."""
    with xlsxwriter.Workbook(path) as book:
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        sheet = book.add_worksheet("People")
        sheet.write_row(0, 0, HEADER)
        for number, cells in enumerate(people(rows), 1):
            for place, cell in enumerate(cells):
                if isinstance(cell, date):
                    sheet.write_datetime(number, place, cell, day)
                elif isinstance(cell, str):
                    sheet.write_string(number, place, cell)
                elif cell is not None:
                    sheet.write_number(number, place, cell)


WRITERS: Mapping[str, Callable[[Path, int], None]] = {"csv": write_text, "xlsx": write_workbook}
"""How a file with such an ending is written."""

if __name__ == "__main__":
    WRITERS[Path(sys.argv[1]).suffix[1:]](Path(sys.argv[1]), int(sys.argv[2]))
