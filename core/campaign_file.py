"""Campaign files as a stream of records: CSV, Parquet, or a zip that holds one of them.

Rows are never all in memory. The CSV's separator is found in its header; the largest campaign table in a zip is taken
(the published UCI archive also holds a 10% sample and its notes).
"""

from __future__ import annotations

import csv
import hashlib
import io
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import pyarrow as pa
import pyarrow.parquet as pq

from core.errors import InputError

Record = dict[str, Any]


@dataclass(frozen=True)
class CampaignFile:
    """A campaign file on disk: its `path`, the sha256 of its bytes, and its column names."""

    path: Path
    sha256: str
    header: list[str]

    @classmethod
    def open(cls, path: Path) -> CampaignFile:
        """Look at the file's beginning. Raises InputError if there is no table in it."""
        try:
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise InputError(
                f"The campaign file {path} cannot be read: {error.strerror}", next="Check the path."
            ) from error
        with _rows(path) as (header, _):
            return cls(path, digest, header)

    @contextmanager
    def records(self) -> Iterator[Iterator[Record]]:
        """The rows in file order, each a mapping of column name to its raw value; a surplus cell is under None."""
        with _rows(self.path) as (_, rows):
            yield rows


@contextmanager
def _rows(path: Path) -> Iterator[tuple[list[str], Iterator[Record]]]:
    if path.suffix.lower() == ".zip":
        with _zipped(path) as archive, archive.open(_largest(archive, path)) as inner:
            if str(inner.name).lower().endswith(".parquet"):
                yield _parquet(io.BytesIO(inner.read()), path)
            else:
                yield _csv(inner, path)
    elif path.suffix.lower() in (".parquet", ".pq"):
        yield _parquet(path, path)
    else:
        with path.open("rb") as file:
            yield _csv(file, path)


@contextmanager
def _zipped(path: Path) -> Iterator[zipfile.ZipFile]:
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive
    except zipfile.BadZipFile as error:
        raise InputError(f"{path.name} is not a whole zip file: {error}", next="Download it again.") from error


def _largest(archive: zipfile.ZipFile, path: Path) -> zipfile.ZipInfo:
    tables = [
        item
        for item in archive.infolist()
        if item.filename.lower().endswith((".csv", ".parquet")) and "__macosx" not in item.filename.lower()
    ]
    if not tables:
        raise InputError(f"{path.name} holds no CSV or Parquet file", next="Put the campaign's table into the zip.")
    return max(tables, key=lambda item: item.file_size)


def _csv(binary: IO[bytes], path: Path) -> tuple[list[str], Iterator[Record]]:
    text = io.TextIOWrapper(binary, encoding="utf-8-sig", newline="", errors="replace")
    first = text.readline()
    if not first.strip():
        raise InputError(f"{path.name} is empty", next="Export the campaign again.")
    separator = max(";,\t|", key=first.count)
    header = [name.strip() for name in next(csv.reader([first], delimiter=separator))]
    return header, csv.DictReader(text, fieldnames=header, delimiter=separator)


def _parquet(source: Path | io.BytesIO, path: Path) -> tuple[list[str], Iterator[Record]]:
    try:
        table = pq.ParquetFile(source)
    except (pa.ArrowInvalid, OSError) as error:
        raise InputError(f"{path.name} is not a Parquet file: {error}", next="Export the campaign again.") from error
    batches = table.iter_batches(batch_size=5_000)
    return list(table.schema_arrow.names), (record for batch in batches for record in batch.to_pylist())
