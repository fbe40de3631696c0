"""Writes files of people from random columns, dialects and damage, with the truth beside them.

Every choice comes from one `Random`, so a seed or Hypothesis decides the file.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

COLUMNS = ("key", "amount", "rate", "visits", "colour", "since", "note")
COLOURS = ("red", "green", "dark blue")
_LANGUAGES = {
    "": ("Ann", "Bob", "called twice", "no answer", "prefers mornings"),
    "cp1252 mac_roman cp850": ("Jörg Müller", "Größe geändert", "Köln", "Weiß nicht", "Über Änderungen"),
    "cp1252 mac_roman": ("François Lefèvre", "élève reçu", "où êtes-vous", "très gêné", "ça va"),
    "cp1250 cp852": ("Jiří Dvořák", "Žižka Růžena", "Černý kůň", "příště zavolat", "děkuji, těším se"),
    "cp1250 mac_latin2": ("Łukasz Wójcik", "Świętosław", "źle słyszę", "dzień później", "żółć"),
    "cp1251 koi8_r cp866": ("Иванов Пётр", "Москва", "перезвонить завтра", "не отвечает", "очень занят"),
}
_STYLES = ((".", ""), (".", ","), (",", ""), (",", "."), (",", " "), (".", "'"), (",", "\u00a0"))


@dataclass
class Person:
    """A row as it is meant. `spoilt`: it cannot be read, so it must be rejected."""

    key: str
    amount: float
    rate: float
    visits: int
    colour: str
    since: str
    note: str
    spoilt: bool = False


@dataclass
class DamagedFile:
    """A file's `content` and the truth: `people` in order, the encoding, and the lines of each kind."""

    content: bytes
    people: list[Person]
    encoding: str
    day_first: bool
    decimal: str
    names: tuple[str, ...]
    lines: int = 0
    headings: int = 0
    titles: int = 0
    empty: int = 0
    totals: int = 0
    damage: list[str] = field(default_factory=list)
    wide: bool = False


class Writer:
    """Writes one file from the choices of `random`."""

    def __init__(self, random: Random) -> None:
        self.random = random
        pages = random.choice(list(_LANGUAGES))
        self.notes = _LANGUAGES[pages]
        usual = ["utf-8", "utf-8", "utf-8-sig", "utf-16", "utf-16-le"]
        self.encoding = random.choice([*usual, *pages.split()])
        self.separator = random.choice(",;\t|")
        self.end = random.choice(["\n", "\n", "\r\n", "\r\n", "\r"])
        self.decimal, self.grouping = random.choice(_STYLES)
        self.unit = random.choice(["", "", "", " €", "$"])
        self.places = random.choice([1, 2, 2, 3, 3])
        try:
            f"{self.unit}{self.grouping}".encode(self.encoding)
        except UnicodeEncodeError:
            self.unit, self.grouping = "", ""
        self.date = random.choice(["%Y-%m-%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%d %b %Y", "%Y%m%d"])
        self.quote_all = random.random() < 0.3
        self.lines: list[str] = []
        self.damage: list[str] = []

    def file(self) -> DamagedFile:
        """The file."""
        random = self.random
        people = [self._person(number) for number in range(random.randint(8, 40))]
        has_header = random.random() < 0.9
        names = COLUMNS if has_header else tuple(f"column {place}" for place in range(1, len(COLUMNS) + 1))
        made = DamagedFile(b"", people, self.encoding, "%d" in self.date[:2], self.decimal, names)
        rows = [self.row(person) for person in people]
        header = self.line(list(COLUMNS)) if has_header else ""
        for change in random.sample(_DAMAGE, random.choice([0, 1, 1, 2, 3])):
            change(self, made, rows)
        if made.wide and random.random() < 0.5:
            header += self.separator * 200
        lines = [header, *rows] if has_header else rows
        made.headings += has_header
        self._around(made, lines)
        made.content = self._bytes(made, lines)
        made.damage = self.damage
        made.lines = made.headings + made.titles + made.empty + made.totals + len(people)
        return made

    def _person(self, number: int) -> Person:
        random = self.random
        month, day, year = random.randint(1, 12), random.randint(1, 28), random.randint(1950, 2029)
        size = random.choice([1, 10, 1_000, 1_000_000])
        return Person(
            key=f"K{number:05d}",
            amount=round(random.random() * size, self.places),
            rate=round(random.uniform(-9, 9), self.places),
            visits=random.randint(0, 60),
            colour=random.choice(COLOURS),
            since=f"{year}-{month:02d}-{day:02d}",
            note=random.choice(self.notes),
        )

    def number(self, value: float, places: int) -> str:
        """The number in the file's style."""
        text = f"{abs(value):,.{places}f}"
        text = text.translate({ord(","): self.grouping, ord("."): self.decimal})
        return "-" + text if value < 0 else text

    def _date(self, iso: str) -> str:
        year, month, day = iso.split("-")
        short = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")[int(month) - 1]
        text = self.date.replace("%Y", year).replace("%m", month).replace("%d", day)
        return text.replace("%b", short)

    def row(self, person: Person) -> str:
        """The person's line."""
        amount = self.number(person.amount, self.places)
        amount = f"{self.unit}{amount}" if self.unit == "$" else f"{amount}{self.unit}"
        cells = [person.key, amount, self.number(person.rate, self.places), str(person.visits), person.colour]
        return self.line([*cells, self._date(person.since), person.note])

    def line(self, cells: list[str]) -> str:
        """A line of these cells."""
        out = io.StringIO(newline="")
        quoted = csv.writer(out, delimiter=self.separator, quoting=csv.QUOTE_ALL)
        (quoted if self.quote_all else csv.writer(out, delimiter=self.separator)).writerow(cells)
        return out.getvalue().removesuffix("\r\n")

    def _around(self, made: DamagedFile, lines: list[str]) -> None:
        """Lines above and below the table."""
        random = self.random
        if random.random() < 0.15:
            titles = ["Campaign export", "Spring 2026"][: random.randint(1, 2)]
            made.titles, made.empty = len(titles), made.empty + 1
            lines[:0] = [*titles, ""]
        if random.random() < 0.1:
            lines.append(self.separator.join(["Total", "", "", "1234", "", "", ""]))
            made.totals += 1
        if random.random() < 0.1:
            lines.insert(0, f"sep={self.separator}")
            made.headings += 1

    def _bytes(self, made: DamagedFile, lines: list[str]) -> bytes:
        text = self.end.join(lines)
        if self.random.random() < 0.8:
            text += self.end
            if self.random.random() < 0.1:
                text += "\x1a"
                made.empty += 1
        data = text.encode(self.encoding)
        return data.replace(b"@@BAD@@", b"\xff\xfe") if self.encoding.startswith("utf-8") else data


def _open_quote(writer: Writer, made: DamagedFile, rows: list[str]) -> None:
    place = writer.random.randrange(len(rows))
    person = made.people[place]
    if person.spoilt or writer.quote_all or writer.end in rows[place]:
        return
    rows[place] = writer.row(person)[: -len(person.note)].rstrip('"') + '"12 inch'
    person.spoilt = True
    writer.damage.append("open quote")


def _half_closed(writer: Writer, made: DamagedFile, rows: list[str]) -> None:
    if len(rows) < 12 or writer.quote_all or made.wide:
        return
    _open_quote(writer, made, rows)
    later = next((p for p in range(len(rows) - 1, 0, -1) if '"' not in rows[p] and writer.end not in rows[p]), 0)
    if later and not made.people[later].spoilt:
        rows[later] += ' 14"'
        made.people[later].note += ' 14"'
        writer.damage.append("quote closed by another row")


def _bad_bytes(writer: Writer, made: DamagedFile, rows: list[str]) -> None:
    if not writer.encoding.startswith("utf-8"):
        return
    for place in writer.random.sample(range(len(rows)), 1):
        person = made.people[place]
        if person.spoilt or person.note == "":
            continue
        rows[place] = rows[place].replace(person.colour, person.colour[:1] + "@@BAD@@" + person.colour[1:], 1)
        person.spoilt = True
        writer.damage.append("bad bytes")


def _other_style(writer: Writer, made: DamagedFile, rows: list[str]) -> None:
    """One number in the style of another country, which contradicts its column."""
    if len(rows) < 12:
        return
    place = writer.random.randrange(len(rows))
    person = made.people[place]
    if person.spoilt:
        return
    other = "," if writer.decimal == "." else "."
    text, wrong = writer.number(person.rate, writer.places), f"{person.rate:.1f}".replace(".", other)
    if other == writer.separator or rows[place].count(text) != 1:
        return
    rows[place] = rows[place].replace(text, wrong)
    person.rate = round(person.rate, 1)
    writer.damage.append("other style")


def _blank_lines(writer: Writer, made: DamagedFile, rows: list[str]) -> None:
    # A line for nobody is part of the line before it.
    for _ in range(writer.random.randint(1, 3)):
        place = writer.random.randrange(len(rows) - 1)
        if made.people[place].spoilt:
            continue
        rows[place] += writer.end + writer.random.choice(["", writer.separator * 6, " "])
        made.empty += 1
    writer.damage.append("blank lines")


def _trailing(writer: Writer, made: DamagedFile, rows: list[str]) -> None:
    if any('"' in row or writer.end in row for row in rows):
        return
    for place in range(len(rows)):
        rows[place] += writer.separator * 200
    made.wide = True
    writer.damage.append("hundreds of empty cells")


def _surplus(writer: Writer, made: DamagedFile, rows: list[str]) -> None:
    place = writer.random.randrange(len(rows))
    # Without a header a further cell is a further column.
    if writer.end in rows[place] or made.people[place].spoilt or made.names != COLUMNS:
        return
    rows[place] += writer.separator + "more"
    made.people[place].spoilt = True
    writer.damage.append("surplus cell")


def _short(writer: Writer, made: DamagedFile, rows: list[str]) -> None:
    place = writer.random.randrange(1, len(rows))  # a short line above all rows is a title
    if writer.end in rows[place] or made.people[place].spoilt:
        return
    rows[place] = writer.line([made.people[place].key, "1"])
    made.people[place].spoilt = True
    writer.damage.append("short row")


def _long_note(writer: Writer, made: DamagedFile, rows: list[str]) -> None:
    place = writer.random.randrange(len(rows))
    person = made.people[place]
    if writer.end in rows[place] or person.spoilt:
        return
    person.note = writer.random.choice(
        ["x" * 150_000, 'he said "yes", twice', "first line\nsecond, and more; of it\n\nlast", "a|b;c,d\te", "=1+1"]
    )
    rows[place] = writer.row(person)
    writer.damage.append("note")


def _unseen(writer: Writer, made: DamagedFile, rows: list[str]) -> None:
    if not writer.encoding.startswith("utf"):
        return
    for place, person in enumerate(made.people):
        if writer.random.random() < 0.3 and not person.spoilt and person.key in rows[place]:
            unseen = writer.random.choice(["\u200b", "\ufeff", "\u00ad", "\u00a0", " "])
            odd = person.key[:1] + unseen + person.key[1:] if not unseen.isspace() else person.key + unseen
            rows[place] = rows[place].replace(person.key, odd, 1)
    writer.damage.append("invisible characters")


_DAMAGE: list[Callable[[Writer, DamagedFile, list[str]], None]] = [
    _open_quote, _half_closed, _bad_bytes, _other_style, _blank_lines, _trailing, _surplus, _short, _long_note, _unseen,
]  # fmt: skip
