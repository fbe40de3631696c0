"""The mark of a version that this process has begun to load, so that one that ends the process does so once.

A version may end the process that loads it or scores with it: a library that crashes, or memory that runs out. The
service is started again, and would load the version again, for as long as its alias is there. So a canary, and a
refresh, is marked on disk before it is loaded. The mark is removed when the version has been in service for a while
(`Newcomer`), when it is refused, and when the process is told to end. A mark that is found at a start is thus
of a process that died, and its version is left out until its alias is gone. A power cut at that moment costs a canary
its trial, too.
"""

from __future__ import annotations

import json
import logging
import math
import os
import socket
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from core.models.registry import ModelVersion

log = logging.getLogger(__name__)

FILE = f"loading-{socket.gethostname()}.json"
"""The file of the marks of this host: replicas of the service have a host each, and share the folder."""
PROCESS = uuid.uuid4().hex
"""This process, as marks name it. A kind that changes is loaded again in the process that serves it already."""

Key = tuple[str, str]
"""A version and its run, as `serving.models.ServedVersion` has them."""
# Its time begins with a ranking of every list, and monitoring asks again within seconds after a restart, so a version
# that a request can end meets that request in time.
SURVIVED_SECONDS = 300.0
"""Seconds in service after which the process is not taken to have died of a newcomer."""


class LoadingMark:
    """The mark in `folder`, of one version at a time. May be shared between threads."""

    def __init__(self, folder: Path, *, process: str = PROCESS, file: str = FILE) -> None:
        self._path, self._process = folder / file, process
        self._lock = threading.Lock()
        self._ended = False
        found = self._read()
        self._there = found is not None
        self.fatal: Key | None = found[0] if found and found[1] != process else None
        """The version that a process was loading, or had just loaded, when it died."""

    def beside(self, role: str) -> LoadingMark:
        """The mark of another `role` in the same folder."""
        return LoadingMark(self._path.parent, process=self._process, file=f"{self._path.stem}-{role}.json")

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


@dataclass(frozen=True)
class ModelRefusal:
    """Why a version is not served, and when (monotonic seconds) it is tried `again`."""

    version: str
    why: str
    again: float


class Newcomer:
    """A place beside the champion, for a canary or a refresh: what is remembered of the version loaded for it.

    A version is left out if a process died of it, as the `mark` on disk says.
    """

    def __init__(self, mark: LoadingMark, clock: Callable[[], float]) -> None:
        self._mark, self._clock = mark, clock
        self._survived_at = math.inf
        self.left_out: ModelRefusal | None = None

    def look(self) -> None:
        """Forget the mark once the version has been in service for a while."""
        if self._clock() >= self._survived_at:
            self._mark.remove()
            self._survived_at = math.inf

    def end(self) -> None:
        """The process was told to end, and does not die of the version."""
        self._mark.end()

    def is_left_out(self, version: ModelVersion | None) -> bool:
        """Whether a process died of `version`. Without a version, or with another, what was left out is forgotten."""
        if version is None or self._mark.fatal != (version.version, version.run_id):
            self.left_out = None
            if version is None:
                self._mark.remove()
            return False
        if self.left_out is None:
            why = "the scoring service died while it loaded this version or soon after, so it is left out"
            self.left_out = ModelRefusal(version.version, why, math.inf)
            log.error("version %s is beside the champion, but %s", version.version, why)
        return True

    def begins(self, key: Key) -> None:
        """The version is going to be loaded."""
        self._survived_at = math.inf
        self._mark.put(key)

    def ended(self, *, loaded: bool) -> None:
        """The load is over. A version that was not `loaded` did not end the process."""
        self._survived_at = self._clock() + SURVIVED_SECONDS
        if not loaded:
            self._mark.remove()
