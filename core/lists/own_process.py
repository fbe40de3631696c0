"""Work of an import in a process of its own: a folder with the file and `work.json`, and a watch for its end."""

from __future__ import annotations

import json
import logging
import shutil
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from core.errors import Unavailable
from core.lists import import_log
from core.settings.group import ROOT
from core.stores.mongo import Db

log = logging.getLogger(__name__)
WORK = "work.json"


def start(module: str, db: Db, place: str, run: str, file: Path, work: Mapping[str, Any]) -> None:
    """Move `file` to a folder with the document `work`, and start `python -m {module} FOLDER`, which does the work.

    `place` and `run`: the import's key in its log, and the mark of this process there.
    """
    folder = Path(mkdtemp(prefix="import-"))
    shutil.move(file, folder / file.name)
    (folder / WORK).write_text(json.dumps(work), encoding="utf-8")
    process = subprocess.Popen([sys.executable, "-m", module, str(folder)], cwd=ROOT)
    threading.Thread(target=_watch, args=(process, db, place, run, folder), daemon=True).start()


def read(folder: Path) -> dict[str, Any]:
    """The document that `start` was given."""
    return dict(json.loads((folder / WORK).read_text(encoding="utf-8")))


def _watch(process: subprocess.Popen[bytes], db: Db, place: str, run: str, folder: Path) -> None:
    """Wait for the process to end; if the process did not log how it ended, log that it stopped."""
    process.wait()
    shutil.rmtree(folder, ignore_errors=True)
    try:
        import_log.stopped(db, place, run)
    except Unavailable as error:
        log.warning("the end of the import %s is not in its log: %s", place, error)
