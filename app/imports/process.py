"""A long import as a process of its own: it goes on when the page is left, and takes no time from other people's pages.

`python -m app.imports.process FOLDER` imports the file in FOLDER as `work.json` there says, and removes the folder. How
far it is stands in the log (`app.imports.log`), where it also reads whether somebody wants it to end. If the process is
killed, whatever went in stays, and importing the file again goes on.
"""

from __future__ import annotations

import json
import logging
import shutil
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp

from app.imports import log as import_log
from app.imports import run_import
from app.imports.run_import import Stores, Work
from core.errors import CallwiseError, Unavailable
from core.imports.campaign_file import CampaignFile
from core.imports.column_mapping import ColumnMapping
from core.schema import Schema, read_schema
from core.settings.addresses import MongoSettings, S3Settings, SchemaSettings
from core.settings.group import ROOT
from core.settings.loading import load
from core.settings.people import ErasureSettings
from core.stores.mongo import Db, connect
from core.stores.object_store import ObjectStore

log = logging.getLogger(__name__)
WORK = "work.json"


class Settings(MongoSettings, S3Settings, SchemaSettings, ErasureSettings):
    """What an import needs to know."""


@dataclass(frozen=True)
class Wired:
    """What it works with."""

    db: Db
    store: ObjectStore
    schema: Schema
    erasure_key: str | None


def start(house: Stores, work: Work) -> str:
    """Begin `work` in a process of its own, which has its file from now on; return its key in the log.

    Raises InputError if the file as a whole does not fit, Conflict while somebody imports it, and Unavailable.
    """
    place = run_import.begin(house, work)
    folder = Path(mkdtemp(prefix="import-"))
    moved = shutil.move(work.file.path, folder / work.file.path.name)
    told = {
        "campaign": work.campaign,
        "file": Path(moved).name,
        "who": work.who,
        "mapping": work.mapping.document() if work.mapping else None,
        "title": work.title,
        "run": work.run,
    }
    (folder / WORK).write_text(json.dumps(told), encoding="utf-8")
    process = subprocess.Popen([sys.executable, "-m", "app.imports.process", str(folder)], cwd=ROOT)
    threading.Thread(target=_watch, args=(process, house.db, place, work.run, folder), daemon=True).start()
    return place


def _watch(process: subprocess.Popen[bytes], db: Db, place: str, run: str, folder: Path) -> None:
    """See the process to its end; if it could not say how it ended, say so for it."""
    process.wait()
    shutil.rmtree(folder, ignore_errors=True)
    try:
        import_log.stopped(db, place, run)
    except Unavailable as error:
        log.warning("how the import %s ended is not in the log: %s", place, error)


def main(folder: Path) -> int:
    """Do the work in `folder`; 1 if something stopped it, which the log then says."""
    settings = load(Settings)
    store, schema = ObjectStore(settings, settings.s3_bucket_datasets), read_schema(settings.callwise_schema)
    house = Wired(connect(settings), store, schema, settings.erasure_key)
    told = json.loads((folder / WORK).read_text(encoding="utf-8"))
    try:
        work = Work(
            told["campaign"],
            CampaignFile.open(folder / told["file"]),
            told["who"],
            ColumnMapping.from_document(told["mapping"]) if told["mapping"] else None,
            told["title"],
            told["run"],
        )
        run_import.bring_in(house, work)
    except CallwiseError as error:
        log.warning("%s", error)
        return 1
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    sys.exit(main(Path(sys.argv[1])))
