"""Campaign files as a stream of records: CSV, Parquet, or a zip that holds one of them.

The rows are never all in memory. `core.imports.delimited` finds the encoding and separator of a CSV. Of a zip, the
largest table is read (the published UCI archive also holds a 10% sample and its notes).
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
from core.imports import delimited
from core.sentences import Sentence

Record = dict[str, Any]
_EXPORT = Sentence("Export the campaign again.")


@dataclass(frozen=True)
class CampaignFile:
    """A campaign file on disk; `encoding` is that of a text, or empty."""

    path: Path
    sha256: str
    header: list[str]
    encoding: str = ""

    @classmethod
    def open(cls, path: Path) -> CampaignFile:
        """Read the file's header. Raises InputError if there is no table in it."""
        try:
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise InputError(
                Sentence("The campaign file {path} cannot be read: {error}", path=path, error=error.strerror),
                next=Sentence("Check the path."),
            ) from error
        with _table(path) as (name, table):
            encoding = "" if _is_parquet(name) else delimited.encoding(table)
        with _rows(path, encoding) as (header, _):
            return cls(path, digest, header, encoding)

    @contextmanager
    def records(self) -> Iterator[Iterator[Record]]:
        """The rows in file order: raw values by column, surplus cells under None. Reading them raises InputError."""
        with _rows(self.path, self.encoding) as (_, rows):
            yield rows


@contextmanager
def _table(path: Path) -> Iterator[tuple[str, IO[bytes]]]:
    """The name and the bytes of the table, which may be in a zip."""
    if path.suffix.lower() == ".zip":
        with _zipped(path) as archive, archive.open(_largest(archive, path)) as inner:
            yield str(inner.name), inner
    else:
        with path.open("rb") as file:
            yield path.name, file


@contextmanager
def _rows(path: Path, encoding: str) -> Iterator[tuple[list[str], Iterator[Record]]]:
    with _table(path) as (name, table):
        if not _is_parquet(name):
            with delimited.open_text(table, encoding) as lines:
                yield _csv(lines, path)
        else:
            yield _parquet(io.BytesIO(table.read()) if path.suffix.lower() == ".zip" else path, path)


def _is_parquet(name: str) -> bool:
    return name.lower().endswith((".parquet", ".pq"))


@contextmanager
def _zipped(path: Path) -> Iterator[zipfile.ZipFile]:
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive
    except zipfile.BadZipFile as error:
        raise InputError(
            Sentence("{file} is not a complete zip file: {error}", file=path.name, error=str(error)),
            next=Sentence("Download it again."),
        ) from error


def _largest(archive: zipfile.ZipFile, path: Path) -> zipfile.ZipInfo:
    tables = [
        item
        for item in archive.infolist()
        if item.filename.lower().endswith((".csv", ".parquet")) and "__macosx" not in item.filename.lower()
    ]
    if not tables:
        raise InputError(
            Sentence("{file} holds no CSV or Parquet file", file=path.name),
            next=Sentence("Put the campaign's table into the zip."),
        )
    return max(tables, key=lambda item: item.file_size)


def _csv(lines: IO[str], path: Path) -> tuple[list[str], Iterator[Record]]:
    try:
        header, _, rows = delimited.rows(lines)
    except csv.Error as error:
        raise InputError(
            Sentence("The header of {file} cannot be read: {error}", file=path.name, error=str(error)), next=_EXPORT
        ) from error
    if not header:
        raise InputError(Sentence("{file} is empty", file=path.name), next=_EXPORT)
    return header, _records(header, rows, path)


def _records(header: list[str], rows: Iterator[list[str]], path: Path) -> Iterator[Record]:
    width, read = len(header), 0
    while True:
        try:
            cells = next(rows, None)
        except csv.Error as error:
            place, why = f"{read:,}", str(error)
            raise InputError(
                Sentence("{file} cannot be read after row {place}: {error}", file=path.name, place=place, error=why),
                kept=Sentence("If an import was running, the rows before this place were imported."),
                next=Sentence("Probably a quotation mark there is not closed: correct the file, and choose it again."),
            ) from error
        if cells is None:
            return
        if not cells:
            continue  # an empty line
        read += 1
        record: Record = {**dict(zip(header, cells, strict=False)), **dict.fromkeys(header[len(cells) :])}
        if any(cell.strip() for cell in cells[width:]):
            record[None] = cells[width:]  # type: ignore[index]
        yield record


def _parquet(source: Path | io.BytesIO, path: Path) -> tuple[list[str], Iterator[Record]]:
    try:
        table = pq.ParquetFile(source)
    except (pa.ArrowInvalid, OSError) as error:
        raise InputError(
            Sentence("{file} is not a Parquet file: {error}", file=path.name, error=str(error)), next=_EXPORT
        ) from error
    batches = table.iter_batches(batch_size=5_000)
    return list(table.schema_arrow.names), (record for batch in batches for record in batch.to_pylist())
