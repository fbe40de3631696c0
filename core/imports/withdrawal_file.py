"""A file of references: the people in it leave a campaign's list."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from core.clock import Clock, now
from core.errors import CallwiseError, InputError
from core.files.campaign_file import CampaignFile
from core.imports.importer import has_keys_as_written
from core.imports.seen_keys import SeenKeys
from core.lists import import_log, withdrawal
from core.lists.logged_import import Entry, Kind
from core.lists.withdrawal import Withdrawal
from core.schema import Schema
from core.sentences import Sentence
from core.stores.mongo import Db
from core.values.keys import same_key, shown_key

BATCH = 1_000


def reference_column(schema: Schema, header: list[str]) -> str:
    """The column with the references: the schema's own, or the only one. Empty where people have to choose."""
    if schema.reference in header:
        return str(schema.reference)
    return header[0] if len(header) == 1 else ""


def reference(schema: Schema, raw: object, *, as_written: bool = False) -> str:
    """The reference in a cell. Without a reference in the schema it is a row's number, which may lack its zeros."""
    text = shown_key(raw)
    if schema.reference:
        return text if as_written else same_key(text)
    return f"{int(text):07d}" if text.isdigit() else text


def withdraw_file(
    db: Db,
    schema: Schema,
    file: CampaignFile,
    campaign: str,
    column: str,
    *,
    by: str,
    why: str,
    progress: Callable[[int], None] = lambda _rows: None,
    clock: Clock = now,
) -> Entry:
    """Withdraw everybody whose reference stands in `column` of `file`; returns the entry in the log.

    Safe to repeat: a file that stopped half way is continued. Raises InputError if the file lacks the column or the
    reason is missing; Conflict; Unavailable.
    """
    if column not in file.header:
        raise InputError(
            Sentence("{file} has no column '{column}'", file=file.path.name, column=column),
            kept=Sentence("Nobody was withdrawn."),
            next=Sentence("Choose the column with the references."),
        )
    why = withdrawal.reason(why)
    run = uuid.uuid4().hex
    place = import_log.begin(
        db, campaign, file.path.name, file.sha256, by=by, run=run, kind=Kind.WITHDRAWAL, clock=clock
    )
    found, rows, empty = Withdrawal(), 0, 0
    batch: list[str] = []
    seen = SeenKeys()
    as_written = has_keys_as_written(db, campaign)

    def write() -> None:
        new = [ref for ref, twice in zip(batch, seen.add(batch), strict=True) if not twice]
        withdrawal.withdraw(db, campaign, new, by=by, why=why, source=place, clock=clock, found=found)
        batch.clear()
        progress(rows)

    try:
        with file.records() as records:
            for record in records:
                rows += 1
                ref = reference(schema, record.get(column), as_written=as_written)
                empty += not ref
                batch += [ref] if ref else []
                if len(batch) == BATCH:
                    write()
        write()
    except CallwiseError as error:
        import_log.failed(db, place, run, error, clock)
        raise
    import_log.done(db, place, run, {**found.document(), "rows": rows, "empty": empty, "why": why}, clock)
    withdrawal.tell(db, campaign, by=by, why=why, people=found.withdrawn, clock=clock)
    return import_log.require(db, place, clock)
