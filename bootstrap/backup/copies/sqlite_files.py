"""SQLite databases as stores: MLflow, Prefect, the spool, and the embedded MongoDB server.

SQLite's own backup copies a database as of one moment while others write to it (https://www.sqlite.org/backup.html):
it reads page by page in one read transaction, which writers in WAL mode do not notice.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from bootstrap.backup.manifest import Part
from core.errors import InputError, Unavailable

SECONDS = 60.0
"""How long to wait for a writer that has locked the whole database."""
IGNORED = ("sqlite_",)
ENDINGS = ("-wal", "-shm", "-journal")


@contextmanager
def opened(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection that cannot write. Raises Unavailable if the database is missing, locked or damaged."""
    try:
        with closing(
            sqlite3.connect(f"{path.resolve().as_uri()}?{_mode(path)}", uri=True, timeout=SECONDS)
        ) as connection:
            yield connection
    except sqlite3.Error as error:
        raise Unavailable(
            f"The database {path.name} cannot be read: {error}.",
            kept="Nothing was changed.",
            next=f"Look at {path} and at the log of the service that owns it.",
        ) from error


def _mode(path: Path) -> str:
    """How to open a database. In WAL mode a reader writes beside the file, unless a writer has made the files for it.

    Where nobody may write, as in a volume that is mounted read-only, and no writer is there, nothing can change either.
    """
    unused = not path.with_name(f"{path.name}-wal").exists()
    return "immutable=1" if unused and path.exists() and not os.access(path.parent, os.W_OK) else "mode=ro"


def copy(source: Path, target: Path) -> dict[str, Part]:
    """Copy the database `source` as it is at this moment; returns its tables. Raises Unavailable."""
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with opened(source) as live, closing(sqlite3.connect(target)) as copied:
        live.backup(copied)
        # One file: a copy in WAL mode would get files beside it from whoever reads it.
        copied.execute("PRAGMA journal_mode = DELETE")
    target.chmod(0o600)
    return tables(target)


def tables(path: Path) -> dict[str, Part]:
    """Number and sha256 of the rows of every table, in the order in which they lie. Raises Unavailable."""
    with opened(path) as connection:
        found = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").fetchall()
        return {name: _table(connection, name) for (name,) in found if not name.startswith(IGNORED)}


def check(path: Path) -> None:
    """Look through the whole file. Raises InputError if SQLite finds a fault in it, Unavailable."""
    with opened(path) as connection:
        if (found := connection.execute("PRAGMA integrity_check").fetchone()[0]) != "ok":
            raise InputError(f"The database {path.name} is damaged: {found}.")


def _table(connection: sqlite3.Connection, name: str) -> Part:
    digest, count = hashlib.sha256(), 0
    quoted = '"' + name.replace('"', '""') + '"'
    for row in connection.execute(f"SELECT * FROM {quoted}"):  # noqa: S608  a name from the database's own list
        digest.update(repr(row).encode())
        count += 1
    return Part(count, digest.hexdigest())
