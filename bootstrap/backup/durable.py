"""Files that are on the disk when the call returns, and complete or not there at all; and files held alone."""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from core.errors import Conflict


def replace(path: Path, content: bytes) -> None:
    """Write the file `path` anew. A process that dies in it leaves `.{name}-…` beside the former file."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)
    make_durable([path.parent])  # its name, too: without it a crash brings the former file back, or none


def make_durable(paths: Iterable[Path]) -> None:
    """Wait until these files and folders are on the disk."""
    for path in paths:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@contextmanager
def locked(path: Path, otherwise: str) -> Iterator[None]:
    """Hold the file `path` alone; the lock ends with its process. Raises Conflict, which says `otherwise`."""
    with open(path, "a", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Conflict(otherwise, next="Wait until it has ended.") from None
        yield
