"""An import that writes nothing: counts the rows that would be imported or rejected, and why.

The rehearsal reads a file row by row, as the importer does, and compares each batch with the database.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from app.matching.key_warnings import KeyWarnings
from core.calls import do_not_call
from core.calls.lifecycle import LIVE
from core.clock import Clock, now
from core.imports.column_mapping import cell
from core.imports.import_report import Report
from core.imports.importer import ImportRequest, prepare_reading
from core.imports.intake import BATCH, taken_reject
from core.imports.reject_file import RULE, TAKEN, Reject
from core.imports.rows import Row
from core.lists import changes
from core.schema import Schema
from core.stores.mongo import Db, Document, reachable

STRANGE = 50  # different values of one column that broke its rule and are counted, at most


@dataclass
class Rehearsal:
    """What an import would do. `report` counts as the importer's does; `whole` says whether all rows were read.

    `called`: rows with the result of a call. `repeated`: rows with the key of an earlier row of the same file; they
    would be unchanged or rejected. `barred`: new people on the do-not-call list. `first`: the first rows that would be
    imported. `keys`: what is wrong with the rows' keys. `invalid_values`: by column, the values that broke its rule,
    with their number of rows.
    """

    report: Report
    called: int = 0
    repeated: int = 0
    barred: int = 0
    whole: bool = False
    first: list[Row] = field(default_factory=list)
    keys: KeyWarnings = field(default_factory=KeyWarnings)
    invalid_values: dict[str, Counter[str]] = field(default_factory=dict)


def rehearse(
    db: Db,
    schema: Schema,
    request: ImportRequest,
    *,
    first: int = 10,
    most: int | None = None,
    progress: Callable[[int], None] = lambda _rows: None,
    clock: Clock = now,
) -> Rehearsal:
    """Read at most `most` rows of `request` and keep the `first` valid ones; `progress` gets the rows read.

    Raises InputError if the file as a whole does not fit or cannot be read, SettingsError as `prepare_reading` does,
    and Unavailable.
    """
    how = prepare_reading(db, schema, request, clock)
    stage = _Stage(db, schema, Rehearsal(Report(request.campaign, request.file.sha256)), first, progress)
    with request.file.records() as records:
        for row in how.rows(islice(records, most), stage.reject):
            stage.take(row)
        stage.count_batch()
        stage.rehearsal.report.kept_out = how.door.turned_away
        stage.rehearsal.whole = next(records, None) is None
    progress(stage.rehearsal.report.rows)
    return stage.rehearsal


class _Stage:
    """Takes rows as the importer's intake does, and only counts them."""

    def __init__(
        self, db: Db, schema: Schema, rehearsal: Rehearsal, first: int, progress: Callable[[int], None]
    ) -> None:
        self.rehearsal = rehearsal
        self._db, self._schema, self._first, self._progress = db, schema, first, progress
        self._batch: list[Row] = []
        # Eight bytes of each key's hash, the row's digest and its key: a million people are some 200 megabytes.
        self._seen: dict[int, tuple[str, str]] = {}

    def take(self, row: Row) -> None:
        """Take the next valid `row`."""
        if self._schema.reference:
            self.rehearsal.keys.add(row.prospect.get("written") or row.prospect["ref"])
        if len(self.rehearsal.first) < self._first:
            self.rehearsal.first.append(row)
        self._batch.append(row)
        if len(self._batch) == BATCH:
            self.count_batch()
            self._progress(self.rehearsal.report.rows)

    def reject(self, reject: Reject) -> None:
        """Count a row that would be rejected."""
        self.rehearsal.report.reject(reject)
        if reject.source:
            values = self.rehearsal.invalid_values.setdefault(reject.column, Counter())
            if reject.found in values or len(values) < STRANGE:
                values[reject.found] += 1
        if self.rehearsal.report.rejected % BATCH == 0:
            self._progress(self.rehearsal.report.rows)

    def count_batch(self) -> None:
        """Compare the batch with the database, and count its rows."""
        batch, self._batch = self._batch, []
        fresh, other = [], []
        stored = self._stored(batch, {"digest": 1})
        for row in batch:
            key, digest = row.prospect["_id"], row.prospect["digest"]
            written = str(row.prospect.get("written") or row.prospect["ref"])
            earlier, spelt = self._earlier(key, digest, written)
            self.rehearsal.repeated += earlier is not None
            self.rehearsal.keys.respelt += spelt != written
            known = stored.get(key)
            before = earlier or (known.get("digest") if known else None)
            if before == digest:
                self.rehearsal.report.unchanged += 1
            elif earlier or (known and not self._may_change(row)):
                self.reject(taken_reject(row, in_file=bool(self._schema.reference)))
                continue
            elif known:
                other.append(row)
            else:
                self.rehearsal.report.inserted += 1
                fresh.append(row.prospect)
            self.rehearsal.called += row.outcome is not None
        self._count_changes(other)
        if self._schema.reference:
            open_ones = [p["ref"] for p in fresh if p["status"] == "open"]
            self.rehearsal.barred += do_not_call.count_listed(self._db, open_ones)

    def _may_change(self, row: Row) -> bool:
        return bool(self._schema.reference) and not cell(row.record.get(RULE)).startswith(TAKEN)

    def _count_changes(self, rows: list[Row]) -> None:
        stored = self._stored(rows)
        for row in rows:
            known = stored[row.prospect["_id"]]
            if columns := changes.changed_columns(known, row.prospect):
                self.rehearsal.report.change(columns, closed=known["status"] not in LIVE)
            else:
                self.rehearsal.report.unchanged += 1

    def _stored(self, rows: list[Row], fields: Mapping[str, Any] | None = None) -> dict[str, Document]:
        keys = [row.prospect["_id"] for row in rows]
        with reachable():
            return {one["_id"]: one for one in self._db.prospects.find({"_id": {"$in": keys}}, fields)} if keys else {}

    def _earlier(self, key: str, digest: str, written: str) -> tuple[str | None, str]:
        """The digest of the first row of the file with the same key, and how that is written; or remember this one."""
        if not self._schema.reference:
            return None, written  # the key is the row's number, which no other row has
        place = int.from_bytes(hashlib.blake2b(cell(key).encode(), digest_size=8).digest(), "big")
        before = self._seen.get(place)
        if before is None:
            self._seen[place] = (digest, written)
            return None, written
        return before
