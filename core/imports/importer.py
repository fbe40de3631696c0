"""Campaign import: checks every row against the schema, stores the rows that fit, and lists the others.

A row's key is the schema's reference or, without that column, its number in the file, so importing twice changes
nothing. A later file with other values of a person changes that person (`core.imports.intake`). Rejected rows go to a
CSV, with number, column and rule in front of their own cells. People correct them there and import that file, too
(`_row` preserves the number).
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

from core.calls import contacts
from core.calls.contact_keys import ContactKeys
from core.clock import Clock, now
from core.errors import CallwiseError
from core.files.campaign_file import CampaignFile
from core.imports.column_mapping import ColumnMapping
from core.imports.import_report import Report
from core.imports.intake import Intake
from core.imports.kept_out import Doorkeeper
from core.imports.reject_file import RejectFile
from core.imports.rows import Reading
from core.lists import import_log
from core.lists.changes import Origin
from core.schema import Schema
from core.schema.economy import read_vintages
from core.stores.mongo import Db, count, reachable

_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class ImportRequest:
    """`file` is to be read into `campaign`, which gets the `title` if it is new.

    Without a `mapping` the file has the schema's own columns. Rows after number `outcomes_until` lose their outcomes,
    so that a finished history can be replayed as a running campaign. `erasure_key` recognises people who were erased
    (`core.imports.kept_out`), `contact_keys` encrypt names and numbers. `called`: when the calls of the file were made,
    if its rows do not say. `entry`: the import in the log, if it has begun there already; otherwise the import writes
    its own entry, in the name of `by`.
    """

    file: CampaignFile
    campaign: str
    mapping: ColumnMapping | None = None
    title: str = ""
    outcomes_until: int | None = None
    erasure_key: str | None = None
    contact_keys: ContactKeys | None = None
    called: datetime | None = None
    entry: str = ""
    by: str = "import"


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
    a column is missing, SettingsError if there is no key to recognise people who are kept out or to encrypt names and
    numbers with, and Conflict if the campaign is being deleted. Raises Unavailable: then the rows written stay, and
    importing again continues.
    """
    how = prepare_reading(db, schema, request, clock)
    if any(column.name in how.mapping.columns for column in schema.contacts):
        contacts.required(request.contact_keys)
    if request.entry:
        return _import(db, schema, request, how, request.entry, rejects, progress, clock)
    file, run = request.file, uuid.uuid4().hex
    entry = import_log.begin(db, request.campaign, file.path.name, file.sha256, by=request.by, run=run, clock=clock)
    try:
        report = _import(db, schema, request, how, entry, rejects, progress, clock)
    except CallwiseError as error:
        import_log.failed(db, entry, run, error, clock)
        raise
    import_log.done(db, entry, run, report.document(), clock)
    return report


def _import(
    db: Db,
    schema: Schema,
    request: ImportRequest,
    how: Reading,
    entry: str,
    rejects: Path,
    progress: Callable[[int], None],
    clock: Clock,
) -> Report:
    file, campaign = request.file, request.campaign
    report = Report(campaign, file.sha256, entry=entry)
    opened = {"schema": schema.hash, "created_at": clock(), "title": request.title or campaign, "keys": "same"}
    with reachable():
        import_log.refuse_deleted(db, campaign)
        db.campaigns.update_one({"_id": campaign}, {"$setOnInsert": opened}, upsert=True)
        if how.absent:
            db.campaigns.update_one({"_id": campaign}, {"$set": {"economy": True}})
    with file.records() as records, RejectFile(rejects, file.header, file.sha256) as rejected:
        origin = partial(_origin, entry, file, clock)
        intake = Intake(db, schema, report, rejected, progress, origin, request.contact_keys)
        for row in how.rows(records, intake.reject):
            intake.take(row)
        intake.write()
        report.lines = records.tally
    report.kept_out = how.door.turned_away
    with reachable():
        brought = {"campaign": campaign, "import.first": entry}
        report.came = count(db.prospects, brought)
        # A file that is cut by its rows chose nobody by its calls.
        report.came_called = (
            0 if request.outcomes_until is not None else count(db.prospects, {**brought, "arrival": None})
        )
    if report.changed:
        report.before = import_log.first_time(db, entry)
    _note_mended(db, file, report, clock)
    progress(report.rows)
    return report


def _origin(entry: str, file: CampaignFile, clock: Clock) -> Origin:
    return Origin(entry, file.path.name, clock())


def prepare_reading(db: Db, schema: Schema, request: ImportRequest, clock: Clock = now) -> Reading:
    """How the rows are read. Raises InputError if a column is missing, and what `Doorkeeper` raises."""
    header = request.file.header
    mapping = request.mapping or ColumnMapping.by_name(schema, header)
    mapping.require(schema, request.file)
    mapping = mapping.settled(schema, request.file)
    absent = mapping.require(schema, request.file)
    then = read_vintages(db, schema) if absent else None
    door = Doorkeeper(db, request.erasure_key)
    reader = mapping.reader(schema, header)
    until, called = request.outcomes_until, request.called
    older = has_keys_as_written(db, request.campaign)
    return Reading(schema, request.campaign, mapping, reader, absent, then, until, clock, door, called, older)


def has_keys_as_written(db: Db, campaign: str) -> bool:
    """Whether the campaign is of a release that kept keys as they were written. Raises Unavailable."""
    with reachable():
        found = db.campaigns.find_one({"_id": campaign}, {"keys": 1})
    return found is not None and "keys" not in found


def _note_mended(db: Db, file: CampaignFile, report: Report, clock: Clock) -> None:
    """Note a corrected file at the import of the file that its rows were in first."""
    if _SHA256.fullmatch(report.origin):
        mended = {"in": report.accepted, "still": report.rejected, "file": file.sha256, "at": clock()}
        import_log.note_mended(db, report.campaign, report.origin, mended)
