"""How the cells of a row become the values of a schema's columns, for rows of which nothing has to be said."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, Self

from core.imports.column_mapping import Reader
from core.schema.column import NUMBERS, Column, Value
from core.stores.mongo import Document
from core.values.numbers import is_common
from core.values.remembered import Remembered


class CellRule(NamedTuple):
    """How a cell of the file's column `source`, None if the file has none, becomes a value of `column`."""

    column: Column
    source: str | None
    values: Remembered[Value]

    @classmethod
    def of(cls, column: Column, source: str | None, reader: Reader) -> Self:
        """The rule of a column of the schema, as `reader` reads its cells."""

        # Amounts hardly repeat, so most of an import's time would go into reading plain numbers thoroughly.
        quick = column.type in NUMBERS and not column.blanks and reader.is_plain(column.name)

        def value(raw: Any) -> Value:
            if quick and isinstance(raw, str) and is_common(raw):
                return column.number(float(raw))
            return column.parse(reader.value(column.name, raw))

        return cls(column, source, Remembered(value))


def values(rules: Iterable[CellRule], original: Mapping[Any, Any]) -> Document:
    """The values of a row of the file by the schema's columns. Raises ValueError for a cell that breaks its rule."""
    return {
        column.name: known[raw] if isinstance(raw := original.get(source), str) else known.rule(raw)
        for column, source, known in rules
    }
