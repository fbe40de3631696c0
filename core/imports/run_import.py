"""Checks and imports a campaign file, and stores its rejected rows for mending."""

from __future__ import annotations

import re
import shutil
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path, PurePath
from tempfile import TemporaryDirectory
from typing import IO, Protocol

from core.calls.contact_keys import ContactKeys
from core.errors import CallwiseError, InputError
from core.files import disk
from core.files.campaign_file import CampaignFile
from core.imports import column_mapping
from core.imports.column_mapping import ColumnMapping
from core.imports.import_report import Report
from core.imports.importer import ImportRequest, import_campaign
from core.lists import import_log
from core.lists.logged_import import Entry
from core.schema import Schema
from core.sentences import Sentence
from core.stores import event_log
from core.stores.events import Event
from core.stores.mongo import Db
from core.stores.object_store import ObjectStore

KINDS = ("csv", "txt", "tsv", "xlsx", "xlsm", "xls", "xlsb", "ods", "parquet", "zip")
OFTEN = 0.5  # seconds between two updates of the log
SMALL = 1_000_000  # bytes of text that are imported while the manager waits; more gets a process of its own
_IN_PARTS = Sentence("Import the file in parts, or zipped; or give the app a larger /tmp.")
_KEY = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")


def campaign_key(title: str) -> str:
    """The key of a campaign with this `title`: lower case, words joined by hyphens.

    A key is part of other keys (`{campaign}:{ref}`), so it stays simple. Raises InputError if nothing usable is left.
    """
    key = re.sub(r"[^a-z0-9]+", "-", title.strip().lower()).strip("-")[:40].rstrip("-")
    if not _KEY.fullmatch(key):
        raise InputError(
            Sentence("'{title}' cannot name a campaign", title=title)
            if title.strip()
            else Sentence("The campaign has no name"),
            kept=Sentence("Nothing was imported."),
            next=Sentence("Use letters and digits, for example 'autumn 2026'."),
        )
    return key


def rejects_key(place: str) -> str:
    """The key on S3 of the rejected rows of the import `place` in the log."""
    campaign, _, file = place.rpartition(":")
    return f"imports/{campaign}/{file}-rejects.csv"


def save_upload(folder: Path, name: str, content: IO[bytes]) -> CampaignFile:
    """Write the uploaded file `name` into `folder` and open it. Raises InputError if it contains no table."""
    path = folder / PurePath(name.replace("\\", "/")).name
    with disk.report_full_disk(Sentence("Nothing was imported."), _IN_PARTS), path.open("wb") as file:
        shutil.copyfileobj(content, file)
    return CampaignFile.open(path)


class Stores(Protocol):
    """The parts of the appliance that an import uses."""

    @property
    def db(self) -> Db: ...  # noqa: D102

    @property
    def store(self) -> ObjectStore: ...  # noqa: D102

    @property
    def schema(self) -> Schema: ...  # noqa: D102

    @property
    def erasure_key(self) -> str | None: ...  # noqa: D102

    @property
    def contact_keys(self) -> ContactKeys | None: ...  # noqa: D102


@dataclass(frozen=True)
class ImportJob:
    """An import of `file` into `campaign` (with `title` if it is new), read with `mapping`, by the person `who`.

    Without a mapping the file has the schema's own columns. `called`: when the calls of the file were made, if its rows
    do not say and people know. `run` differs between two tries of the same file.
    """

    campaign: str
    file: CampaignFile
    who: str
    mapping: ColumnMapping | None = None
    title: str = ""
    called: datetime | None = None
    run: str = field(default_factory=lambda: uuid.uuid4().hex)

    @property
    def is_small(self) -> bool:
        """Whether the import takes only seconds."""
        packed = self.file.path.suffix.lower() != ".csv"
        return self.file.path.stat().st_size * (8 if packed else 1) <= SMALL


def begin(house: Stores, work: ImportJob) -> str:
    """Log that the import begins, and return its key in the log.

    Raises InputError if the file as a whole does not fit, Conflict while another import of it runs, and Unavailable.
    """
    mapping = work.mapping or ColumnMapping.by_name(house.schema, work.file.header)
    mapping.require(house.schema, work.file)
    file = work.file
    return import_log.begin(house.db, work.campaign, file.path.name, file.sha256, by=work.who, run=work.run)


def import_file(
    house: Stores, work: ImportJob, *, progress: Callable[[int, int], None] = lambda _done, _rows: None
) -> Entry:
    """Do the import, and return its entry in the log; `progress` gets rows done and rows in all.

    Stores the reject file and the mapping before it returns. Raises InputError before anything is written if the file
    as a whole does not fit; Conflict while another import of it runs; Cancelled; Unavailable. After an error, importing
    the same file again does the rest.
    """
    place = begin(house, work)
    try:
        report, rejects = _import(house, work, place, progress)
    except CallwiseError as error:
        import_log.failed(house.db, place, work.run, error)
        raise
    import_log.done(house.db, place, work.run, report.document(rejects))
    return import_log.require(house.db, place)


def _import(
    house: Stores, work: ImportJob, place: str, progress: Callable[[int, int], None]
) -> tuple[Report, str | None]:
    updated = time.monotonic()

    def update(done: int) -> None:
        nonlocal updated
        progress(done, rows)
        if time.monotonic() - updated >= OFTEN:
            updated = time.monotonic()
            import_log.write_progress(house.db, place, work.run, done, rows)

    with (
        disk.report_full_disk(Sentence("The rows that were imported are in the campaign."), _IN_PARTS),
        TemporaryDirectory(prefix="rejects-") as folder,
    ):
        with work.file.records() as records:
            rows = sum(1 for _ in records)
        import_log.write_progress(house.db, place, work.run, 0, rows)
        rejects = Path(folder) / "rejects.csv"
        request = ImportRequest(
            work.file,
            work.campaign,
            work.mapping,
            work.title,
            erasure_key=house.erasure_key,
            contact_keys=house.contact_keys,
            called=work.called,
            entry=place,
        )
        report = import_campaign(house.db, house.schema, request, rejects=rejects, progress=update)
        key = None
        if rejects.exists():
            key = rejects_key(place)
            house.store.ensure()
            house.store.put(key, rejects.read_bytes(), "text/csv")
    if work.mapping:
        column_mapping.store_mapping(house.db, house.schema, work.file, work.mapping, by=work.who)
    event_log.append(
        house.db,
        who=work.who,
        what=Event.CAMPAIGN_IMPORTED,
        subject=work.campaign,
        file=work.file.path.name,
        sha256=report.sha256,
        inserted=report.inserted,
        changed=report.changed,
        unchanged=report.unchanged,
        rejected=report.rejected,
    )
    return report, key
