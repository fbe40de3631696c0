"""A dataset's file: parquet, in which the same rows give the same bytes (with the same release of Arrow)."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

AT, PROSPECT = "at", "prospect"
"""The columns with the time of a call and the key of its prospect."""


def write(table: pa.Table, path: Path) -> None:
    """Write `table` to `path`."""
    # One chunk a column, as in a table made from a frame: the bounds of chunks change the file's bytes.
    pq.write_table(table.combine_chunks().replace_schema_metadata(None), path, compression="zstd", version="2.6")


def facts(table: pa.Table) -> dict[str, str]:
    """The times of the first and the last call, as `from` and `until` (oldest first); empty for no rows."""
    if not len(table):
        return {}
    at = table.column(AT).to_pandas()
    return {"from": at.iloc[0].isoformat(), "until": at.iloc[-1].isoformat()}
