"""Writes a ranked list to a CSV, XLSX or Parquet file, a row at a time.

A spreadsheet never runs a cell as a formula: CSV text is escaped (`core.files.spreadsheet_cells`), and XLSX cells
have the type text.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from xlsxwriter import Workbook

from app.ranked_list import export_rows
from app.ranked_list.export_rows import ExportRequest, Field, Kind
from app.shell.appliance import Appliance
from core.clock import Clock, now
from core.errors import InputError
from core.files import disk, spreadsheet_cells
from core.sentences import Sentence
from core.stores import event_log
from core.stores.events import Event

XLSX_ROWS = 1_048_576  # of a sheet, its header among them
_STEP = 5_000
_NOT_WRITTEN = Sentence("No file was written.")
_SMALLER = Sentence("Choose Parquet, which is the smallest, or a filter.")
_ARROW = {
    Kind.TEXT: pa.string(),
    Kind.INTEGER: pa.int64(),
    Kind.NUMBER: pa.float64(),
    Kind.TIME: pa.timestamp("ms", tz="UTC"),
}

Row = Sequence[Any]
Put = Callable[[Row], None]


@dataclass(frozen=True)
class Format:
    """A kind of file: its label on the screen, the ending of its name, its media type."""

    label: str
    ending: str
    mime: str


FORMATS = (
    Format("CSV", "csv", "text/csv"),
    Format("Excel (XLSX)", "xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    Format("Parquet", "parquet", "application/vnd.apache.parquet"),
)


@dataclass(frozen=True)
class Exported:
    """A written file: its path, the name for the download, its people, and the versions that scored them."""

    path: Path
    name: str
    format: Format
    rows: int
    versions: frozenset[str] = field(default_factory=frozenset)


def write(
    house: Appliance,
    request: ExportRequest,
    form: Format,
    folder: Path,
    *,
    who: str,
    progress: Callable[[int, int], None] = lambda _done, _rows: None,
    clock: Clock = now,
) -> Exported:
    """Write the list to a file in `folder` and log the export; `progress` gets rows done and rows in all.

    Raises InputError where the list is empty or longer than a sheet; Unavailable.
    """
    total = export_rows.count_rows(house.db, request)
    _require_fit(total, form)
    fields = export_rows.fields(house.schema)
    version = [f.name for f in fields].index("model_version")
    versions: set[str] = set()
    path, done, at = folder / f"list.{form.ending}", 0, clock()
    with disk.report_full_disk(_NOT_WRITTEN, _SMALLER), _WRITERS[form.ending](path, fields) as put:
        for row in export_rows.rows(house.db, house.schema, request, at):
            put(row)
            done += 1
            if row[version] is not None:
                versions.add(str(row[version]))
            if done % _STEP == 0:
                progress(done, total)
    name = _name(request.campaign, versions, at, form)
    event_log.append(
        house.db,
        who=who,
        what=Event.LIST_EXPORTED,
        subject=request.campaign,
        file=name,
        rows=done,
        everybody=request.all_statuses,
        filtered=bool(request.call_filter),
        versions=sorted(versions),
    )
    return Exported(path, name, form, done, frozenset(versions))


def _require_fit(people: int, form: Format) -> None:
    if not people:
        wider = Sentence("Choose a wider filter, or everybody in the campaign.")
        raise InputError(Sentence("Nobody is on this list"), next=wider)
    if form.ending == "xlsx" and people >= XLSX_ROWS:
        raise InputError(
            Sentence(
                "An Excel sheet holds {most} people, and this list has {people}",
                most=f"{XLSX_ROWS - 1:,}",
                people=f"{people:,}",
            ),
            kept=_NOT_WRITTEN,
            next=Sentence("Choose CSV or Parquet, or a filter."),
        )


def _name(campaign: str, versions: Iterable[str], at: datetime, form: Format) -> str:
    model = f"model-{'+'.join(sorted(versions))}" if versions else "not-ranked"
    return f"{campaign}-list-{at:%Y%m%d-%H%M}-{model}.{form.ending}"


@contextmanager
def _csv(path: Path, fields: Sequence[Field]) -> Iterator[Put]:
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([spreadsheet_cells.escape(field.name) for field in fields])
        yield lambda row: writer.writerow([_text(raw) for raw in row])


@contextmanager
def _xlsx(path: Path, fields: Sequence[Field]) -> Iterator[Put]:
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "tmpdir": path.parent}
    with Workbook(path, options) as book:
        sheet = book.add_worksheet("Ranked list")
        bold = book.add_format({"bold": True})
        for place, heading in enumerate(fields):
            sheet.write_string(0, place, heading.name, bold)
        sheet.freeze_panes(1, 0)
        line = 0

        def put(row: Row) -> None:
            nonlocal line
            line += 1
            for place, raw in enumerate(row):
                if isinstance(raw, int | float):
                    sheet.write_number(line, place, raw)
                elif raw is not None:
                    sheet.write_string(line, place, raw.isoformat() if isinstance(raw, datetime) else str(raw))

        yield put


@contextmanager
def _parquet(path: Path, fields: Sequence[Field]) -> Iterator[Put]:
    schema = pa.schema([(field.name, _ARROW[field.kind]) for field in fields])
    batch: list[Row] = []
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:

        def flush() -> None:
            columns = zip(zip(*batch, strict=True), schema.types, strict=True)
            arrays = [pa.array(list(values), kind) for values, kind in columns]
            writer.write_table(pa.table(arrays, schema=schema))
            batch.clear()

        def put(row: Row) -> None:
            batch.append(row)
            if len(batch) == _STEP:
                flush()

        yield put
        if batch:
            flush()


def _text(raw: Any) -> Any:
    if isinstance(raw, datetime):
        return raw.isoformat()
    return spreadsheet_cells.escape(raw) if isinstance(raw, str) else raw


_WRITERS = {"csv": _csv, "xlsx": _xlsx, "parquet": _parquet}
