"""Takes a file of numbers in as a process of its own: a register has millions, and no page waits for it.

`python -m app.campaigns.number_process FOLDER` takes in the file in FOLDER as `work.json` there describes, and removes
the folder. Progress and report are in the log of imports. If the process is killed, the same file goes on where it was.
"""

from __future__ import annotations

import logging
import shutil
import sys
from datetime import datetime
from pathlib import Path

from core.errors import CallwiseError, SettingsError
from core.files.campaign_file import CampaignFile
from core.files.reading import FileReading
from core.imports import number_file
from core.imports.number_file import NumberJob
from core.kinds.chosen import KindSettings, choose
from core.lists import own_process
from core.settings.loading import load
from core.settings.people import ErasureSettings
from core.stores.kind_database import kind_of
from core.stores.mongo import Db
from core.wishes.number_keys import NumberKeys

log = logging.getLogger(__name__)


class Settings(KindSettings, ErasureSettings):
    """Where the wishes are, and the key of their hashes."""


def start(db: Db, job: NumberJob) -> str:
    """Begin `job` in a process of its own, move the file to it, and return its key in the log.

    Raises what `number_file.begin` raises.
    """
    place = number_file.begin(db, job)
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
    own_process.start("app.campaigns.number_process", db, place, job.run, job.file.path, document)
    return place


def main(folder: Path) -> int:
    """Do the work in `folder`. Returns 1 if an error stopped it, which is then logged, else 0."""
    document = own_process.read(folder)
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
