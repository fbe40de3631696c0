"""Maps the columns and spellings of any file to those of the schema.

A used mapping is stored by its file's header (`mappings`), in any order of columns. So the next export of the same
program is read the same way, and so is a corrected file of rejected rows.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from core.clock import Clock, now
from core.errors import InputError
from core.files import spreadsheet_cells
from core.files.campaign_file import CampaignFile, Record
from core.files.records import Unreadable
from core.imports.readings import Readings, settle
from core.imports.reject_file import MARKS, RULE
from core.schema import Schema
from core.schema.column import ColumnType
from core.schema.economy import indicators
from core.sentences import Sentence
from core.stores.mongo import Db, Document, reachable
from core.values.dates import DateReading
from core.values.keys import shown_key
from core.values.numbers import NumberReading
from core.values.remembered import Remembered
from core.values.visible import visible

_SIGNS = re.compile(r"^[-+<>=%#*]+|[-+<>=%#*]+$")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
LOST = "\ufffd"
"""What a program writes in the place of a letter that it could not read."""
_NOTHING_IMPORTED = Sentence("Nothing was imported.")


@dataclass(frozen=True)
class ColumnMapping:
    """`columns`: the file's column by the schema's; one that the file lacks is left out.

    `values`: by the schema's column, the schema's value for each spelling in the file. `numbers`, `dates`: how those
    of a column are written; a column that is in neither is `settled` by its values. `asked`: columns whose values can
    be read in two ways, so that somebody has to choose. `lenient`: whether letters and digits alone identify a
    category, as in "MARRIED ".
    """

    columns: Mapping[str, str]
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    numbers: Mapping[str, NumberReading] = field(default_factory=dict)
    dates: Mapping[str, DateReading] = field(default_factory=dict)
    lenient: bool = True
    asked: tuple[str, ...] = ()

    @classmethod
    def by_name(cls, schema: Schema, header: Iterable[str]) -> ColumnMapping:
        """The mapping of a file with the schema's own names and spellings."""
        have = set(header)
        return cls({name: name for name in targets(schema) if name in have}, lenient=False)

    @property
    def hash(self) -> str:
        """16 hex digits that differ where the mapping does."""
        return hashlib.sha256(json.dumps(self.document(), sort_keys=True).encode()).hexdigest()[:16]

    def document(self) -> Document:
        """The stored form: in lists, because a column's name may hold dots."""
        return {
            "columns": [{"column": name, "from": source} for name, source in sorted(self.columns.items())],
            "values": [
                {"column": name, "spelling": spelling, "value": value}
                for name, spellings in sorted(self.values.items())
                for spelling, value in sorted(spellings.items())
            ],
            "numbers": [{"column": name, **reading.document()} for name, reading in sorted(self.numbers.items())],
            "dates": [{"column": name, **reading.document()} for name, reading in sorted(self.dates.items())],
            "lenient": self.lenient,
        }

    @classmethod
    def from_document(cls, document: Document) -> ColumnMapping:
        """The mapping whose stored form is `document`."""
        values: dict[str, dict[str, str]] = {}
        for entry in document["values"]:
            values.setdefault(entry["column"], {})[entry["spelling"]] = entry["value"]
        columns = {entry["column"]: entry["from"] for entry in document["columns"]}
        numbers = {
            entry["column"]: NumberReading(entry["decimal"], entry["grouping"], entry["unit"])
            for entry in document["numbers"]
        }
        dates = {entry["column"]: DateReading(entry["day_first"]) for entry in document["dates"]}
        return cls(columns, values, numbers, dates, bool(document["lenient"]))

    def settled(self, schema: Schema, file: CampaignFile) -> ColumnMapping:
        """The mapping with a reading for each column of numbers or dates, by all its values. May read the file."""
        return self.with_readings(settle(schema, file, self.columns, Readings(self.numbers, self.dates)))

    def with_readings(self, found: Readings) -> ColumnMapping:
        """The mapping with these readings."""
        return replace(self, numbers=found.numbers, dates=found.dates, asked=found.asked)

    def require(self, schema: Schema, file: CampaignFile) -> frozenset[str]:
        """The indicators that the file leaves out. Raises InputError for other missing columns, or one used twice."""
        title, have, sources = file.path.name, set(file.header), list(self.columns.values())
        for name, source in self.columns.items():
            if source not in have:
                raise InputError(
                    Sentence("{file} has no column '{source}' to read '{name}'", file=title, source=source, name=name),
                    kept=_NOTHING_IMPORTED,
                    next=Sentence("Choose the columns again."),
                )
        if twice := sorted({source for source in sources if sources.count(source) > 1}):
            both = twice[0]
            one, other, *_ = [name for name, source in self.columns.items() if source == both]
            raise InputError(
                Sentence(
                    "The column '{source}' cannot be both '{one}' and '{other}'", source=both, one=one, other=other
                ),
                kept=_NOTHING_IMPORTED,
                next=Sentence("Choose another column for one of them."),
            )
        if self.asked:
            raise InputError(
                Sentence("The column '{column}' can be read in two ways", column=self.columns[self.asked[0]]),
                kept=_NOTHING_IMPORTED,
                next=Sentence("Choose how its numbers or dates are written."),
            )
        absent = frozenset(column.name for column in indicators(schema) if column.name not in self.columns)
        needed = [name for name in schema.feature_names if name not in may_be_absent(schema)]
        missing = [name for name in needed if name not in self.columns]
        if schema.reference and schema.reference not in self.columns:
            missing.append(schema.reference)
        if missing:
            raise InputError(
                Sentence("{file} has no column {columns}", file=title, columns=", ".join(map(repr, missing))),
                kept=_NOTHING_IMPORTED,
                next=Sentence("The file needs these columns: {columns}.", columns=", ".join(needed)),
            )
        return absent

    def reader(self, schema: Schema, header: Iterable[str]) -> Reader:
        """The reader of a file with this mapping and `header`."""
        return Reader(schema, self, mended=RULE in header)


class Reader:
    """Turns a file's records into records of the schema's columns; the marks of a corrected file stay.

    Numbers become "1234.56", dates ISO text. What cannot be read stays as it is.
    """

    def __init__(self, schema: Schema, mapping: ColumnMapping, *, mended: bool) -> None:
        self._values, self.mended = mapping.values, mended
        self._numbers, self._dates, self._key = mapping.numbers, mapping.dates, schema.reference
        self._plain = frozenset(column.name for column in schema.columns if column.type is not ColumnType.TEXT)
        self._words: dict[str, dict[str, str]] = {}
        if mapping.lenient:
            self._words = {name: unmistakable(words) for name, words in categories(schema).items()}
        self._columns = tuple(
            (name, source, Remembered(partial(self.value, name))) for name, source in mapping.columns.items()
        )
        values = {column.name for column in (*schema.recorded, *schema.contacts, *schema.details)}
        self._others = tuple(column for column in self._columns if column[0] not in values)

    def record(self, record: Mapping[str, Any], *, values: bool = True) -> Record:
        """`record` with the schema's names; surplus cells stay under None, marks under their names.

        Without `values` it has only the columns that say who it is and what came of the call. `unreadable` holds, by
        the schema's columns, what is wrong with a cell as text.
        """
        renamed = Record({key: record[key] for key in (*MARKS, None) if key in record})  # type: ignore[index]
        damaged: Mapping[str, Unreadable] = {}
        if isinstance(record, Record):
            renamed.line, renamed.broken, damaged = record.line, record.broken, record.unreadable
        for name, source, known in self._columns if values else self._others:
            raw = record.get(source)
            if source in damaged:
                renamed.unreadable[name] = damaged[source]
            elif self.mended and isinstance(raw, str) and LOST in raw:
                renamed.unreadable[name] = Unreadable(Sentence("holds a letter that was lost ({lost})", lost=LOST))
            try:
                renamed[name] = known[raw] if isinstance(raw, str) else self.value(name, raw)
            except ValueError as error:
                renamed[name] = raw
                renamed.unreadable.setdefault(name, Unreadable(*error.args))
        return renamed

    def value(self, name: str, raw: Any) -> Any:
        """`raw`, a cell of the schema's column `name`, in that column's spelling where the mapping knows it.

        Raises ValueError, with the broken rule and its kind, for a number or date that contradicts its column.
        """
        if self.mended and isinstance(raw, str):
            raw = spreadsheet_cells.unescape(raw)
        known = self._values.get(name)
        if known and (value := known.get(cell(raw))) is not None:
            return value
        if name in self._words:
            text = cell(raw)
            word = self._words[name].get(normal(text))
            if word is not None and spelling_form(word) == spelling_form(text):
                return word
            return visible(raw) if isinstance(raw, str) else raw
        if name in self._numbers:
            return self._numbers[name].plain(raw) if isinstance(raw, str) else raw
        return self._other(name, raw)

    def is_plain(self, name: str) -> bool:
        """Whether `value` returns a number such as -1234.56 of the schema's column `name` as it is."""
        reading = self._numbers.get(name)
        return reading is not None and reading.decimal == "." and reading.unit != "%" and not self._values.get(name)

    def _other(self, name: str, raw: Any) -> Any:
        if name in self._dates:
            return raw if cell(raw) == "" else self._dates[name].iso(raw)
        if name == self._key:
            return shown_key(raw)
        return visible(raw) if name in self._plain and isinstance(raw, str) else raw


def targets(schema: Schema) -> list[str]:
    """The columns that a file may have, in this order.

    The reference if the schema names one, features, contacts, what is for people alone, the outcome, its time.
    """
    reference = [schema.reference] if schema.reference else []
    people = [column.name for column in (*schema.contacts, *schema.details)]
    at = [schema.outcome.at] if schema.outcome.at else []
    return [*reference, *schema.feature_names, *people, schema.outcome.column, *at]


def may_be_absent(schema: Schema) -> frozenset[str]:
    """The `targets` that a file may lack."""
    at = {schema.outcome.at} if schema.outcome.at else set()
    people = [column.name for column in (*schema.contacts, *schema.details)]
    blank = [column.name for column in schema.recorded if column.optional]
    known = [column.name for column in indicators(schema)]
    return frozenset([*people, *blank, *known, schema.outcome.column]) | at


def categories(schema: Schema) -> dict[str, tuple[str, ...]]:
    """The categories of each target that has them."""
    words = {column.name: column.categories for column in schema.features if column.is_category}
    return words | {schema.outcome.column: schema.outcome.words}


def unmistakable(words: Collection[str]) -> dict[str, str]:
    """Each of `words` by its `normal` form, unless two have the same form."""
    forms = [normal(word) for word in words]
    return {form: word for form, word in zip(forms, words, strict=True) if forms.count(form) == 1 and form}


def normal(text: str) -> str:
    """The form in which names are compared: letters and digits, lower case, no accents, one space between words."""
    plain = unicodedata.normalize("NFKD", _CAMEL.sub(" ", text.strip()))
    letters = "".join(c if c.isalnum() else " " for c in plain if not unicodedata.combining(c))
    return " ".join(letters.casefold().split())


def spelling_form(text: str) -> tuple[str, str]:
    """The form that all spellings of one word share: `normal`, and the signs around it that make it another one.

    -1 is not 1, A+ is not A-, and 50+ is not 50.
    """
    return normal(text) or text.strip(), "".join(_SIGNS.findall(text.strip()))


def cell(raw: Any) -> str:
    """A cell as text, without spaces around; an empty cell is an empty text."""
    if raw is None or (isinstance(raw, float) and math.isnan(raw)):
        return ""
    return str(raw).strip()


def signature(schema: Schema, header: Iterable[str]) -> str:
    """The key of a stored mapping: a hash of the schema and the names in the header, in any order, without marks."""
    text = json.dumps([schema.hash, sorted(set(header) - set(MARKS))], ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def store_mapping(
    db: Db, schema: Schema, file: CampaignFile, mapping: ColumnMapping, *, by: str, clock: Clock = now
) -> None:
    """Store `mapping` for files with the header of `file`. Raises Unavailable."""
    document = {**mapping.document(), "used": {"by": by, "at": clock(), "file": file.path.name}}
    with reachable():
        db.mappings.update_one({"_id": signature(schema, file.header)}, {"$set": document}, upsert=True)


def stored_mapping(db: Db, schema: Schema, header: Iterable[str]) -> tuple[ColumnMapping, Document] | None:
    """The mapping last used for such a header and its use, `{by, at, file}`; or None. Raises Unavailable."""
    with reachable():
        found = db.mappings.find_one({"_id": signature(schema, header)})
    return (ColumnMapping.from_document(found), found["used"]) if found else None
