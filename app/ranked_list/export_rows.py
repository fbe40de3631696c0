"""The rows of an exported list: one for each person of a campaign, the best chance first.

The database sorts each status by its index, and this module merges them as they arrive, so a million people are never
in memory at once.

The columns of the call (`core.lists.call_values`) are those of a call now for who is still to be called, of their last
call for who was called, and as the file has them for everybody else.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from itertools import islice
from typing import Any

from app.ranked_list.bands import band_of
from core.calls.filters import CallFilter
from core.calls.lifecycle import LIVE, Status, changes_state
from core.desk.own_results import read_own_results
from core.lists import call_values
from core.schema import Schema
from core.schema.column import ColumnType
from core.stores.mongo import Db, Document, count, reachable

BATCH = 1_000


class Kind(StrEnum):
    """The type of a column of the list."""

    TEXT = "text"
    INTEGER = "integer"
    NUMBER = "number"
    TIME = "time"


@dataclass(frozen=True)
class Field:
    """A column of the list."""

    name: str
    kind: Kind = Kind.TEXT


_OURS = (
    Field("rank", Kind.INTEGER),
    Field("person"),
    Field("score", Kind.NUMBER),
    Field("band"),
    Field("status"),
    Field("call_again_at", Kind.TIME),
    Field("calls_made", Kind.INTEGER),
    Field("last_call_at", Kind.TIME),
    Field("last_result"),
    Field("last_own_result"),
    Field("last_agent"),
    Field("model_version"),
)
_KINDS = {
    ColumnType.INTEGER: Kind.INTEGER,
    ColumnType.NUMBER: Kind.NUMBER,
    ColumnType.CATEGORY: Kind.TEXT,
}


@dataclass(frozen=True)
class ExportRequest:
    """The people to export: those of `campaign` who match `call_filter`, of all statuses or from the ranked list alone.

    `floors`: the lowest score of each band, for the people in the ranked list.
    """

    campaign: str
    call_filter: CallFilter
    all_statuses: bool
    floors: Sequence[float]

    @property
    def statuses(self) -> tuple[Status, ...]:
        """The statuses to export."""
        return tuple(Status) if self.all_statuses else (Status.OPEN,)

    def match(self, status: Status) -> Document:
        """The query for the people of one status."""
        wanted = self.call_filter
        match: Document = {"campaign": self.campaign, "status": status.value}
        match |= {f"features.{column}": value for column, value in wanted.equal.items()}
        match |= {f"features.{column}": {"$gte": number} for column, number in wanted.least.items()}
        scores = {"$gte": wanted.floor} if wanted.floor is not None else {}
        scores |= {"$lt": wanted.ceiling} if wanted.ceiling is not None else {}
        return match | ({"score": scores} if scores else {})


def fields(schema: Schema) -> list[Field]:
    """The list's columns: ours, then the schema's. A column of the schema named like one of ours gets an underscore."""
    taken = {field.name for field in _OURS}
    theirs = [Field(f"{c.name}_" if c.name in taken else c.name, _KINDS[c.type]) for c in schema.features]
    return [*_OURS, *theirs]


def count_rows(db: Db, request: ExportRequest) -> int:
    """The number of people to export. Raises Unavailable."""
    with reachable():
        return sum(count(db.prospects, request.match(status)) for status in request.statuses)


def rows(db: Db, schema: Schema, request: ExportRequest, at: datetime) -> Iterator[list[Any]]:
    """Their rows as of `at`, the best chance first, people without a score last. Raises Unavailable."""
    features = [column.name for column in schema.features]
    own = {one.key: one.name for one in read_own_results(db, request.campaign)}
    merged = heapq.merge(*(_ranked(db, request.match(status)) for status in request.statuses), key=_order)
    rank = 0
    while batch := list(islice(merged, BATCH)):
        calls = _last_calls(db, batch)
        for prospect in batch:
            rank += 1
            call = calls.get(prospect["_id"])
            values = prospect["features"] | _of_the_call(schema, prospect, call, at)
            yield [rank, *_ours(prospect, call, request, own), *(values.get(name) for name in features)]


def _ranked(db: Db, match: Document) -> Iterator[Document]:
    steps: list[Mapping[str, Any]] = [{"$match": match}, {"$sort": {"score": -1, "ref": 1}}]
    with reachable():
        yield from db.prospects.aggregate(steps, batchSize=BATCH)


def _order(prospect: Document) -> tuple[float, str]:
    score = prospect.get("score")
    return (float("inf") if score is None else -float(score), str(prospect["ref"]))


def _ours(prospect: Document, call: Document | None, asked: ExportRequest, own: Mapping[str, str]) -> list[Any]:
    score, status, due = prospect.get("score"), prospect["status"], prospect.get("due")
    return [
        prospect.get("written") or prospect["ref"],
        score,
        band_of(score, asked.floors).name if score is not None and status == Status.OPEN else None,
        status,
        datetime.fromtimestamp(due, UTC) if due else None,
        int(prospect.get("calls") or 0),
        call["at"] if call else None,
        call["result"] if call else None,
        own.get(str(call.get("own"))) if call else None,
        call["agent"] if call else None,
        prospect.get("score_version"),
    ]


def _of_the_call(schema: Schema, prospect: Document, last: Document | None, at: datetime) -> Mapping[str, Any]:
    if prospect["status"] in LIVE:
        return call_values.next_call_only(schema, prospect, at)
    if last is None or last["agent"] == call_values.IMPORTED:
        return {}
    made = call_values.call_made(schema, prospect, last)
    return {name: made[name] for name in schema.of_the_call}


def _last_calls(db: Db, prospects: Sequence[Document]) -> dict[str, Document]:
    """The last call of each prospect, or the imported outcome of an earlier call."""
    called = [p["_id"] for p in prospects if p.get("calls")]
    imported = [f"{p['_id']}:1" for p in prospects if p["status"] == Status.DONE and not p.get("calls")]
    last: dict[str, Document] = {}
    with reachable():
        for outcome in db.outcomes.find({"_id": {"$in": imported}}) if imported else ():
            last[outcome["prospect"]] = outcome
        for call in db.calls.find({"prospect": {"$in": called}}) if called else ():
            known = last.get(call["prospect"])
            if not call.get("undone") and changes_state(call) and (known is None or call["call"] > known["call"]):
                last[call["prospect"]] = call
    return last
