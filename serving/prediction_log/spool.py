"""The local spool: predictions wait here, on disk, while MongoDB is away.

SQLite in WAL mode with `synchronous=FULL`: a committed transaction survives the loss of the process and of power
(SQLite documentation, "PRAGMA synchronous"). The file has one table in order of arrival, and one for records that
contradict the log: they were acknowledged, so they stay for a person to check.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import bson
from bson.codec_options import CodecOptions

from core.clock import Clock, now
from core.errors import SettingsError, Unavailable
from core.scoring.packed import count_rows, holder, without
from core.stores.mongo import Document
from serving.prediction_log.store import refuse_other_rows

FILE = "predictions.sqlite3"
AWARE: CodecOptions[Document] = CodecOptions(tz_aware=True)
TABLES = """
CREATE TABLE IF NOT EXISTS waiting (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, at TEXT NOT NULL, document BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS disputed (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL, at TEXT NOT NULL, document BLOB NOT NULL);
"""


class Waiting(NamedTuple):
    """A record in the spool and its place in the queue."""

    seq: int
    document: Document


@dataclass(frozen=True)
class Backlog:
    """The number of waiting records, the oldest one's age (seconds, 0 if none), and the number put aside."""

    waiting: int
    oldest_seconds: float
    disputed: int


class Spool:
    """Records by `_id`, the oldest first. Threads and processes may share it."""

    def __init__(self, folder: Path, *, clock: Clock = now) -> None:
        """Open or create the spool in `folder`. Raises SettingsError where that is not possible."""
        self._clock, self._folder = clock, folder
        self._lock = threading.Lock()
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._sql = sqlite3.connect(folder / FILE, isolation_level=None, check_same_thread=False, timeout=10)
            self._sql.execute("PRAGMA journal_mode=WAL")
            self._sql.execute("PRAGMA synchronous=FULL")
            self._sql.execute("PRAGMA secure_delete=ON")
            self._sql.executescript(TABLES)
        except (OSError, sqlite3.Error) as error:
            raise SettingsError(
                f"The prediction spool cannot be opened in {folder}: {error}.",
                kept="Nothing was started: without it a prediction could be lost.",
                next="Make CALLWISE_SPOOL_DIR a folder that the scoring service may write to.",
            ) from error

    def put(self, documents: Sequence[Document]) -> list[Document]:
        """See `serving.prediction_log.store.Store`."""
        stored = []
        with self._transaction() as sql:
            for document in documents:
                held = holder(document, lambda keys: _waiting(sql, keys))
                if held:
                    refuse_other_rows(held, document)
                    stored.append(held)
                else:
                    record = (document["_id"], document["at"].isoformat(), bson.encode(document))
                    sql.execute("INSERT INTO waiting (id, at, document) VALUES (?, ?, ?)", record)
                    stored.append(document)
        return stored

    def free_bytes(self) -> int:
        """Bytes that may still be written beside the spool's file."""
        seen = os.statvfs(self._folder)
        return seen.f_bavail * seen.f_frsize

    def oldest(self, limit: int) -> list[Waiting]:
        """Up to `limit` records, in order of arrival. Raises Unavailable."""
        with self._transaction() as sql:
            rows = sql.execute("SELECT seq, document FROM waiting ORDER BY seq LIMIT ?", (limit,)).fetchall()
        return [Waiting(seq, _decoded(document)) for seq, document in rows]

    def settle(self, done: Collection[int], disputed: Collection[int] = ()) -> None:
        """Remove `done` from the queue and put `disputed` aside. Raises Unavailable."""
        with self._transaction() as sql:
            for seq in disputed:
                sql.execute("INSERT OR IGNORE INTO disputed SELECT * FROM waiting WHERE seq = ?", (seq,))
            sql.executemany("DELETE FROM waiting WHERE seq = ?", [(seq,) for seq in (*done, *disputed)])

    def remove(self, is_theirs: Callable[[str], bool]) -> int:
        """Remove the rows whose prospect `is_theirs`, even those put aside; returns their number.

        The file keeps no trace of them. Raises Unavailable.
        """
        removed = 0
        with self._transaction() as sql:
            for table in ("waiting", "disputed"):
                rows = sql.execute(f"SELECT seq, document FROM {table}").fetchall()  # noqa: S608  one of two names
                for seq, stored in rows:
                    record = _decoded(stored)
                    rest = without(record, is_theirs)
                    if rest is None:
                        sql.execute(f"DELETE FROM {table} WHERE seq = ?", (seq,))  # noqa: S608
                    elif rest is not record:
                        changed = bson.encode(rest), seq
                        sql.execute(f"UPDATE {table} SET document = ? WHERE seq = ?", changed)  # noqa: S608
                    removed += count_rows(record) - (count_rows(rest) if rest else 0)
        with self._lock:
            self._sql.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return removed

    def backlog(self) -> Backlog:
        """The spool's backlog. Raises Unavailable."""
        with self._transaction() as sql:
            waiting, oldest = sql.execute("SELECT count(*), min(at) FROM waiting").fetchone()
            (disputed,) = sql.execute("SELECT count(*) FROM disputed").fetchone()
        age = (self._clock() - datetime.fromisoformat(oldest)).total_seconds() if oldest else 0.0
        return Backlog(waiting, age, disputed)

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._sql.close()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """All or nothing: an error inside undoes everything."""
        with self._lock:
            try:
                self._sql.execute("BEGIN IMMEDIATE")
                try:
                    yield self._sql
                except BaseException:
                    self._sql.execute("ROLLBACK")
                    raise
                self._sql.execute("COMMIT")
            except sqlite3.Error as error:
                if self._sql.in_transaction:
                    self._sql.execute("ROLLBACK")
                raise Unavailable(f"The prediction spool did not do what was asked: {error}.") from error


def _waiting(sql: sqlite3.Connection, keys: Sequence[str]) -> dict[str, Document]:
    """The waiting records with these keys."""
    rows = (sql.execute("SELECT document FROM waiting WHERE id = ?", (key,)).fetchone() for key in keys)
    return {record["_id"]: record for row in rows if row for record in [_decoded(row[0])]}


def _decoded(document: bytes) -> Document:
    return bson.decode(document, codec_options=AWARE)
