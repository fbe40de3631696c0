"""Writes the rows of a file to its campaign: new people, changed people, and the outcomes of earlier calls.

Each write has a key and is safe to repeat, so a killed import can be continued. A person whom the campaign has already
is changed by the file (`core.lists.changes`), in the schema with a reference: there the key is the same person in
every file. Without a reference the key is a row's number, so another file's row with that number is somebody else, and
is rejected.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pymongo import UpdateOne

from core.calls import do_not_call
from core.calls.contact_keys import ContactKeys
from core.calls.contacts import wrong_numbers
from core.calls.lifecycle import LIVE, unchanged_query
from core.errors import Conflict
from core.imports.column_mapping import cell
from core.imports.import_report import Report
from core.imports.reject_file import FILE, RULE, TAKEN, Reject, RejectFile
from core.imports.rows import Row
from core.imports.seen_keys import SeenKeys
from core.lists import arrival, changes, contact_changes
from core.lists.changes import Origin
from core.schema import Schema
from core.sentences import Sentence
from core.stores.mongo import Db, Document, reachable

BATCH = 1_000
TRIES = 5
_NEEDED = {"digest": 1, "import": 1}


class Intake:
    """Writes rows, a batch at a time, and updates the report."""

    def __init__(
        self,
        db: Db,
        schema: Schema,
        report: Report,
        rejected: RejectFile,
        progress: Callable[[int], None],
        origin: Callable[[], Origin],
        contact_keys: ContactKeys | None = None,
    ) -> None:
        self._db, self._schema, self._report, self._rejected = db, schema, report, rejected
        self._contact_keys = contact_keys
        self._progress, self._origin = progress, origin
        self._batch: list[Row] = []
        self._seen = SeenKeys()
        self._twice: set[int] = set()  # the rows of this batch with the key of an earlier row of the file

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
        """Write the batch, outcomes after their prospects."""
        batch, self._batch = self._batch, []
        if not batch:
            return
        keys = [row.prospect["_id"] for row in batch]
        self._twice = {id(row) for row, seen in zip(batch, self._seen.add(keys), strict=True) if seen}
        with reachable():
            fresh = self._insert(batch)
            accepted = [row for place, row in enumerate(batch) if place in fresh]
            self._report.inserted += len(accepted)
            rest = [row for place, row in enumerate(batch) if place not in fresh]
            self._write_contacts(accepted, are_new=True)
            self._take_off_listed([row.prospect for row in accepted])
            accepted += self._meet(rest)
            for row in accepted:
                self._report.wrong_numbers.update(wrong_numbers(row.contact) if row.contact else ())
                self._report.origin = self._report.origin or cell(row.record.get(FILE))
            self._outcomes(accepted, {row.prospect["_id"] for row in rest})

    def _insert(self, batch: list[Row]) -> set[int]:
        """Insert the new people; returns their places in `batch`."""
        key = self._origin().key
        for row in batch:
            row.prospect["import"] = {"first": key, "last": key}
            if row.outcome is None:
                row.prospect["arrival"] = arrival.mark(key, row.prospect["_id"])
        inserts = [UpdateOne({"_id": r.prospect["_id"]}, {"$setOnInsert": r.prospect}, upsert=True) for r in batch]
        return set(self._db.prospects.bulk_write(inserts, ordered=False).upserted_ids or {})

    def _meet(self, rows: list[Row]) -> list[Row]:
        """Bring `rows` to the people whom the campaign has already; returns those that were not rejected."""
        stored, contacts = self._stored(rows, _NEEDED), self._changed_contacts(rows)
        same: list[Row] = []
        other: list[Row] = []
        for row in rows:
            known = stored.get(row.prospect["_id"])
            is_same = known and known.get("digest") == row.prospect["digest"] and id(row) not in contacts
            # A person's second row is compared with what the first one leaves, not with what was there before it.
            (same if is_same and id(row) not in self._twice else other).append(row)
        self._report.unchanged += len(same)
        return [*same, *self._change(other)]

    def _change(self, rows: list[Row]) -> list[Row]:
        """Give people the values of their `rows`; returns the rows that were not rejected."""
        accepted: list[Row] = []
        for _ in range(TRIES):
            stored, contacts, again = self._stored(rows), self._changed_contacts(rows), []
            writes: list[UpdateOne] = []
            written: list[tuple[Row, list[str]]] = []
            begun: set[str] = set()
            for row in rows:
                key = row.prospect["_id"]
                known = stored.get(key)
                if known is None or key in begun:  # removed meanwhile, or the person's second row in this batch
                    again.append(row)
                elif not (columns := [*changes.changed_columns(known, row.prospect), *contacts.get(id(row), ())]):
                    self._report.unchanged += 1
                    accepted.append(row)
                elif self._is_another(row):
                    self.reject(taken_reject(row, in_file=bool(self._schema.reference)))
                else:
                    begun.add(key)
                    # Whether a person is to be ranked follows from the status.
                    seen = {"_id": key, "digest": known.get("digest"), "status": known["status"]}
                    new = changes.changing(known, row.prospect, self._origin(), contacts.get(id(row), ()))
                    writes.append(UpdateOne(seen, {"$set": new}))
                    written.append((row, columns))
            landed = self._landed(writes, written)
            self._write_contacts([row for row, _ in written if row.prospect["_id"] in landed])
            self._take_off_listed([stored[row.prospect["_id"]] for row, _ in written if row.contact is not None])
            for row, columns in written:
                if row.prospect["_id"] in landed:
                    self._report.change(columns, closed=stored[row.prospect["_id"]]["status"] not in LIVE)
                    accepted.append(row)
                else:
                    again.append(row)
            if not again:
                return accepted
            rows = again
        raise Conflict(
            Sentence("Another import is writing the same people at this moment."),
            kept=Sentence("The rows before them are in the campaign."),
            next=Sentence("Import the file again when the other import has ended."),
        )

    def _changed_contacts(self, rows: list[Row]) -> dict[int, list[str]]:
        """The contact columns that each of `rows` changes, by the row's `id`: two rows may be about one person."""
        given = [(id(row), row.contact) for row in rows if row.contact is not None]
        columns = contact_changes.changed_columns(self._db, self._contact_keys, [contact for _, contact in given])
        return {row: changed for (row, _), changed in zip(given, columns, strict=True) if changed}

    def _write_contacts(self, rows: list[Row], *, are_new: bool = False) -> None:
        """Store how the people of `rows` are reached."""
        given = [row.contact for row in rows if row.contact is not None]
        if given:
            contact_changes.write(self._db, self._contact_keys, given, self._origin(), are_new=are_new)

    def _take_off_listed(self, people: Sequence[Document]) -> None:
        """Take those off the list who asked not to be called, or have a number that nobody may call."""
        if people and (self._schema.reference or self._schema.contacts):
            do_not_call.take_off_listed(self._db, people)

    def _is_another(self, row: Row) -> bool:
        """Whether `row` is another record under a taken key, and not a later report on the same person."""
        return not self._schema.reference or id(row) in self._twice or cell(row.record.get(RULE)).startswith(TAKEN)

    def _landed(self, writes: list[UpdateOne], written: list[tuple[Row, list[str]]]) -> set[str]:
        """Write, and return the keys of the people who were still as they had been read."""
        keys = [row.prospect["_id"] for row, _ in written]
        if not writes or self._db.prospects.bulk_write(writes, ordered=False).matched_count == len(writes):
            return set(keys)
        now = self._stored([row for row, _ in written], _NEEDED)
        mine = self._origin().key
        return {key for key in keys if ((now.get(key) or {}).get("import") or {}).get("last") == mine}

    def _outcomes(self, accepted: list[Row], known: set[str]) -> None:
        """Write the outcomes of earlier calls; `known` are the prospects that existed before this batch."""
        outcomes = {row.outcome["prospect"]: row.outcome for row in accepted if row.outcome is not None}
        old = [key for key in outcomes if key in known]
        # An outcome from a call made here is not replaced: one person is one sale, however many files report it.
        before = self._db.outcomes.find({"prospect": {"$in": old}}, {"prospect": 1}) if old else ()
        decided = {outcome["prospect"] for outcome in before}
        key = self._origin().key
        new = [{**outcome, "import": key} for person, outcome in outcomes.items() if person not in decided]
        if new:
            writes = [UpdateOne({"_id": o["_id"]}, {"$setOnInsert": o}, upsert=True) for o in new]
            brought = self._db.outcomes.bulk_write(writes, ordered=False).upserted_ids or {}
            self._report.outcomes += len(brought)
            self._report.undated += sum(not new[place]["dated"] for place in brought)
        # An outcome in this file closes a prospect that an earlier import left open.
        for _ in range(TRIES if old else 0):
            live = [one for one in self._db.prospects.find({"_id": {"$in": old}}) if one["status"] in LIVE]
            if not live:
                return
            closes = [UpdateOne(unchanged_query(one), {"$set": changes.closing(one, self._origin())}) for one in live]
            self._db.prospects.bulk_write(closes, ordered=False)

    def _stored(self, rows: list[Row], fields: Mapping[str, Any] | None = None) -> dict[str, Document]:
        keys = [row.prospect["_id"] for row in rows]
        found = self._db.prospects.find({"_id": {"$in": keys}}, fields) if keys else ()
        return {prospect["_id"]: prospect for prospect in found}


def taken_reject(row: Row, *, in_file: bool) -> Reject:
    """The reject of a row whose key another record has, in the same file or in the campaign."""
    where = "in this file" if in_file else "in this campaign; use another campaign"
    return Reject(row.number, "", f"{TAKEN} {row.prospect['ref']} {where}", row.record, kind=f"{TAKEN} {where}")
