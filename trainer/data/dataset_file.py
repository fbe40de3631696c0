"""A dataset's file: parquet, written so that the same rows give the same bytes (with the same release of Arrow)."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

AT, PROSPECT = "at", "prospect"
"""The columns that say when a call was made, and of whom."""


def write(table: pa.Table, path: Path) -> None:
    """Write `table` to `path`."""
    # In one piece a column, as it is when it comes from a frame: where pieces end can be seen in the file.
    pq.write_table(table.combine_chunks().replace_schema_metadata(None), path, compression="zstd", version="2.6")


def facts(table: pa.Table) -> dict[str, str]:
    """From when until when its calls were made, the oldest being first; nothing of a file without rows."""
    if not len(table):
        return {}
    at = table.column(AT).to_pandas()
    return {"from": at.iloc[0].isoformat(), "until": at.iloc[-1].isoformat()}
