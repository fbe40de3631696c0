"""What was acknowledged, written down outside of the appliance: one JSON object a line.

A line is on the disk before whoever wrote it goes on. Its place says what came before what: the clock of a machine
under test may jump.
"""

from __future__ import annotations

import json
import os
import threading
import time
from pathlib import Path
from typing import Any

Said = dict[str, Any]


class Witness:
    """The file at `path`. May be shared between threads."""

    def __init__(self, path: Path) -> None:
        self._path, self._lock = path, threading.Lock()
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._said: list[Said] = []

    def write(self, kind: str, **content: Any) -> int:
        """Note that something of this `kind` was acknowledged; returns its place.

        `at`: seconds on a clock that never jumps, for what depends on how long ago something was.
        """
        line = {"kind": kind, "at": time.monotonic(), **content}
        with self._lock:
            os.write(self._file, (json.dumps(line) + "\n").encode())
            os.fsync(self._file)
            self._said.append(line)
            return len(self._said)

    @property
    def place(self) -> int:
        """The place of the last line."""
        with self._lock:
            return len(self._said)

    def of(self, *kinds: str) -> list[tuple[int, Said]]:
        """The lines of these kinds with their places, in order."""
        with self._lock:
            return [(place, line) for place, line in enumerate(self._said, 1) if line["kind"] in kinds]

    def count(self) -> int:
        """How much was acknowledged: results of calls, wishes, rows with a score, and people of an import."""
        return sum(
            {"score": lambda line: len(line["rows"]), "import": lambda line: int(line["people"])}.get(
                line["kind"], lambda _line: 1
            )(line)
            for _, line in self.of("call", "wish", "score", "import", "event", "decision")
        )

    def close(self) -> None:
        """End writing."""
        os.close(self._file)
