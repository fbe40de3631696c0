"""One record of the prediction log for many rows of one request: what is the same once, the rest packed.

A record has a price of its own wherever it is stored: an insert, its part of the journal, its place in each index. So
the rows of a longer request share one, `ROWS` at a time. Its head says what is searched for: the people in it, their
campaign, the time, and the versions that have a score. The rows are columns, compressed; who reads a row unpacks them.
A column whose values are all the same, as the month or the version, has its value once.

`pack` and `rows_of` are each other's inverse. A record of one row is as it always was, so the log of an earlier release
is read in the same way.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import bson
from bson.codec_options import CodecOptions

from core.scoring.halves import EACH, Halves
from core.scoring.prediction import same_answer, same_question
from core.stores.mongo import Document

ROWS = 50
"""Rows of one record: to read one row, all are unpacked."""
FEW = 8
"""Rows from which a request is packed. Fewer are as quick to write one by one, and quicker to read."""
HEAD = ("_id", "request", "at")
PACKED, NUMBERS = "rows", "row"
PACKING = {PACKED: 1, "request": 1}
"""The fields without which a record cannot be unpacked; for projections."""
PEOPLE = ("prospect", "version", "shadow_version", "mixed", "many")
"""The fields of the head that change where people are removed."""
LEVEL = 1  # of zlib: the quickest
AWARE: CodecOptions[Document] = CodecOptions(tz_aware=True)
NESTED = ("features", "mixed")
"""Fields of a row that have fields of their own, each a column."""


def pack(rows: Sequence[Document]) -> list[Document]:
    """The records of one request's n `rows` (documents of `core.scoring.prediction.Prediction`, in order).

    Rows stay records of their own where they are few, of more than one campaign, or not all alike.
    """
    campaigns = {campaign_of(row["prospect"]) for row in rows}
    if len(rows) < FEW or len(campaigns) > 1 or len({_shape(row) for row in rows}) > 1:
        return list(rows)
    return _packed(rows)


def count_records(rows: int) -> int:
    """How many records a request of so many `rows` of one campaign becomes."""
    return rows if rows < FEW else -(-rows // ROWS)


def packed_rows(request: str, at: datetime, numbers: Sequence[int], rows: Halves) -> list[Document]:
    """The records of the `rows` with these `numbers` in a `request` that was scored at `at`."""
    return [_record(request, at, numbers[start : start + ROWS], rows, start) for start in range(0, len(numbers), ROWS)]


def _record(request: str, at: datetime, numbers: Sequence[int], rows: Halves, start: int) -> Document:
    many = len(numbers)
    stored = {NUMBERS: list(numbers), **rows.document(start, start + many)}
    held = Halves.of_document(stored)
    people = set(held.values("prospect", many))
    if "mixed" in held.nested:
        mixed = held.nested["mixed"].values("version", many)
    else:
        mixed = [one["version"] for one in held.values("mixed", many) if one]
    return {
        "_id": f"{request}:{numbers[0]}",
        "request": request,
        "at": at,
        "campaign": campaign_of(next(iter(people))),
        "prospect": sorted(people - {""}),
        "version": _distinct(held.values("version", many)),
        "shadow_version": _distinct(held.values("shadow_version", many)),
        "mixed": {"version": _distinct(mixed)},
        "many": many,
        PACKED: bson.Binary(zlib.compress(bson.encode(stored), LEVEL)),
    }


def rows_of(
    records: Iterable[Document], wanted: Collection[str] | None = None, *, keys: Collection[str] | None = None
) -> Iterator[Document]:
    """The rows in `records`, each as a document of its own.

    Of packed ones those alone whose person is `wanted`; with `keys`, of all those alone that have one of these.
    """
    for record in records:
        if PACKED not in record:
            if keys is None or record["_id"] in keys:
                yield record
            continue
        numbers, rows = _unpacked(record)
        for place, (number, prospect) in enumerate(zip(numbers, rows.values("prospect", len(numbers)), strict=True)):
            key = f"{record['request']}:{number}"
            if (wanted is None or prospect in wanted) and (keys is None or key in keys):
                yield {**rows.row(place), "_id": key, "request": record["request"], "at": record.get("at")}


def count_rows(record: Document) -> int:
    """How many rows a record has; it needs no more than its field `many`."""
    return int(record.get("many", 1))


def record_of(key: str) -> str:
    """The key of the packed record that holds the row with this `key`, if one does."""
    request, _, number = key.rpartition(":")
    return f"{request}:{int(number) // ROWS * ROWS}" if number.isdecimal() else key


def different_row(held: Document, new: Document) -> str | None:
    """The key of the first row of the record `new` that is another question in `held`, or missing there; or None."""
    rows = {row["_id"]: row for row in rows_of([held])}
    for row in rows_of([new]):
        if row["_id"] not in rows or not same_question(rows[row["_id"]], row):
            return str(row["_id"])
    return None


def same_answers(one: Document, other: Document) -> bool:
    """Whether every row of the record `one` has the same question and answer in `other`."""
    rows = {row["_id"]: row for row in rows_of([other])}
    return all(row["_id"] in rows and same_answer(row, rows[row["_id"]]) for row in rows_of([one]))


def holder(document: Document, find: Callable[[Sequence[str]], Mapping[str, Document]]) -> Document | None:
    """The record in which a store holds the rows of the record `document`, or None. `find` gives its records by key.

    A row that is sent alone may have been stored among others, packed; and rows that are sent together may have been
    stored one by one, by an earlier release.
    """
    key = document["_id"]
    if PACKED in document:
        held = find([key]).get(key)
        if held is None or PACKED in held:
            return held
        singles = find([row["_id"] for row in rows_of([document])]).values()
        alike = len({_shape(row) for row in singles}) == 1
        return _packed(sorted(singles, key=_number))[0] if alike else held
    found = find([key, record_of(key)])
    packed = found.get(record_of(key))
    return found.get(key) or (packed if packed is not None and PACKED in packed else None)


def without(record: Document, is_theirs: Callable[[str], bool]) -> Document | None:
    """`record` without the rows of people who are to be forgotten; None where no row is left."""
    return _rest(record, [row for row in rows_of([record]) if not is_theirs(str(row["prospect"]))])


def only(record: Document, keys: Collection[str]) -> Document | None:
    """`record` with the rows alone that have one of these `keys`; None where no row is left."""
    return _rest(record, [row for row in rows_of([record]) if row["_id"] in keys])


def _rest(record: Document, kept: Sequence[Document]) -> Document | None:
    if len(kept) == count_rows(record):
        return record
    return {**_packed(kept)[0], "_id": record["_id"]} if kept else None


def _packed(rows: Sequence[Document]) -> list[Document]:
    """The records of `rows` that are all alike (`_shape`)."""
    first = rows[0]
    columns = {name: [row[name] for row in rows] for name in first if name not in HEAD}
    nested = {
        name: _below(columns.pop(name)) for name in NESTED if name in columns and _have_same_fields(columns[name])
    }
    return packed_rows(first["request"], first["at"], [_number(row) for row in rows], Halves.of(columns, **nested))


def _have_same_fields(values: Sequence[Mapping[str, Any] | None]) -> bool:
    return values[0] is not None and all(value is not None and value.keys() == values[0].keys() for value in values)


def _below(values: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """The columns of a field of n rows that has fields of its own."""
    return {name: [value[name] for value in values] for name in values[0]}


def _unpacked(record: Document) -> tuple[list[int], Halves]:
    """The numbers of a packed record's rows, and their columns."""
    stored = bson.decode(zlib.decompress(record[PACKED]), codec_options=AWARE)
    numbers = stored.pop(NUMBERS)
    if EACH not in stored:  # before a value that all rows have was stored once
        return numbers, Halves({}, stored, {"features": Halves({}, stored.pop("features"))})
    return numbers, Halves.of_document(stored)


def _distinct(values: Iterable[str | None]) -> list[str]:
    return sorted({value for value in values if value is not None})


def _number(row: Document) -> int:
    """The place of the row in its request."""
    return int(row["_id"].rpartition(":")[2])


def campaign_of(prospect: str) -> str:
    """The campaign of a person's key; "" for keys that belong to none."""
    return prospect.partition(":")[0] if ":" in prospect else ""


def _shape(row: Document) -> tuple[object, ...]:
    return row["request"], row["at"], tuple(row), tuple(row["features"])
