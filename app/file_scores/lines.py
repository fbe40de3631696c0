"""The lines of a result: what came of each row of a file, made from a batch of rows and a plan alone.

So any process, on any machine, makes the same lines of the same rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from itertools import islice
from typing import Any, Protocol

from core.errors import InputError
from core.files.records import Record
from core.imports.column_mapping import ColumnMapping
from core.imports.kept_out import OpenDoor
from core.imports.reject_file import SURROGATE, Reject
from core.imports.rows import Reading, Row
from core.lists.call_values import next_call
from core.schema import Schema, economy
from core.schema.column import Value
from core.schema.economy import KnownFigures
from core.scoring import protocol
from core.values.keys import shown_key

BATCH = 1_000
NOWHERE = "score"  # the campaign that rows are read into; nothing of it is stored

Placed = tuple[int, Record]
"""A record with its place in the file, from 1."""


@dataclass(frozen=True)
class Line:
    """What came of a row: a score and who gave it, or `rejected`: the column and the rule that it breaks."""

    row: int
    reference: str
    score: float | None = None
    version: str = ""
    rejected: str = ""


class Scorer(Protocol):
    """Whoever scores: the service (`core.scoring.client.ScoringClient`), or its line-up (`app.file_scores.lineup`)."""

    def what_if(self, rows: Sequence[dict[str, Value]]) -> list[protocol.Score]:
        """The scores of n rows, not logged. Raises InputError, Unavailable."""
        ...


Spread = Callable[["Plan", Scorer, Iterable[Sequence[Placed]]], Iterator[Sequence[Line]]]
"""Where lines are made: yields the lines of each batch, in the order of the batches."""


@dataclass(frozen=True)
class Plan:
    """How the rows of one file are read and filled in, for a call at the moment `at`; `known` is the economy then."""

    schema: Schema
    mapping: ColumnMapping
    header: Sequence[str]
    absent: frozenset[str]
    at: datetime
    known: KnownFigures

    @classmethod
    def of(cls, how: Reading, header: Sequence[str], at: datetime, known: KnownFigures) -> Plan:
        """The plan of a file with this `header` that `how` reads."""
        return cls(how.schema, how.mapping, list(header), how.absent, at, known)

    def __reduce__(self) -> tuple[Any, ...]:
        """Travels without what it has worked out."""
        fields = (self.schema, self.mapping, self.header, self.absent, self.at, self.known)
        return Plan, fields

    def lines(self, batch: Sequence[Placed], scorer: Scorer) -> list[Line]:
        """The lines of n rows that the door has let in, in their order. Raises InputError, Unavailable."""
        waiting: list[Row | Line] = []
        records, places = (record for _, record in batch), (place for place, _ in batch)
        # One by one: a row that is rejected comes in its place between those that fit.
        for row in self._reading.rows(records, lambda rejected: waiting.append(self._rejected(rejected)), places):
            waiting.append(row)  # noqa: PERF402
        # By place: a file of mended rows has the numbers that they had before, and two may be the same.
        asked = {place: self._features(one) for place, one in enumerate(waiting) if isinstance(one, Row)}
        refused: dict[int, str] = {}
        try:
            scores = scorer.what_if(list(asked.values())) if asked else []
        except InputError:
            # The service refuses a request only as a whole; these are the rows that it means.
            found = {place: protocol.refusal(self.schema, row, "what-if") for place, row in asked.items()}
            refused = {place: f"{error.column}: {error.rule}" for place, error in found.items() if error}
            if not refused:
                raise
            asked = {place: row for place, row in asked.items() if place not in refused}
            scores = scorer.what_if(list(asked.values())) if asked else []
        by_place = dict(zip(asked, scores, strict=True))
        return [
            one if isinstance(one, Line) else _line(one, by_place.get(place), refused.get(place, ""))
            for place, one in enumerate(waiting)
        ]

    @cached_property
    def _reading(self) -> Reading:
        # A row whose call was made is scored as the others: as if it were still to be called.
        return Reading(
            schema=self.schema,
            campaign=NOWHERE,
            mapping=self.mapping,
            reader=self.mapping.reader(self.schema, self.header),
            absent=self.absent,
            then=None,
            outcomes_until=-1,
            clock=lambda: self.at,
            door=OpenDoor(),
        )

    def _features(self, row: Row) -> dict[str, Value]:
        found = next_call(self.schema, row.prospect, self.at)
        if self.absent:
            self.known.require((one.name for one in economy.missing_indicators(self.schema, found)), row=row.number)
            found = self.known.fill(found, self.schema)
        return found

    def _rejected(self, rejected: Reject) -> Line:
        column = self.mapping.columns.get(self.schema.reference or "", "")
        found = self.schema.reference and rejected.record.get(column)
        broken = ": ".join(part for part in (rejected.column, rejected.rule) if part)
        # Bytes that are no text are in the record as lone surrogates, which no file can hold.
        shown = SURROGATE.sub("\ufffd", shown_key(found)) if found else ""
        return Line(rejected.row, shown, rejected=SURROGATE.sub("\ufffd", broken))


def _line(row: Row, score: protocol.Score | None, refused: str) -> Line:
    reference = str(row.prospect.get("written", row.prospect["ref"]))
    if score is None:
        return Line(row.number, reference, rejected=refused)
    return Line(row.number, reference, score.score, score.version)


def let_in(how: Reading, records: Iterable[Record]) -> Iterator[Placed]:
    """The `records` of people who were not erased, each with its place."""
    for place, record in enumerate(records, 1):
        if not how.is_kept_out(how.reader.record(record, values=False), place):
            yield place, record


def batches(placed: Iterator[Placed]) -> Iterator[list[Placed]]:
    """`placed` in lists of `BATCH`, the last one with what is left."""
    while batch := list(islice(placed, BATCH)):
        yield batch


def here(plan: Plan, scorer: Scorer, files: Iterable[Sequence[Placed]]) -> Iterator[Sequence[Line]]:
    """Makes the lines in this process, batch by batch."""
    return (plan.lines(batch, scorer) for batch in files)
