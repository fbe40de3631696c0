"""One way to read a large file, in a process of its own: `python -m bench.reading.ways WAY FILE` prints its figures.

The memory is the peak of the process above what it held before the file was opened, when all modules had been
imported. It is Linux's `VmHWM`, which is set back at that moment (`/proc/PID/clear_refs`): `ru_maxrss` would contain
the peaks of the imports and of the parent process. A process that the way starts, as for a workbook, counts whole. Of
both the larger one counts, because one waits for the other.
"""

from __future__ import annotations

import json
import os
import re
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pandas as pd
import python_calamine  # noqa: F401  pandas would import it while the clock runs

from bench.files import NobodyIsKeptOut
from bench.reading.large_files import HEADER, KEY, KIND
from core.clock import now
from core.files.campaign_file import CampaignFile
from core.imports.column_mapping import ColumnMapping
from core.imports.reject_file import Reject
from core.imports.rows import Reading
from core.proposal.evidence import look
from core.proposal.proposal import propose


def checked_rows(path: Path) -> int:
    """Read as an import does, up to the checked rows: each is one to store or one to reject. Returns their number."""
    file = CampaignFile.open(path)
    mapping = ColumnMapping({name: name for name in HEADER}).settled(KIND, file)
    mapping.require(KIND, file)
    rejects = 0

    def reject(_: Reject) -> None:
        nonlocal rejects
        rejects += 1

    reader = mapping.reader(KIND, file.header)
    how = Reading(KIND, "c", mapping, reader, frozenset(), None, None, now, NobodyIsKeptOut())  # type: ignore[arg-type]
    with file.records() as records:
        rows = sum(1 for _ in how.rows(records, reject))
        if rejects or rows != records.tally.rows:
            raise RuntimeError(f"{rejects} rows of a sound file were rejected, {rows} of {records.tally.rows} read")
    return rows


def proposed(path: Path) -> int:
    """Do the wizard's first step: look at all rows and propose a kind. Returns the number of rows."""
    seen = look(CampaignFile.open(path))
    found = propose(seen, outcome_column="bought")
    if found.reference is None or found.reference.column != KEY:
        raise RuntimeError(f"the key was not found, but {found.reference}")
    return seen.rows


def frame_of_text(path: Path) -> int:
    """Read into a frame of texts with pandas."""
    return len(_frame(path, dtype=str))


def frame_of_types(path: Path) -> int:
    """Read into a frame with pandas, which infers the types."""
    return len(_frame(path))


def _frame(path: Path, dtype: type | None = None) -> pd.DataFrame:
    if path.suffix == ".csv":
        return pd.read_csv(path, dtype=dtype)
    return pd.read_excel(path, dtype=dtype, engine="calamine")


WAYS: Mapping[str, Callable[[Path], int]] = {
    "checked rows": checked_rows,
    "look and propose": proposed,
    "pandas, text": frame_of_text,
    "pandas, types": frame_of_types,
}
PANDAS = ("pandas, text", "pandas, types")


class Started(threading.Thread):
    """Watches the processes that this one starts, for the peak of the largest in MiB."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self._peaks: dict[int, float] = {}
        self._over = threading.Event()

    def run(self) -> None:
        """Look at them until `end`."""
        while not self._over.wait(0.1):
            for thread in Path("/proc/self/task").iterdir():  # a look through all processes would take its time
                try:
                    for child in map(int, (thread / "children").read_text(encoding="ascii").split()):
                        self._peaks[child] = _peak(child)
                except OSError:
                    continue  # it has ended meanwhile

    def end(self) -> float:
        """Stop looking; returns the peak, 0 where no process was seen."""
        self._over.set()
        self.join()
        return max(self._peaks.values(), default=0.0)


def main(way: str, path: Path) -> None:
    """Read the file and print `{"rows", "seconds", "cpu_seconds", "rows_a_second", "peak_mib"}`."""
    started = Started()
    started.start()
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the peak is what is held now
    before, begun, used = _peak(os.getpid()), time.perf_counter(), time.process_time()
    rows = WAYS[way](path)
    seconds = time.perf_counter() - begun
    own, other = _peak(os.getpid()) - before, started.end()
    figures = {
        "rows": rows,
        "seconds": seconds,
        "cpu_seconds": time.process_time() + sum(os.times()[2:4]) - used,
        "rows_a_second": rows / seconds,
        "peak_mib": max(own, other),
    }
    sys.stdout.write(json.dumps(figures) + "\n")


def _peak(pid: int) -> float:
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text(encoding="utf-8"))
    return int(found[1]) / 1024 if found else 0.0  # a process that has ended has none


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
