"""The file of a result: a line for every row, as CSV or Parquet."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields
from typing import IO

import pyarrow as pa
import pyarrow.parquet as pq

from app.file_scores.lines import Line
from core.files import spreadsheet_cells

CSV, PARQUET = "csv", "parquet"
Write = Callable[[Sequence[Line]], None]
ARROW = pa.schema(
    [
        ("row", pa.int64()),
        *((name, pa.string()) for name in ("reference", "version", "rejected")),
        ("score", pa.float64()),
    ]
)


@contextmanager
def opened(out: IO[bytes], form: str) -> Iterator[Write]:
    """Writes lines to `out` as CSV or Parquet, complete when it ends."""
    if form == PARQUET:
        with pq.ParquetWriter(out, ARROW) as parquet:
            yield lambda lines: parquet.write_table(pa.Table.from_pylist([vars(line) for line in lines], schema=ARROW))
        return
    out.write(f"{','.join(field.name for field in fields(Line))}\r\n".encode())

    class Bytes:
        def write(self, text: str) -> int:
            return out.write(text.encode())

    sheet = csv.writer(Bytes())
    yield lambda lines: sheet.writerows([_cell(value) for value in vars(line).values()] for line in lines)


def _cell(value: str | float | None) -> str:
    if isinstance(value, str):
        return spreadsheet_cells.escape(value)
    return "" if value is None else repr(value)
