"""One record of the prediction log for many rows of one request: what is the same once, the rest packed.

A record has a price of its own wherever it is stored: an insert, its part of the journal, its place in each index. So
the rows of a longer request share one, `ROWS` at a time. Its head says what is searched for: the people in it, their
campaign, the time, and the versions that have a score. The rows are columns, compressed; who reads a row unpacks them.

`pack` and `rows_of` are each other's inverse. A record of one row is as it always was, so the log of an earlier release
is read in the same way.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

import bson
from bson.codec_options import CodecOptions

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


def pack(rows: Sequence[Document]) -> list[Document]:
    """The records of one request's n `rows` (documents of `core.scoring.prediction.Prediction`, in order).

    Rows stay records of their own where they are few, of more than one campaign, or not all alike.
    """
    if len(rows) < FEW or len({_campaign(row) for row in rows}) > 1 or len({_shape(row) for row in rows}) > 1:
        return list(rows)
    return [_packed(rows[start : start + ROWS]) for start in range(0, len(rows), ROWS)]


def rows_of(records: Iterable[Document], wanted: Collection[str] | None = None) -> Iterator[Document]:
    """The rows in `records`, each as a document of its own; of packed ones those alone whose person is `wanted`."""
    for record in records:
        if PACKED not in record:
            yield record
            continue
        columns = _columns(record)
        features = columns.pop("features")
        for place, (number, prospect) in enumerate(zip(columns[NUMBERS], columns["prospect"], strict=True)):
            if wanted is not None and prospect not in wanted:
                continue
            row = {name: values[place] for name, values in columns.items() if name != NUMBERS}
            row |= {"_id": f"{record['request']}:{number}", "request": record["request"], "at": record.get("at")}
            yield row | {"features": {name: values[place] for name, values in features.items()}}


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
        return _packed(sorted(singles, key=_number)) if alike else held
    found = find([key, record_of(key)])
    packed = found.get(record_of(key))
    return found.get(key) or (packed if packed is not None and PACKED in packed else None)


def without(record: Document, is_theirs: Callable[[str], bool]) -> Document | None:
    """`record` without the rows of people who are to be forgotten; None where no row is left."""
    kept = [row for row in rows_of([record]) if not is_theirs(str(row["prospect"]))]
    if len(kept) == count_rows(record):
        return record
    return {**_packed(kept), "_id": record["_id"]} if kept else None


def _packed(rows: Sequence[Document]) -> Document:
    first = rows[0]
    columns: dict[str, Any] = {name: [row[name] for row in rows] for name in first if name not in (*HEAD, "features")}
    columns["features"] = {name: [row["features"][name] for row in rows] for name in first["features"]}
    columns[NUMBERS] = [_number(row) for row in rows]
    return {
        **{name: first[name] for name in HEAD},
        "campaign": _campaign(first),
        "prospect": sorted({row["prospect"] for row in rows} - {""}),
        "version": _distinct(columns["version"]),
        "shadow_version": _distinct(columns.get("shadow_version", ())),
        "mixed": {"version": _distinct(one["version"] for one in columns.get("mixed", ()) if one)},
        "many": len(rows),
        PACKED: bson.Binary(zlib.compress(bson.encode(columns), LEVEL)),
    }


def _columns(record: Document) -> Document:
    return bson.decode(zlib.decompress(record[PACKED]), codec_options=AWARE)


def _distinct(values: Iterable[str | None]) -> list[str]:
    return sorted({value for value in values if value is not None})


def _number(row: Document) -> int:
    """The place of the row in its request."""
    return int(row["_id"].rpartition(":")[2])


def _campaign(row: Document) -> str:
    """The campaign of the row's person; "" for keys that belong to none."""
    return str(row["prospect"]).partition(":")[0] if ":" in str(row["prospect"]) else ""


def _shape(row: Document) -> tuple[object, ...]:
    return row["request"], row["at"], tuple(row), tuple(row["features"])
