"""Errors in the services' logs since a given moment.

listening = LogWatch(appliance.state.path / "log")
... nothing happens ...
for fault in listening.new_errors(): print(fault)      # "prefect.log, line 19: 16:10:34.748 | ERROR   | ..."
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

WIDTH = 240
ROTATED_AWAY = "what followed is rotated away"
ERROR = re.compile(
    r"""
      ^[EF]\d{4}\ \d\d:\d\d:\d\d                            # SeaweedFS (glog): the level is the first letter
    | ^(?:\d{4}[-/]\d\d[-/]\d\d[ T][\d:.,]+\s+)?            # an optional time, then the level: MLflow, uvicorn, ours,
      \[?(?:ERROR|CRITICAL|CRIT|FATAL)\b                    #   supervisord, MLServer, Streamlit, Python's default
    | ^\d\d:\d\d:\d\d\.\d+\ \|\ (?:ERROR|CRITICAL)\b        # Prefect
    | ^\d{4}-\d\d-\d\d\ [\d:,]+\ -\ \S+\ -\ (?:ERROR|CRITICAL)\b    # NX-27017
    | Traceback\ \(most\ recent\ call\ last\)
    | ^panic:\ | ^fatal\ error:\ | ^Fatal\ Python\ error    # Go's and Python's last words
    | \ exited:\ .*;\ not\ expected\)                       # supervisord: a service has crashed
    """,
    re.VERBOSE,
)


@dataclass(frozen=True)
class LoggedError:
    """One line of one service's log. `number` counts from 1 at the start of its file."""

    log: str
    number: int
    line: str

    def __str__(self) -> str:
        return f"{self.log}, line {self.number}: {self.line[:WIDTH]}"


def errors(lines: Iterable[str]) -> Iterator[tuple[int, str]]:
    """The lines at level ERROR or above, and those that begin a traceback, with their numbers from 1."""
    for number, line in enumerate(lines, 1):
        if ERROR.search(line):
            yield number, line.rstrip("\n")


class LogWatch:
    """Collects errors in the logs in `folder` from now on, also across supervisord's rotations."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        # By inode, which a file keeps when it is renamed.
        self._marks = {path.stat().st_ino: (path.name, _lines(path)) for path in _files(folder)}

    def new_errors(self) -> list[LoggedError]:
        """The errors logged since then, in the order of the logs, and a fault for each lost log."""
        files = {path.stat().st_ino: path for path in _files(self._folder)}
        faults = [
            LoggedError(path.name, number, line)
            for inode, path in files.items()
            for number, line in self._errors(path)
            if number > self._marks.get(inode, ("", 0))[1]
        ]
        lost = [LoggedError(name, lines, ROTATED_AWAY) for name, lines in self._lost(files)]
        return faults + lost

    def _lost(self, inodes: Collection[int]) -> list[tuple[str, int]]:
        """Logs in use at the beginning whose file no longer exists."""
        return [mark for inode, mark in self._marks.items() if inode not in inodes and mark[0].endswith(".log")]

    @staticmethod
    def _errors(path: Path) -> Iterator[tuple[int, str]]:
        with path.open(encoding="utf-8", errors="replace") as file:
            yield from errors(file)


def _files(folder: Path) -> list[Path]:
    """Logs and rotated logs: app.log, app.log.1, ..."""
    return sorted(folder.glob("*.log*"))


def _lines(path: Path) -> int:
    with path.open(encoding="utf-8", errors="replace") as file:
        return sum(1 for _ in file)
