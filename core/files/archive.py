"""What kind of file it is, by its content, and the table in a zip; both within bounds."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO

from core.errors import InputError
from core.sentences import Sentence

MOST_UNPACKED = 1 << 30  # bytes of a workbook, or of a Parquet file in a zip
MOST_TEXT = 1 << 34  # bytes of a text in a zip
MOST_PARTS = 10_000
_ENDINGS = (".csv", ".parquet", ".pq", ".xlsx", ".xlsm", ".xls", ".xlsb", ".ods", ".tsv", ".tab")
_OTHERS = {b"%PDF": "PDF", b"\x1f\x8b": "gzip", b"7z\xbc\xaf": "7z", b"Rar!": "RAR", b"\x89PNG": "PNG"}
_SAVE = Sentence("Save it as CSV or as an Excel workbook, and choose that file.")


class Kind(StrEnum):
    """What a file is."""

    TEXT = "text"
    WORKBOOK = "workbook"
    PARQUET = "parquet"
    ZIP = "zip"


def kind(path: Path) -> Kind:
    """The kind of the file at `path`. Raises InputError for one that holds no table, and OSError."""
    with path.open("rb") as file:
        first = file.read(4096)
    if first.startswith(b"PAR1"):
        return Kind.PARQUET
    if first.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):  # the container of .xls and of workbooks with a password
        return Kind.WORKBOOK
    if first.startswith(b"PK\x03\x04"):
        return Kind.WORKBOOK if _is_workbook(path) else Kind.ZIP
    for mark, name in _OTHERS.items():
        if first.startswith(mark):
            raise InputError(Sentence("{file} is a {kind} file", file=path.name, kind=name), next=_SAVE)
    start = first.lstrip(b"\xef\xbb\xbf \t\r\n")[:200].lower()
    if start.startswith((b"<!doctype", b"<html", b"<table", b"<?xml", b"<workbook")):  # often named .xls
        raise InputError(Sentence("{file} is a {kind} file", file=path.name, kind="HTML/XML"), next=_SAVE)
    return Kind.TEXT


def _is_workbook(path: Path) -> bool:
    with _zipped(path) as archive:
        names = archive.namelist()
        if "mimetype" in names and archive.getinfo("mimetype").file_size < 200:
            return b"opendocument.spreadsheet" in archive.read("mimetype")
        return "[Content_Types].xml" in names and any(name.startswith("xl/") for name in names)


def check_workbook(path: Path) -> None:
    """Raise InputError if the workbook at `path` unpacks to more than anybody's workbook does."""
    if not zipfile.is_zipfile(path):
        return
    with _zipped(path) as archive:
        parts = archive.infolist()
        if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > MOST_UNPACKED:
            raise too_large(path)


def too_large(path: Path) -> InputError:
    """The error for a file that is too large to be read."""
    return InputError(
        Sentence("{file} is too large when it is unpacked", file=path.name),
        kept=Sentence("Nothing was imported."),
        next=Sentence("Save the table alone as CSV, or in parts, and choose that file."),
    )


@contextmanager
def member(path: Path) -> Iterator[tuple[str, IO[bytes]]]:
    """The name and the bytes of the largest table in a zip. Raises InputError."""
    with _zipped(path) as archive:
        largest = _largest(archive, path)
        if largest.flag_bits & 0x1:
            raise InputError(
                Sentence("{file} is protected by a password", file=path.name),
                next=Sentence("Save it without a password."),
            )
        if largest.file_size > MOST_TEXT:
            raise too_large(path)
        with archive.open(largest) as inner:
            yield largest.filename, inner


@contextmanager
def unpacked(path: Path) -> Iterator[Path]:
    """The largest table of a zip as a file of its own, for kinds that are not read in order. Raises InputError."""
    with TemporaryDirectory(prefix="unpacked-") as folder, member(path) as (name, inner):
        target = Path(folder) / Path(name.replace("\\", "/")).name
        with target.open("wb") as file:
            shutil.copyfileobj(inner, file)
        yield target


def member_kind(path: Path) -> Kind:
    """The kind of the largest table in a zip. Raises InputError."""
    with member(path) as (name, inner), TemporaryDirectory(prefix="kind-") as folder:
        begun = inner.read(8)
        if begun.startswith((b"PAR1", b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
            if zipfile.ZipFile(path).getinfo(name).file_size > MOST_UNPACKED:
                raise too_large(path)
            with unpacked(path) as file:
                found = kind(file)
                if found is Kind.ZIP:
                    raise _no_table(path)
                return found
        copy = Path(folder) / Path(name.replace("\\", "/")).name
        copy.write_bytes(begun + inner.read(4096))
        return kind(copy)


@contextmanager
def _zipped(path: Path) -> Iterator[zipfile.ZipFile]:
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive
    except (zipfile.BadZipFile, NotImplementedError) as error:
        raise InputError(
            Sentence("{file} is not a complete zip file: {error}", file=path.name, error=str(error)),
            next=Sentence("Download it again."),
        ) from error


def _largest(archive: zipfile.ZipFile, path: Path) -> zipfile.ZipInfo:
    files = [item for item in archive.infolist() if "__macosx" not in item.filename.lower() and not item.is_dir()]
    tables = [item for item in files if item.filename.lower().endswith(_ENDINGS)]
    tables = tables or [item for item in files if item.filename.lower().endswith(".txt")]
    if not tables:
        raise _no_table(path)
    return max(tables, key=lambda item: item.file_size)


def _no_table(path: Path) -> InputError:
    return InputError(
        Sentence("{file} holds no CSV, Excel or Parquet file", file=path.name),
        next=Sentence("Put the campaign's table into the zip."),
    )
