"""Takes a file of numbers in as a process of its own: a register has millions, and no page waits for it.

`python -m app.campaigns.number_process FOLDER` takes in the file in FOLDER as `work.json` there describes, and removes
the folder. Progress and report are in the log of imports. If the process is killed, the same file goes on where it was.
"""

from __future__ import annotations

import json
import logging
import shutil
import subprocess
import sys
import threading
from datetime import datetime
from pathlib import Path
from tempfile import mkdtemp

from core.errors import CallwiseError, SettingsError, Unavailable
from core.files.campaign_file import CampaignFile
from core.files.reading import FileReading
from core.imports import number_file
from core.imports.number_file import NumberJob
from core.kinds.chosen import KindSettings, choose
from core.lists import import_log
from core.settings.group import ROOT
from core.settings.loading import load
from core.settings.people import ErasureSettings
from core.stores.kind_database import kind_of
from core.stores.mongo import Db
from core.wishes.number_keys import NumberKeys

log = logging.getLogger(__name__)
WORK = "work.json"


class Settings(KindSettings, ErasureSettings):
    """Where the wishes are, and the key of their hashes."""


def start(db: Db, job: NumberJob) -> str:
    """Begin `job` in a process of its own, move the file to it, and return its key in the log.

    Raises what `number_file.begin` raises.
    """
    place = number_file.begin(db, job)
    folder = Path(mkdtemp(prefix="numbers-"))
    shutil.move(job.file.path, folder / job.file.path.name)
    document = {
        "kind": kind_of(db),
        "file": job.file.path.name,
        "reading": job.file.reading.document(),
        "column": job.column,
        "who": job.who,
        "why": job.why,
        "region": job.region,
        "register": job.register,
        "until": job.until.isoformat() if job.until else None,
        "campaign": job.campaign,
        "run": job.run,
    }
    (folder / WORK).write_text(json.dumps(document), encoding="utf-8")
    process = subprocess.Popen([sys.executable, "-m", "app.campaigns.number_process", str(folder)], cwd=ROOT)
    threading.Thread(target=_watch, args=(process, db, place, job.run, folder), daemon=True).start()
    return place


def _watch(process: subprocess.Popen[bytes], db: Db, place: str, run: str, folder: Path) -> None:
    """Wait for the process to end; if the process did not log how it ended, log that it stopped."""
    process.wait()
    shutil.rmtree(folder, ignore_errors=True)
    try:
        import_log.stopped(db, place, run)
    except Unavailable as error:
        log.warning("the end of the import %s is not in its log: %s", place, error)


def main(folder: Path) -> int:
    """Do the work in `folder`. Returns 1 if an error stopped it, which is then logged, else 0."""
    document = json.loads((folder / WORK).read_text(encoding="utf-8"))
    try:
        found = choose(load(Settings), document["kind"])
        key = found.settings.erasure_key
        if key is None:
            what = "CALLWISE_ERASURE_KEY is not set, so no number can be kept."
            raise SettingsError(what, kept="Nothing was changed.")
        file = CampaignFile.open(folder / document["file"], FileReading.from_document(document["reading"]))
        job = NumberJob(
            file,
            document["column"],
            document["who"],
            document["why"],
            document["region"],
            document["register"],
            datetime.fromisoformat(document["until"]) if document["until"] else None,
            document["campaign"],
            document["run"],
        )
        number_file.take_in(found.db, NumberKeys(key), job)
    except CallwiseError as error:
        log.warning("%s", error)
        return 1
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    sys.exit(main(Path(sys.argv[1])))
