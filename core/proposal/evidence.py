"""What a file's columns show, from one pass over all rows in bounded memory."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from itertools import islice
from operator import itemgetter
from typing import Any

from core.errors import InputError
from core.files.campaign_file import CampaignFile, Kind, Record
from core.imports.column_mapping import cell
from core.imports.reject_file import MARKS
from core.proposal.distinct import DistinctCount
from core.proposal.reservoir import Reservoir
from core.proposal.vocabulary import MISSING
from core.schema.yes_no import yes_or_no
from core.sentences import Sentence
from core.values.dates import DateEvidence, DateReading, meanings
from core.values.numbers import NumberEvidence, NumberReading, is_common, may_be_date, take_apart

AT_ONCE = 5_000  # rows
DIFFERENT = 10_000  # cells of a column that are counted before they are looked at: more than 20 years have days
WORDS = 1_000  # different words of a column that are counted
SAMPLE = 5_000  # rows
LONG = 256  # letters of a cell that are kept
_EMAIL = re.compile(r"[^\s@<>]+@[^\s@<>]+\.[^\s@<>]{2,}")
_PHONE = re.compile(r"(?:\+|00)?\(?\d[\d ()/.\-]{5,20}\d")
_SCIENTIFIC = re.compile(r"\d(?:[.,]\d+)?[eE]\+?\d{1,3}")


@dataclass
class Extent:
    """Numbers as one reading reads them: the lowest and highest, how many are not whole, and cells it cannot read."""

    reading: NumberReading
    lowest: float = math.inf
    highest: float = -math.inf
    broken: int = 0
    unread: int = 0

    def add(self, value: Any, rows: int) -> None:
        """Add a cell that is in so many rows."""
        number = number_of(value, self.reading)
        if number is None:
            self.unread += rows
        else:
            self.add_number(number, rows)

    def add_number(self, number: float, rows: int) -> None:
        """Add a cell that is read as `number`."""
        self.lowest = min(self.lowest, number)
        self.highest = max(self.highest, number)
        self.broken += rows * (not number.is_integer())


@dataclass
class ColumnEvidence:
    """One column's cells, counted in rows; `words` are the first `WORDS` different ones, others are `unlisted`.

    `missing` are cells that say that nothing is known ("n/a"); `filled` counts neither them nor blanks.
    """

    name: str
    blank: int = 0
    filled: int = 0
    unlisted: int = 0
    words: Counter[str] = field(default_factory=Counter)
    missing: Counter[str] = field(default_factory=Counter)
    distinct: DistinctCount = field(default_factory=DistinctCount)
    numbers: NumberEvidence = field(default_factory=NumberEvidence)
    dates: DateEvidence = field(default_factory=DateEvidence)
    points: Extent = field(default_factory=lambda: Extent(NumberReading(".", ",")))
    commas: Extent = field(default_factory=lambda: Extent(NumberReading(",", ".")))
    yes: int = 0
    no: int = 0
    emails: int = 0
    phones: int = 0
    letters: int = 0
    spaces: int = 0
    zeros: int = 0
    scientific: int = 0
    timed: int = 0
    lettered: int = 0
    longest: int = 0
    shortest: int = LONG

    @property
    def rows(self) -> int:
        """All rows."""
        return self.blank + self.filled + self.missing.total()

    @cached_property
    def different(self) -> int:
        """Different words, without what says that nothing is known."""
        return min(self.distinct.number, self.filled) if self.unlisted else len(self.words)

    @property
    def uniqueness(self) -> float:
        """Different words as a share of the filled cells."""
        return self.different / self.filled if self.filled else 0.0

    def share(self, rows: int) -> float:
        """`rows` as a share of the filled cells."""
        return rows / self.filled if self.filled else 0.0

    def add(self, raw: Any, rows: int) -> None:
        """Add a cell that is in so many rows."""
        text = cell(raw)[:LONG]
        if not text:
            self.blank += rows
            return
        common = isinstance(raw, str) and is_common(text)
        if not common and text.casefold() in MISSING:
            self.missing[text] += rows
            return
        self.filled += rows
        self.distinct.add(text)
        if text in self.words or len(self.words) < WORDS:
            self.words[text] += rows
        else:
            self.unlisted += rows
        length = len(text)
        self.letters += length * rows
        self.longest = max(self.longest, length)
        self.shortest = min(self.shortest, length)
        if common:
            self._common_number(text, rows)
        else:
            self._shape(raw, text, rows)

    def add_all(self, cells: Counter[Any]) -> None:
        """Add cells with their numbers of rows."""
        for raw, rows in cells.items():
            self.add(raw, rows)

    def _shape(self, raw: Any, text: str, rows: int) -> None:
        self.spaces += text.count(" ") * rows
        meaning = yes_or_no(text)
        self.yes += rows * (meaning == "yes")
        self.no += rows * (meaning == "no")
        self.lettered += rows * any(map(str.isalpha, text))
        if "@" in text:
            self.emails += rows * bool(_EMAIL.fullmatch(text))
        if not any(map(str.isdigit, text)):
            self.numbers.others += rows
            return
        value = raw if isinstance(raw, int | float | date) and not isinstance(raw, bool) else text
        if isinstance(value, str) and take_apart(value) is None:
            self.numbers.others += rows
            self.points.unread += rows
            self.commas.unread += rows
        elif not isinstance(value, date):
            self.numbers.add(value, rows)
            self.points.add(value, rows)
            self.commas.add(value, rows)
        if not isinstance(value, date):
            self.zeros += rows * (len(text) > 1 and text[0] == "0" and text.isdigit())
            self.scientific += rows * bool(_SCIENTIFIC.fullmatch(text))
            self.phones += rows * is_phone(text)
        self.dates.add(value, rows)
        self.timed += rows * (":" in text)

    def _common_number(self, text: str, rows: int) -> None:
        """Add "-1234.56", of which most is known without another look."""
        number, (_, point, behind) = float(text), text.partition(".")
        self.numbers.add_common(text, rows)
        if may_be_date(text):
            self.dates.add(text, rows)
        self.points.add_number(number, rows)
        if not point:
            self.commas.add_number(number, rows)
        elif len(behind) == 3:  # perhaps a group of thousands
            self.commas.add(text, rows)
        else:
            self.commas.unread += rows
        if len(text) <= 3:
            meaning = yes_or_no(text)
            self.yes += rows * (meaning == "yes")
            self.no += rows * (meaning == "no")
        self.zeros += rows * (len(text) > 1 and text[0] == "0" and not point)
        self.phones += rows * (7 <= len(text) - len(point) <= 15 and text[0] != "-")

    def extent(self, decimal: str) -> Extent:
        """The numbers as read with this decimal sign."""
        return self.commas if decimal == "," else self.points

    @property
    def unit(self) -> str:
        """The unit beside the numbers, "" if none or mixed."""
        return self.numbers.unit.replace("?", "")

    def common(self, most: int) -> list[tuple[str, int]]:
        """The `most` common words with their rows."""
        return sorted(self.words.items(), key=lambda item: (-item[1], item[0]))[:most]


@dataclass(frozen=True)
class Seen:
    """A file as it was seen: the evidence of each column, and some rows at random (their order is kept).

    `unreadable` rows are damaged or have more cells than the header; they are no evidence.
    """

    file: CampaignFile
    columns: dict[str, ColumnEvidence]
    sample: list[Record]
    rows: int
    unreadable: int = 0

    def cells(self, name: str) -> list[Any]:
        """The sample's cells of a column."""
        return [row.get(name) for row in self.sample]


def look(file: CampaignFile, *, seed: int = 0) -> Seen:
    """Read all rows of `file`. Raises InputError where one cannot be read, and for a file without rows."""
    header = [name for name in file.header if name not in MARKS]
    found = {name: ColumnEvidence(name) for name in header}
    counts: dict[str, Counter[Any]] = {name: Counter() for name in header}
    chosen: Reservoir[tuple[int, Record]] = Reservoir(SAMPLE, seed)
    number = unreadable = 0
    for every in batches(file):
        rows = [row for row in every if is_whole(row)]
        unreadable += len(every) - len(rows)
        for name, counted in counts.items():
            cells: Iterable[Any] = map(itemgetter(name), rows)
            # In a text, all cells are texts; elsewhere True would count as 1.
            counted.update(cells if file.kind is Kind.TEXT else map(_hashable, cells))
            if len(counted) > DIFFERENT:
                found[name].add_all(counted)
                counted.clear()
        for row in rows:
            chosen.add((number, row))
            number += 1
    for name, counted in counts.items():
        found[name].add_all(counted)
    if not number:
        raise InputError(
            Sentence("{file} holds no rows below its header", file=file.path.name),
            next=Sentence("Export the campaign again."),
        )
    sample = [row for _, row in sorted(chosen.kept, key=lambda pair: pair[0])]
    return Seen(file, found, sample, number, unreadable)


def batches(file: CampaignFile) -> Iterator[list[Record]]:
    """The rows of `file`, some thousand at a time."""
    with file.records() as records:
        while rows := list(islice(records, AT_ONCE)):
            yield rows


def is_whole(row: Record) -> bool:
    """Whether a row can be read: none of its cells is damaged, and it has no more of them than the header."""
    return row.broken is None and not row.unreadable and None not in row


def is_phone(text: str) -> bool:
    """Whether `text` can be a telephone number: 7 to 15 figures (E.164), written as people write them."""
    return bool(_PHONE.fullmatch(text)) and 7 <= sum(map(str.isdigit, text)) <= 15


def number_of(value: Any, reading: NumberReading) -> float | None:
    """The number in a cell as `reading` reads it, whatever its unit; None if it is none."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value) if math.isfinite(value) else None
    text = str(value)
    if (written := take_apart(text)) is None:
        return None
    try:
        number = float((replace(reading, unit=written.unit) if written.unit else reading).plain(text))
    except ValueError:
        return None
    return number if math.isfinite(number) and "_" not in str(value) else None


def moment_of(value: Any, reading: DateReading) -> str:
    """The date in a cell as ISO text; "" if it is none."""
    if not isinstance(value, date) and not meanings(str(value).strip()):
        return ""
    try:
        return str(reading.iso(value))
    except ValueError:
        return ""


def _hashable(value: object) -> object:
    return str(value) if isinstance(value, list | dict | bool) else value
