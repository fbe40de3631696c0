"""An import that writes nothing: counts the rows that would be imported or rejected, and why.

The rehearsal reads a file row by row, as the importer does, and compares each batch with the database.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import islice

from core.calls import do_not_call
from core.clock import Clock, now
from core.imports.column_mapping import cell
from core.imports.importer import BATCH, ImportRequest, Report, reading, taken
from core.imports.reject_file import Reject
from core.imports.rows import Row
from core.schema import Schema
from core.stores.mongo import Db, reachable

STRANGE = 50  # different values of one column that broke its rule and are counted, at most


@dataclass
class Rehearsal:
    """What an import would do. `report` counts as the importer's does; `whole` says whether all rows were read.

    `called`: rows with the result of a call. `repeated`: rows with the key of an earlier row of the same file; they
    would be unchanged or rejected. `barred`: new people on the do-not-call list. `first`: the first rows that would be
    imported. `strange`: by column, the values that broke its rule, with their number of rows.
    """

    report: Report
    called: int = 0
    repeated: int = 0
    barred: int = 0
    whole: bool = False
    first: list[Row] = field(default_factory=list)
    strange: dict[str, Counter[str]] = field(default_factory=dict)


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

    Raises InputError if the file as a whole does not fit or cannot be read, SettingsError as `reading` does, and
    Unavailable.
    """
    how = reading(db, schema, request, clock)
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
        # Eight bytes of each key's hash, and the row's digest: a million people are tens of megabytes.
        self._seen: dict[int, str] = {}

    def take(self, row: Row) -> None:
        """Take the next valid `row`."""
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
            values = self.rehearsal.strange.setdefault(reject.column, Counter())
            if reject.found in values or len(values) < STRANGE:
                values[reject.found] += 1
        if self.rehearsal.report.rejected % BATCH == 0:
            self._progress(self.rehearsal.report.rows)

    def count_batch(self) -> None:
        """Compare the batch with the database, and count its rows."""
        batch, self._batch = self._batch, []
        report, fresh = self.rehearsal.report, []
        keys = [row.prospect["_id"] for row in batch]
        with reachable():
            stored = {d["_id"]: d.get("digest") for d in self._db.prospects.find({"_id": {"$in": keys}}, {"digest": 1})}
        for row in batch:
            key, digest = row.prospect["_id"], row.prospect["digest"]
            earlier = self._earlier(key, digest)
            self.rehearsal.repeated += earlier is not None
            before = stored.get(key, earlier)
            if before is None:
                report.inserted += 1
                fresh.append(row.prospect)
            elif before == digest:
                report.unchanged += 1
            else:
                self.reject(taken(row))
                continue
            self.rehearsal.called += row.outcome is not None
        if self._schema.reference:
            self.rehearsal.barred += do_not_call.listed(self._db, [p["ref"] for p in fresh if p["status"] == "open"])

    def _earlier(self, key: str, digest: str) -> str | None:
        """The digest of the first row of the file with the same key, if there is one; else remember this one."""
        if not self._schema.reference:
            return None  # the key is the row's number, which no other row has
        place = int.from_bytes(hashlib.blake2b(cell(key).encode(), digest_size=8).digest(), "big")
        before = self._seen.get(place)
        self._seen.setdefault(place, digest)
        return before
