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
from dataclasses import dataclass, field
from typing import Any

from core.clock import Clock, now
from core.errors import InputError
from core.imports import spreadsheet_cells
from core.imports.campaign_file import CampaignFile, Record
from core.imports.reject_file import MARKS, RULE
from core.schema import Schema
from core.schema.economy import indicators
from core.sentences import Sentence
from core.stores.mongo import Db, Document, reachable

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_SPACES = re.compile(r"[\s\u00a0\u202f']")
_NOTHING_IMPORTED = Sentence("Nothing was imported.")


@dataclass(frozen=True)
class ColumnMapping:
    """`columns`: the file's column by the schema's; one that the file lacks is left out.

    `values`: by the schema's column, the schema's value for each spelling in the file. `commas`: columns whose numbers
    have a decimal comma. `lenient`: whether letters and digits alone identify a category, as in "MARRIED ".
    """

    columns: Mapping[str, str]
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    commas: frozenset[str] = frozenset()
    lenient: bool = True

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
            "commas": sorted(self.commas),
            "lenient": self.lenient,
        }

    @classmethod
    def from_document(cls, document: Document) -> ColumnMapping:
        """The mapping whose stored form is `document`."""
        values: dict[str, dict[str, str]] = {}
        for entry in document["values"]:
            values.setdefault(entry["column"], {})[entry["spelling"]] = entry["value"]
        columns = {entry["column"]: entry["from"] for entry in document["columns"]}
        return cls(columns, values, frozenset(document["commas"]), bool(document["lenient"]))

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
        absent = frozenset(column.name for column in indicators(schema) if column.name not in self.columns)
        needed = [name for name in schema.feature_names if name not in absent]
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
    """Turns a file's records into records of the schema's columns; the marks of a corrected file stay."""

    def __init__(self, schema: Schema, mapping: ColumnMapping, *, mended: bool) -> None:
        self._columns = tuple(mapping.columns.items())
        self._values, self._commas, self._mended = mapping.values, mapping.commas, mended
        self._words: dict[str, dict[str, str]] = {}
        if mapping.lenient:
            self._words = {name: unmistakable(words) for name, words in categories(schema).items()}

    def record(self, record: Record) -> Record:
        """`record` with the schema's names; surplus cells stay under None, marks under their names."""
        renamed: Record = {key: record[key] for key in (*MARKS, None) if key in record}
        for name, source in self._columns:
            renamed[name] = self.value(name, record.get(source))
        return renamed

    def value(self, name: str, raw: Any) -> Any:
        """`raw`, a cell of the schema's column `name`, in that column's spelling where the mapping knows it."""
        if self._mended and isinstance(raw, str):
            raw = spreadsheet_cells.original(raw)
        known = self._values.get(name)
        if known and (value := known.get(cell(raw))) is not None:
            return value
        if name in self._words:
            return self._words[name].get(normal(cell(raw)), raw)
        if name in self._commas and isinstance(raw, str):
            return _SPACES.sub("", raw).replace(".", "").replace(",", ".")
        return raw


def targets(schema: Schema) -> list[str]:
    """The columns that a file may have: the reference if the schema names one, the features, and the outcome."""
    reference = [schema.reference] if schema.reference else []
    return [*reference, *schema.feature_names, schema.outcome.column]


def may_be_absent(schema: Schema) -> frozenset[str]:
    """The `targets` that a file may lack."""
    return frozenset(column.name for column in indicators(schema)) | {schema.outcome.column}


def categories(schema: Schema) -> dict[str, tuple[str, ...]]:
    """The categories of each target that has them."""
    words = {column.name: column.categories for column in schema.features if column.is_category}
    return words | {schema.outcome.column: (schema.outcome.positive, schema.outcome.negative)}


def unmistakable(words: Collection[str]) -> dict[str, str]:
    """Each of `words` by its `normal` form, unless two have the same form."""
    forms = [normal(word) for word in words]
    return {form: word for form, word in zip(forms, words, strict=True) if forms.count(form) == 1 and form}


def normal(text: str) -> str:
    """The form in which names are compared: letters and digits, lower case, no accents, one space between words."""
    plain = unicodedata.normalize("NFKD", _CAMEL.sub(" ", text.strip()))
    letters = "".join(c if c.isalnum() else " " for c in plain if not unicodedata.combining(c))
    return " ".join(letters.casefold().split())


def cell(raw: Any) -> str:
    """A cell as text, without spaces around; an empty cell is an empty text."""
    if raw is None or (isinstance(raw, float) and math.isnan(raw)):
        return ""
    return str(raw).strip()


def signature(schema: Schema, header: Iterable[str]) -> str:
    """The key of a stored mapping: a hash of the schema and the names in the header, in any order, without marks."""
    text = json.dumps([schema.hash, sorted(set(header) - set(MARKS))], ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def remember(
    db: Db, schema: Schema, file: CampaignFile, mapping: ColumnMapping, *, by: str, clock: Clock = now
) -> None:
    """Store `mapping` for files with the header of `file`. Raises Unavailable."""
    document = {**mapping.document(), "used": {"by": by, "at": clock(), "file": file.path.name}}
    with reachable():
        db.mappings.update_one({"_id": signature(schema, file.header)}, {"$set": document}, upsert=True)


def remembered(db: Db, schema: Schema, header: Iterable[str]) -> tuple[ColumnMapping, Document] | None:
    """The mapping last used for such a header and its use, `{by, at, file}`; or None. Raises Unavailable."""
    with reachable():
        found = db.mappings.find_one({"_id": signature(schema, header)})
    return (ColumnMapping.from_document(found), found["used"]) if found else None
