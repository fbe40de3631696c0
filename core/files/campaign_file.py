"""A file of people as a stream of records: delimited text, a workbook, Parquet, or a zip that holds one of them.

The content says what kind it is, not the name. The rows are never all in memory. What was not chosen (`FileReading`)
is found by evidence, and said.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import pyarrow as pa
import pyarrow.parquet as pq

from core.errors import InputError
from core.files import archive, code_pages, delimited, workbook
from core.files.archive import Kind
from core.files.code_pages import Encoding, EncodingChoice
from core.files.reading import FileReading
from core.files.records import Record, Records, Tally
from core.files.table import Table
from core.files.workbook import Sheet
from core.sentences import Sentence

_EXPORT = Sentence("Export the campaign again.")


@dataclass(frozen=True)
class CampaignFile:
    """A file on disk: its columns, and how it is read.

    `reading` is complete: opening the file with it reads the same. `encoding` is that of a text; its `why` says how it
    was found. `sheets`: those of a workbook. `notes` say what of the file is not read as it stands; `sure` is False
    where a person should look.
    """

    path: Path
    sha256: str
    header: list[str]
    encoding: str = ""
    kind: Kind = Kind.TEXT
    reading: FileReading = field(default_factory=FileReading)
    why: str = ""
    sheets: tuple[str, ...] = ()
    notes: tuple[Sentence, ...] = ()
    sure: bool = True
    _sheet: Sheet | None = field(default=None, compare=False, repr=False)

    @classmethod
    def open(cls, path: Path, reading: FileReading | None = None) -> CampaignFile:
        """Read the file's header. Raises InputError if there is no table in it."""
        chosen = reading or FileReading()
        try:
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            outer = archive.kind(path)
        except OSError as error:
            raise InputError(
                Sentence("The campaign file {path} cannot be read: {error}", path=path, error=error.strerror),
                next=Sentence("Check the path."),
            ) from error
        kind = archive.member_kind(path) if outer is Kind.ZIP else outer
        if kind is Kind.PARQUET:
            with _inner(path, outer) as inner:
                return cls(path, digest, list(_parquet(inner, path).schema_arrow.names), kind=kind)
        if kind is Kind.WORKBOOK:
            return cls._workbook(path, digest, outer, chosen)
        return cls._text(path, digest, outer, chosen)

    @classmethod
    def _workbook(cls, path: Path, digest: str, outer: Kind, chosen: FileReading) -> CampaignFile:
        with _inner(path, outer) as inner:
            sheet = workbook.read(inner, chosen.sheet)
        table = Table.of(sheet.lines(), chosen.header_line)
        _require(table, path)
        found = FileReading(header_line=table.layout.header, sheet=sheet.name)
        notes = [*_about(table)]
        if len(sheet.sheets) > 1 and not chosen.sheet:
            notes.insert(
                0, Sentence("The sheet '{sheet}' is read, the largest of {n}.", sheet=sheet.name, n=len(sheet.sheets))
            )
        sure = _is_sure(table, chosen) and (len(sheet.sheets) == 1 or bool(chosen.sheet))
        return cls(
            path, digest, table.header, kind=Kind.WORKBOOK, reading=found, sheets=sheet.sheets, notes=tuple(notes),
            sure=sure, _sheet=sheet,
        )  # fmt: skip

    @classmethod
    def _text(cls, path: Path, digest: str, outer: Kind, chosen: FileReading) -> CampaignFile:
        if chosen.encoding:
            found = Encoding(chosen.encoding, Sentence("chosen by hand"))
        else:
            with _bytes(path, outer) as binary:
                found = code_pages.encoding(binary)
        with _lines(path, outer, found.name) as lines:
            separator = chosen.separator or _separator(lines)
        with _table(path, outer, FileReading(found.name, separator, chosen.header_line)) as table:
            _require(table, path)
            full = FileReading(found.name, separator, table.layout.header + table.said if table.layout.header else 0)
            notes = [*_bad_bytes(found), *_about(table)]
            sure = found.sure and _is_sure(table, chosen)
        return cls(path, digest, table.header, found.name, Kind.TEXT, full, found.why, (), tuple(notes), sure)

    @contextmanager
    def records(self) -> Iterator[Records]:
        """The rows in file order. Reading them raises InputError where the file ends too early."""
        outer = archive.kind(self.path)
        if self.kind is Kind.PARQUET:
            with _inner(self.path, outer) as inner:
                yield _typed(_parquet(inner, self.path))
        elif self.kind is Kind.WORKBOOK:
            sheet = self._sheet
            if sheet is None:
                with _inner(self.path, outer) as inner:
                    sheet = workbook.read(inner, self.reading.sheet)
            yield Table.of(sheet.lines(), self.reading.header_line).records()
        else:
            with _table(self.path, outer, self.reading, len(self.header)) as table:
                yield table.records()


def encodings_for(path: Path) -> list[EncodingChoice]:
    """The encodings that the text at `path` can have, the likeliest first, with examples. Raises InputError."""
    outer = archive.kind(path)
    with _bytes(path, outer) as binary:
        return code_pages.choices(binary)


@contextmanager
def _bytes(path: Path, outer: Kind) -> Iterator[IO[bytes]]:
    if outer is Kind.ZIP:
        with archive.member(path) as (_, inner):
            yield inner
    else:
        with path.open("rb") as file:
            yield file


@contextmanager
def _inner(path: Path, outer: Kind) -> Iterator[Path]:
    if outer is Kind.ZIP:
        with archive.unpacked(path) as inner:
            yield inner
    else:
        yield path


@contextmanager
def _lines(path: Path, outer: Kind, encoding: str) -> Iterator[Iterator[str]]:
    with _bytes(path, outer) as binary:
        try:
            text = delimited.open_text(binary, encoding)
        except LookupError:
            raise InputError(Sentence("There is no encoding '{name}'", name=encoding)) from None
        with text:
            yield delimited.physical(text)


def _separator(lines: Iterator[str]) -> str:
    separator, lines, _ = delimited.declared(lines)
    return separator or delimited.separator_of(delimited.beginning(lines)[0])


@contextmanager
def _table(path: Path, outer: Kind, reading: FileReading, width: int = 0) -> Iterator[Table]:
    with _lines(path, outer, reading.encoding) as physical:
        _, lines, said = delimited.declared(physical)
        wide = reading.encoding in code_pages.WIDE
        cells = delimited.split(lines, reading.separator, width=width, wide=wide)
        yield Table.of(cells, reading.header_line, int(said))


def _require(table: Table, path: Path) -> None:
    if not table.header:
        raise InputError(Sentence("{file} is empty", file=path.name), next=_EXPORT)


def _is_sure(table: Table, chosen: FileReading) -> bool:
    """Whether the header is chosen, or stands where nobody has to look."""
    return chosen.header_line is not None or (table.layout.sure and table.layout.header > 0)


def _about(table: Table) -> Iterator[Sentence]:
    """What is said of a table's beginning."""
    above = table.layout.first - 1
    if table.layout.header > 1 or (not table.layout.header and above):
        yield Sentence(
            "1 line above the table is not read.", many="{number} lines above the table are not read.", number=above
        )
    if not table.layout.header:
        yield Sentence("The file has no header line; its columns are numbered.")


def _bad_bytes(found: Encoding) -> Iterator[Sentence]:
    if found.bad:
        lines = ", ".join(map(str, found.bad_lines)) + (", …" if found.bad > len(found.bad_lines) else "")
        yield Sentence(
            "1 line holds bytes that are not {encoding} (line {lines}).",
            many="{number} lines hold bytes that are not {encoding} (lines {lines}).",
            number=found.bad,
            encoding=found.title,
            lines=lines,
        )


def _parquet(source: Path, path: Path) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(source)
    except (pa.ArrowInvalid, OSError) as error:
        raise InputError(
            Sentence("{file} is not a Parquet file: {error}", file=path.name, error=str(error)), next=_EXPORT
        ) from error


def _typed(table: pq.ParquetFile) -> Records:
    tally = Tally()

    def records() -> Iterator[Record]:
        for batch in table.iter_batches(batch_size=5_000):
            for row in batch.to_pylist():
                tally.rows += 1
                yield Record(row, line=tally.rows)

    return Records(records(), tally)


__all__ = ["CampaignFile", "EncodingChoice", "FileReading", "Kind", "Record", "encodings_for"]
