"""Campaign import: checks every row against the schema, stores the rows that fit, and lists the others.

A row's key is the schema's reference or, without that column, its number in the file, so importing twice changes
nothing. Rejected rows go to a CSV, with number, column and rule in front of their own cells. People correct them there
and import that file, too (`_row` preserves the number).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Container
from dataclasses import dataclass, field
from pathlib import Path

from pymongo import UpdateOne

from core.calls import do_not_call
from core.calls.lifecycle import LIVE
from core.clock import Clock, now
from core.imports.campaign_file import CampaignFile
from core.imports.column_mapping import ColumnMapping, cell
from core.imports.kept_out import Doorkeeper
from core.imports.reject_file import FILE, TAKEN, Reject, RejectFile
from core.imports.rows import Reading, Row
from core.schema import Schema
from core.schema.economy import read_vintages
from core.stores.mongo import Db, Document, reachable

BATCH = 1_000
EXAMPLES = 20
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class ImportRequest:
    """`file` is to be read into `campaign`, which gets the `title` if it is new.

    Without a `mapping` the file has the schema's own columns. Rows after number `outcomes_until` lose their outcomes,
    so that a finished history can be replayed as a running campaign. `erasure_key` recognises people who were erased
    (`core.imports.kept_out`).
    """

    file: CampaignFile
    campaign: str
    mapping: ColumnMapping | None = None
    title: str = ""
    outcomes_until: int | None = None
    erasure_key: str | None = None


@dataclass
class Report:
    """What an import did, in rows.

    `rules`: number of rejects by the schema's column and the broken rule, without the value; `examples`: the first
    rejects. `origin`: the sha256 of the file that corrected rows were in first.
    """

    campaign: str
    sha256: str
    inserted: int = 0
    unchanged: int = 0
    outcomes: int = 0
    rejected: int = 0
    kept_out: int = 0
    rules: Counter[tuple[str, str]] = field(default_factory=Counter)
    examples: list[Reject] = field(default_factory=list)
    origin: str = ""

    @property
    def rows(self) -> int:
        """All rows read."""
        return self.inserted + self.unchanged + self.rejected + self.kept_out

    @property
    def accepted(self) -> int:
        """Rows that are in the campaign now."""
        return self.inserted + self.unchanged

    def reject(self, reject: Reject) -> None:
        """Count `reject`; the first `EXAMPLES` are examples."""
        self.rejected += 1
        self.rules[reject.column, reject.kind or reject.rule] += 1
        self.origin = self.origin or cell(reject.record.get(FILE))
        if len(self.examples) < EXAMPLES:
            self.examples.append(reject)


def import_campaign(
    db: Db,
    schema: Schema,
    request: ImportRequest,
    *,
    rejects: Path,
    progress: Callable[[int], None] = lambda _rows: None,
    clock: Clock = now,
) -> Report:
    """Do what `request` asks, and report it.

    The file `rejects` is written only if a row is rejected. `progress` gets the number of rows read, and may raise to
    end the import. Rows of people who are kept out are only counted. Raises, before anything is written, InputError if
    a column is missing and SettingsError if people are kept out and there is no key to recognise them. Raises
    Unavailable: then the rows written stay, and importing again continues.
    """
    file, campaign = request.file, request.campaign
    how = reading(db, schema, request, clock)
    report = Report(campaign, file.sha256)
    opened = {"schema": schema.hash, "created_at": clock(), "title": request.title or campaign}
    with reachable():
        db.campaigns.update_one({"_id": campaign}, {"$setOnInsert": opened}, upsert=True)
        if how.absent:
            db.campaigns.update_one({"_id": campaign}, {"$set": {"economy": True}})
    with file.records() as records, RejectFile(rejects, file.header, file.sha256) as rejected:
        intake = _Intake(db, schema, report, rejected, progress)
        for row in how.rows(records, intake.reject):
            intake.take(row)
        intake.write()
    report.kept_out = how.door.turned_away
    _note_file(db, file, report, clock)
    progress(report.rows)
    return report


def reading(db: Db, schema: Schema, request: ImportRequest, clock: Clock = now) -> Reading:
    """How the rows are read. Raises InputError if a column is missing, and what `Doorkeeper` raises."""
    header = request.file.header
    mapping = request.mapping or ColumnMapping.by_name(schema, header)
    absent = mapping.require(schema, request.file)
    then = read_vintages(db, schema) if absent else None
    door = Doorkeeper(db, request.erasure_key)
    reader = mapping.reader(schema, header)
    return Reading(schema, request.campaign, mapping, reader, absent, then, request.outcomes_until, clock, door)


class _Intake:
    """Writes rows, a batch at a time, and updates the report."""

    def __init__(
        self, db: Db, schema: Schema, report: Report, rejected: RejectFile, progress: Callable[[int], None]
    ) -> None:
        self._db, self._schema, self._report, self._rejected = db, schema, report, rejected
        self._progress = progress
        self._batch: list[Row] = []

    def take(self, row: Row) -> None:
        """Add `row` to the batch."""
        self._batch.append(row)
        if len(self._batch) == BATCH:
            self.write()
            self._progress(self._report.rows)

    def reject(self, reject: Reject) -> None:
        """Write a rejected row to the file of rejects."""
        self._report.reject(reject)
        self._rejected.write(reject)
        if self._report.rejected % BATCH == 0:
            self._progress(self._report.rows)

    def write(self) -> None:
        """Write the batch, outcomes after their prospects. Each write has a key, so a killed import can be repeated."""
        batch, self._batch = self._batch, []
        if not batch:
            return
        db, report = self._db, self._report
        with reachable():
            inserts = [UpdateOne({"_id": r.prospect["_id"]}, {"$setOnInsert": r.prospect}, upsert=True) for r in batch]
            result = db.prospects.bulk_write(inserts, ordered=False)
            fresh = set(result.upserted_ids or {})
            if self._schema.reference:
                do_not_call.keep_off(db, [row.prospect for index, row in enumerate(batch) if index in fresh])
            known = [row.prospect["_id"] for index, row in enumerate(batch) if index not in fresh]
            stored = {d["_id"]: d.get("digest") for d in db.prospects.find({"_id": {"$in": known}}, {"digest": 1})}
            accepted: list[Row] = []
            for index, row in enumerate(batch):
                if index in fresh:
                    report.inserted += 1
                elif stored.get(row.prospect["_id"]) == row.prospect["digest"]:
                    report.unchanged += 1
                else:
                    self.reject(taken(row))
                    continue
                report.origin = report.origin or cell(row.record.get(FILE))
                accepted.append(row)
            self._outcomes([r.outcome for r in accepted if r.outcome is not None], set(stored))

    def _outcomes(self, outcomes: list[Document], stored: Container[str]) -> None:
        """Write the outcomes of earlier calls; `stored` are the prospects that existed before this import."""
        known = [outcome["prospect"] for outcome in outcomes if outcome["prospect"] in stored]
        # An outcome from a call made here is not replaced: one person is one sale, however many files report it.
        before = self._db.outcomes.find({"prospect": {"$in": known}}, {"prospect": 1}) if known else ()
        decided = {outcome["prospect"] for outcome in before}
        new = [outcome for outcome in outcomes if outcome["prospect"] not in decided]
        if new:
            writes = [UpdateOne({"_id": o["_id"]}, {"$setOnInsert": o}, upsert=True) for o in new]
            self._report.outcomes += len(self._db.outcomes.bulk_write(writes, ordered=False).upserted_ids or {})
        # An outcome in this file closes a prospect that an earlier import left open.
        if known:
            late = {"_id": {"$in": known}, "status": {"$in": [status.value for status in LIVE]}}
            self._db.prospects.update_many(late, {"$set": {"status": "done", "due": None, "claim": None}})


def taken(row: Row) -> Reject:
    """The reject of a row whose key another record has."""
    where = "in this campaign; use another campaign"
    return Reject(row.number, "", f"{TAKEN} {row.prospect['ref']} {where}", row.record, kind=f"{TAKEN} {where}")


def _note_file(db: Db, file: CampaignFile, report: Report, clock: Clock) -> None:
    """Note the file in its campaign; a corrected one also at the file that its rows were in first."""
    at = clock()
    entry = {"rows": report.rows, "rejected": report.rejected, "path": file.path.name, "imported_at": at}
    campaign = {"_id": report.campaign}
    with reachable():
        db.campaigns.update_one(campaign, {"$set": {f"files.{file.sha256}": entry}})
        if _SHA256.fullmatch(report.origin):
            mended = {"in": report.accepted, "still": report.rejected, "file": file.sha256, "at": at}
            origin = f"files.{report.origin}"
            if db.campaigns.find_one({**campaign, f"{origin}.rows": {"$gt": 0}}, {"_id": 1}):
                db.campaigns.update_one(campaign, {"$set": {f"{origin}.mended": mended}})
