"""Campaign import: every row is checked against the schema; the good ones go in, the others are listed.

A row's key is the schema's reference column or, without one, its number in the file, so importing twice changes
nothing. Rejected rows go to a CSV with their number, column and rule in front of their own cells; mended there, that
same file can be imported and fills the gaps (`_row` keeps the number).
"""

from __future__ import annotations

import csv
import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Self

from pymongo import UpdateOne

from core import do_not_call, economy
from core.call_states import LIVE
from core.campaign_file import CampaignFile, Record
from core.clock import CampaignCalendar, Clock, now
from core.errors import InputError
from core.mongo import Db, Document, reachable
from core.schema import Schema

BATCH = 1_000
MARKS = ("_row", "_column", "_rule")


@dataclass(frozen=True)
class Reject:
    """A row that did not go in: its number (from 1), the column and the rule it broke, and its cells."""

    row: int
    column: str
    rule: str
    record: Record


@dataclass
class Report:
    """What an import did. `inserted + unchanged + rejected` is the number of rows read."""

    campaign: str
    sha256: str
    inserted: int = 0
    unchanged: int = 0
    outcomes: int = 0
    rejected: int = 0
    rules: Counter[str] = field(default_factory=Counter)
    examples: list[Reject] = field(default_factory=list)

    @property
    def rows(self) -> int:
        """Rows read."""
        return self.inserted + self.unchanged + self.rejected


@dataclass(frozen=True)
class _Row:
    number: int
    prospect: Document
    outcome: Document | None
    record: Record


def import_campaign(
    db: Db,
    schema: Schema,
    file: CampaignFile,
    campaign: str,
    *,
    rejects: Path,
    outcomes_until: int | None = None,
    progress: Callable[[int], None] = lambda _rows: None,
    clock: Clock = now,
) -> Report:
    """Import `file` into `campaign` and return what was done.

    Rows after number `outcomes_until` come in as if they had not been called yet: a finished history can so be played
    as a campaign that is under way. `rejects` is written only if a row is rejected; `progress` hears the rows read.
    Raises InputError when the file as a whole does not fit (a column is missing), before anything is written, and
    Unavailable; whatever went in by then stays, and importing again goes on.
    """
    absent = _require_columns(schema, file)
    economy_then = economy.read(db, schema) if absent else None
    report = Report(campaign, file.sha256)
    opened = {"schema": schema.hash, "created_at": clock(), "title": campaign}
    with reachable():
        db.campaigns.update_one({"_id": campaign}, {"$setOnInsert": opened}, upsert=True)
        if absent:
            db.campaigns.update_one({"_id": campaign}, {"$set": {"economy": True}})
    with file.records() as records, _RejectFile(rejects, file.header) as rejected:
        batch: list[_Row] = []
        reject = partial(_reject, report, rejected)
        for row in _parsed(schema, campaign, records, outcomes_until, economy_then, absent, reject, clock):
            batch.append(row)
            if len(batch) == BATCH:
                _write(db, schema, batch, report, rejected)
                progress(report.rows)
                batch = []
        _write(db, schema, batch, report, rejected)
    seen = {"rows": report.rows, "rejected": report.rejected, "path": file.path.name, "imported_at": clock()}
    with reachable():
        db.campaigns.update_one({"_id": campaign}, {"$set": {f"files.{file.sha256}": seen}})
    progress(report.rows)
    return report


def _require_columns(schema: Schema, file: CampaignFile) -> frozenset[str]:
    """The indicators that the file leaves out; it may leave out nothing else."""
    have = set(file.header)
    absent = frozenset(column.name for column in economy.indicators(schema) if column.name not in have)
    needed = [name for name in schema.feature_names if name not in absent]
    missing = [name for name in needed if name not in have]
    if schema.reference and schema.reference not in have:
        missing.append(schema.reference)
    if missing:
        raise InputError(
            f"{file.path.name} has no column {', '.join(repr(name) for name in missing)}",
            kept="Nothing was imported.",
            next=f"The file needs these columns: {', '.join(needed)}.",
        )
    return absent


def _parsed(
    schema: Schema,
    campaign: str,
    records: Iterable[Record],
    outcomes_until: int | None,
    economy_then: economy.Economy | None,
    absent: frozenset[str],
    reject: Callable[[Reject], None],
    clock: Clock,
) -> Iterable[_Row]:
    calendar = CampaignCalendar(schema.calendar.start) if schema.calendar else None
    for place, record in enumerate(records, 1):
        number = place
        try:
            number = _number(record, place)
            features = _features(schema, record, number, absent)
            called_at = calendar.at(str(features[schema.calendar.month])) if calendar and schema.calendar else None
            try:
                positive = schema.outcome.parse(record.get(schema.outcome.column))
            except ValueError as error:
                raise InputError(error.args[0], row=number, column=schema.outcome.column) from None
            if outcomes_until is not None and number > outcomes_until:
                positive = None
            at = called_at or clock()
            if economy_then is not None and positive is not None:
                economy_then.known(at).require(sorted(absent), row=number, of=at)
        except InputError as error:
            reject(Reject(number, error.column or "", error.rule, record))
            continue
        yield _row(schema, campaign, number, record, features, positive, at, from_economy=bool(absent))


def _number(record: Record, number: int) -> int:
    mark = record.get("_row")
    if mark in (None, ""):
        return number
    if not str(mark).isdigit():
        raise InputError(f"{mark!r} is not a row number", row=number, column="_row")
    return int(str(mark))


def _features(schema: Schema, record: Record, number: int, absent: frozenset[str]) -> Document:
    if None in record:
        raise InputError("the row has more cells than the header", row=number)
    features: Document = {}
    for column in schema.features:
        if column.name in absent:
            continue
        try:
            features[column.name] = column.parse(record[column.name])
        except ValueError as error:
            raise InputError(error.args[0], row=number, column=column.name) from None
    return features


def _row(
    schema: Schema,
    campaign: str,
    number: int,
    record: Record,
    features: Document,
    positive: bool | None,
    at: datetime,
    *,
    from_economy: bool,
) -> _Row:
    ref = str(record[schema.reference]) if schema.reference else f"{number:07d}"
    key = f"{campaign}:{ref}"
    prospect: Document = {
        "_id": key,
        "campaign": campaign,
        "ref": ref,
        "row": number,
        "features": features,
        "digest": hashlib.sha256(json.dumps(features, sort_keys=True).encode()).hexdigest()[:16],
        "status": "open" if positive is None else "done",
        "score": None,
        "claim": None,
    }
    if from_economy:
        prospect["economy"] = ""  # the hash of what was known when it was ranked, which it was not yet
    if positive is None:
        return _Row(number, prospect, None, record)
    outcome: Document = {
        "_id": f"{key}:1",
        "prospect": key,
        "campaign": campaign,
        "call": 1,
        "result": "sold" if positive else "refused",
        "positive": positive,
        "agent": "import",
        "at": at,
    }
    return _Row(number, prospect, outcome, record)


def _write(db: Db, schema: Schema, batch: list[_Row], report: Report, rejected: _RejectFile) -> None:
    """Put one batch in. Outcomes follow their prospects; each write is keyed, so a killed import goes on."""
    if not batch:
        return
    with reachable():
        inserts = [UpdateOne({"_id": r.prospect["_id"]}, {"$setOnInsert": r.prospect}, upsert=True) for r in batch]
        result = db.prospects.bulk_write(inserts, ordered=False)
        fresh = set(result.upserted_ids or {})
        if schema.reference:
            do_not_call.keep_off(db, [row.prospect for index, row in enumerate(batch) if index in fresh])
        known = [row.prospect["_id"] for index, row in enumerate(batch) if index not in fresh]
        stored = {d["_id"]: d.get("digest") for d in db.prospects.find({"_id": {"$in": known}}, {"digest": 1})}
        accepted: list[_Row] = []
        for index, row in enumerate(batch):
            key = row.prospect["_id"]
            if index in fresh:
                report.inserted += 1
            elif stored.get(key) == row.prospect["digest"]:
                report.unchanged += 1
            else:
                rule = (
                    f"another record already has the key {row.prospect['ref']} in this campaign; use another campaign"
                )
                _reject(report, rejected, Reject(row.number, "", rule, row.record))
                continue
            accepted.append(row)
        outcomes = [r.outcome for r in accepted if r.outcome is not None]
        if outcomes:
            writes = [UpdateOne({"_id": o["_id"]}, {"$setOnInsert": o}, upsert=True) for o in outcomes]
            report.outcomes += len(db.outcomes.bulk_write(writes, ordered=False).upserted_ids or {})
            # A file that now says what came of a call closes prospects that an earlier import left open.
            known_keys = [o["prospect"] for o in outcomes if o["prospect"] in stored]
            if known_keys:
                late = {"_id": {"$in": known_keys}, "status": {"$in": [status.value for status in LIVE]}}
                db.prospects.update_many(late, {"$set": {"status": "done", "due": None, "claim": None}})


def _reject(report: Report, file: _RejectFile, reject: Reject) -> None:
    report.rejected += 1
    report.rules[f"{reject.column}: {reject.rule}" if reject.column else reject.rule] += 1
    if len(report.examples) < 20:
        report.examples.append(reject)
    file.write(reject)


class _RejectFile:
    """The CSV of rejected rows; made only when there is one, under its final name only when it is whole."""

    def __init__(self, path: Path, header: list[str]) -> None:
        self._path, self._part = path, path.with_name(path.name + ".part")
        self._header = [name for name in header if name not in MARKS]
        self._file: Any = None
        self._writer: Any = None

    def __enter__(self) -> Self:
        return self

    def write(self, reject: Reject) -> None:
        if self._file is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._part.open("w", encoding="utf-8", newline="")
            self._writer = csv.writer(self._file)
            self._writer.writerow([*MARKS, *self._header])
        cells = [reject.record.get(name) for name in self._header]
        self._writer.writerow([reject.row, reject.column, reject.rule, *cells])

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()
            self._part.replace(self._path)
        else:
            self._path.unlink(missing_ok=True)
