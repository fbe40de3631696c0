"""The mark of a canary that this process has begun to load, so that one that ends the process does so once.

A version may end the process that loads it or scores with it: a library that crashes, or memory that runs out. The
service is started again, and would load the version again, for as long as its alias is there. So a canary is marked on
disk before it is loaded. The mark is removed when the canary has been in service for a while (`serving.models`), when
it is refused, and when the process is told to end. A mark that is found at a start is thus of a process that died, and
its version is left out until it is no longer the canary. A power cut at that moment costs a canary its trial, too.
"""

from __future__ import annotations

import json
import logging
import os
import threading
import uuid
from pathlib import Path

log = logging.getLogger(__name__)

FILE = "loading.json"
PROCESS = uuid.uuid4().hex
"""This process, as marks name it. A kind that changes is loaded again in the process that serves it already."""

Key = tuple[str, str]
"""A version and its run, as `serving.models.ServedVersion` has them."""


class LoadingMark:
    """The mark in `folder`, of one canary at a time. May be shared between threads."""

    def __init__(self, folder: Path, *, process: str = PROCESS) -> None:
        self._path, self._process = folder / FILE, process
        self._lock = threading.Lock()
        self._ended = False
        found = self._read()
        self._there = found is not None
        self.fatal: Key | None = found[0] if found and found[1] != process else None
        """The version that a process was loading, or had just loaded, when it died."""

    def put(self, key: Key) -> None:
        """Mark `key`, durably, in place of any other. If the disk does not take it, the log says so, and that is all.

        Without the mark a canary that ends the process is loaded again; without the canary there is no trial.
        """
        with self._lock:
            if self._ended:
                return
            version, run = key
            mark = json.dumps({"version": version, "run": run, "process": self._process})
            new = self._path.with_suffix(".new")
            try:
                with new.open("w", encoding="utf-8") as file:
                    file.write(mark)
                    file.flush()
                    os.fsync(file.fileno())
                new.replace(self._path)
                self._sync_folder()
            except OSError as error:
                log.warning("version %s is loaded without a mark: %s", version, error)
            self._there, self.fatal = True, None

    def remove(self) -> None:
        """Remove the mark, also one that another process left; safe to repeat."""
        with self._lock:
            self._remove()
            self.fatal = None

    def end(self) -> None:
        """The process was told to end: what it was loading has not ended it. A mark of a process that died stays."""
        with self._lock:
            self._ended = True
            if self.fatal is None:
                self._remove()

    def _remove(self) -> None:
        if not self._there:
            return
        try:
            self._path.unlink(missing_ok=True)
            self._sync_folder()
        except OSError as error:
            log.warning("the mark %s cannot be removed: %s", self._path, error)
            return
        self._there = False

    def _read(self) -> tuple[Key, str] | None:
        try:
            mark = json.loads(self._path.read_text(encoding="utf-8"))
            return (str(mark["version"]), str(mark["run"])), str(mark["process"])
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as error:
            log.warning("the mark %s cannot be read and is ignored: %s", self._path, error)
            return None

    def _sync_folder(self) -> None:
        """Make the file's name durable, too (fsync(2): the entry in the folder needs an fsync of its own)."""
        folder = os.open(self._path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
