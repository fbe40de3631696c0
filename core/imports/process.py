"""Runs a long import as its own process, so that it continues when the page is left and slows down no other page.

`python -m core.imports.process FOLDER` imports the file in FOLDER as `work.json` there describes, and removes the
folder. The process writes its progress to the log (`core.lists.import_log`) and reads there whether it is to end. If
the process is killed, the imported rows stay, and importing the file again does the rest.
"""

from __future__ import annotations

import logging
import shutil
import sys
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from core.calls.contact_keys import ContactKeys, keys_of
from core.errors import CallwiseError
from core.files.campaign_file import CampaignFile
from core.files.reading import FileReading
from core.imports import run_import
from core.imports.column_mapping import ColumnMapping
from core.imports.run_import import ImportJob, Stores
from core.kinds.chosen import KindSettings, choose
from core.lists import own_process
from core.schema import Schema
from core.settings.addresses import S3Settings
from core.settings.loading import load
from core.settings.people import ContactSettings, ErasureSettings
from core.stores.kind_database import kind_of
from core.stores.mongo import Db
from core.stores.object_store import ObjectStore

log = logging.getLogger(__name__)


class Settings(KindSettings, S3Settings, ErasureSettings, ContactSettings):
    """The settings of an import."""


@dataclass(frozen=True)
class Wired:
    """The stores that an import uses."""

    db: Db
    store: ObjectStore
    schema: Schema
    erasure_key: str | None
    contact_keys: ContactKeys | None


def start(house: Stores, work: ImportJob) -> str:
    """Begin `work` in a process of its own, move the file to that process, and return the import's key in the log.

    Raises InputError if the file as a whole does not fit, Conflict while another import of it runs, and Unavailable.
    """
    place = run_import.begin(house, work)
    document = {
        "kind": kind_of(house.db),
        "campaign": work.campaign,
        "file": work.file.path.name,
        "who": work.who,
        "reading": work.file.reading.document(),
        "mapping": work.mapping.document() if work.mapping else None,
        "title": work.title,
        "called": work.called.isoformat() if work.called else None,
        "run": work.run,
    }
    own_process.start("core.imports.process", house.db, place, work.run, work.file.path, document)
    return place


def main(folder: Path) -> int:
    """Do the work in `folder`. Returns 1 if an error stopped the import, which is then logged, else 0."""
    document = own_process.read(folder)
    found = choose(load(Settings), document["kind"])
    settings = found.settings
    house = Wired(
        found.db,
        ObjectStore(settings, settings.s3_bucket_datasets),
        found.schema,
        settings.erasure_key,
        keys_of(settings),
    )
    try:
        file = CampaignFile.open(folder / document["file"], FileReading.from_document(document["reading"]))
        mapping = ColumnMapping.from_document(document["mapping"]) if document["mapping"] else None
        called = datetime.fromisoformat(document["called"]) if document["called"] else None
        work = ImportJob(
            document["campaign"], file, document["who"], mapping, document["title"], called, document["run"]
        )
        run_import.import_file(house, work)
    except CallwiseError as error:
        log.warning("%s", error)
        return 1
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    sys.exit(main(Path(sys.argv[1])))
