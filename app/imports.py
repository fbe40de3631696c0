"""Campaign files that people bring: checked and imported, and the rejected rows kept for them to mend."""

from __future__ import annotations

import re
import shutil
import time
import uuid
from collections.abc import Callable
from pathlib import Path, PurePath
from tempfile import TemporaryDirectory
from typing import IO

from app import import_log
from app.appliance import Appliance
from app.import_log import Entry
from core import column_mapping, events
from core.campaign_file import CampaignFile
from core.column_mapping import ColumnMapping
from core.errors import CallwiseError, InputError, NotFound
from core.intake import import_campaign

KINDS = ("csv", "parquet", "zip")
OFTEN = 0.5
"""Seconds between two notes of how far an import is."""

_KEY = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")


def campaign_key(title: str) -> str:
    """The key of a campaign that people call `title`: lower case, words joined by hyphens.

    Raises InputError if nothing usable is left; a key is part of others (`{campaign}:{ref}`), so it stays simple.
    """
    key = re.sub(r"[^a-z0-9]+", "-", title.strip().lower()).strip("-")[:40].rstrip("-")
    if not _KEY.fullmatch(key):
        raise InputError(
            f"'{title}' cannot name a campaign" if title.strip() else "The campaign has no name",
            kept="Nothing was imported.",
            next="Use letters and digits, for example 'autumn 2026'.",
        )
    return key


def rejects_key(campaign: str, sha256: str) -> str:
    """Where the rejected rows of the file with this sha256 are kept."""
    return f"imports/{campaign}/{sha256[:8]}-rejects.csv"


def saved(folder: Path, name: str, content: IO[bytes]) -> CampaignFile:
    """The uploaded file called `name`, written into `folder`. Raises InputError if there is no table in it."""
    path = folder / PurePath(name.replace("\\", "/")).name
    with path.open("wb") as file:
        shutil.copyfileobj(content, file)
    return CampaignFile.open(path)


def bring_in(
    house: Appliance,
    campaign: str,
    file: CampaignFile,
    *,
    who: str,
    mapping: ColumnMapping | None = None,
    run: str | None = None,
    progress: Callable[[int, int], None] = lambda _done, _rows: None,
) -> Entry:
    """Import `file` into `campaign` and return its entry in the log; `progress` hears rows done and rows in all.

    The reject file is in the store before this returns, and a mapping is remembered. `run` is that of an import that
    was begun in the log already. Raises InputError before anything is written if the file as a whole does not fit;
    Conflict while somebody imports it; Cancelled; Unavailable. Importing the same file again then goes on.
    """
    how = mapping or ColumnMapping.by_name(house.schema, file.header)
    how.require(house.schema, file)
    run = run or uuid.uuid4().hex
    place = import_log.begin(house.db, campaign, file, by=who, run=run)
    try:
        _import(house, campaign, file, mapping, who, place, run, progress)
    except CallwiseError as error:
        import_log.failed(house.db, place, run, error)
        raise
    entry = import_log.one(house.db, place)
    if entry is None:
        raise NotFound(f"The import '{place}' is not in the log.")
    return entry


def _import(
    house: Appliance,
    campaign: str,
    file: CampaignFile,
    mapping: ColumnMapping | None,
    who: str,
    place: str,
    run: str,
    progress: Callable[[int, int], None],
) -> None:
    said = time.monotonic()

    def tell(done: int) -> None:
        nonlocal said
        progress(done, rows)
        if time.monotonic() - said >= OFTEN:
            said = time.monotonic()
            import_log.heard(house.db, place, run, done, rows)

    with TemporaryDirectory(prefix="rejects-") as folder:
        rows = 0
        with file.records() as records:
            rows = sum(1 for _ in records)
        import_log.heard(house.db, place, run, 0, rows)
        rejects = Path(folder) / "rejects.csv"
        report = import_campaign(
            house.db, house.schema, file, campaign, rejects=rejects, mapping=mapping, progress=tell
        )
        key = None
        if rejects.exists():
            key = rejects_key(campaign, report.sha256)
            house.store.ensure()
            house.store.put(key, rejects.read_bytes(), "text/csv")
    if mapping:
        column_mapping.remember(house.db, house.schema, file, mapping, by=who)
    events.append(
        house.db,
        who=who,
        what="campaign file imported",
        subject=campaign,
        file=file.path.name,
        sha256=report.sha256,
        inserted=report.inserted,
        unchanged=report.unchanged,
        rejected=report.rejected,
    )
    import_log.done(house.db, place, run, report, key)
