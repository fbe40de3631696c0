"""`scripts/bench reading [--rows N] [--json OUT]`: how fast a large file is read, and the memory it takes.

The same people are written as CSV and, fewer, as an Excel workbook. Callwise reads them as an import does, up to the
checked rows but without a database, and as the wizard's first step does. pandas reads them into a frame, of texts and
with inferred types. Each way has a process of its own; one runs after the other.
"""

from __future__ import annotations

import argparse
import json
import math
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench.reading.large_files import COLUMNS, WRITERS
from bench.reading.ways import PANDAS, WAYS
from core.settings.group import ROOT

ROWS, IN_A_WORKBOOK = 1_000_000, 5  # a workbook has a fifth of them
Figures = dict[str, Any]


def measure(path: Path, ways: Iterable[str]) -> dict[str, Figures]:
    """The figures of each way to read the file at `path`. Raises CalledProcessError where one fails."""
    found: dict[str, Figures] = {}
    for way in ways:
        command = [sys.executable, "-m", "bench.reading.ways", way, str(path)]
        ended = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
        found[way] = json.loads(ended.stdout)
        print(f"{path.suffix[1:]:<6}{way:<20}{_line(found[way])}", flush=True)
    for way, own in found.items():
        for other in PANDAS:
            if way not in PANDAS and other in found:
                ratios = {name: own[name] / (found[other][name] or math.nan) for name in ("seconds", "peak_mib")}
                own[f"to {other}"] = ratios
                print(f"{path.suffix[1:]:<6}{way} to {other}: {_ratio(ratios)}", flush=True)
    return found


def _line(figures: Figures) -> str:
    return (
        f"{figures['rows']:>11,} rows{figures['rows_a_second']:>11,.0f} rows/s"
        f"{figures['seconds']:>9.1f} s ({figures['cpu_seconds']:.1f} of processor){figures['peak_mib']:>9,.0f} MiB"
    )


def _ratio(ratios: dict[str, float]) -> str:
    return f"{ratios['seconds']:.1f} times the time, {ratios['peak_mib']:.2f} times the memory"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns 0."""
    parser = argparse.ArgumentParser("scripts/bench reading", description="Reads large files beside pandas.")
    parser.add_argument("--rows", type=int, default=ROWS, metavar="N", help="rows of the CSV; a workbook has a fifth")
    parser.add_argument("--files", nargs="+", choices=WRITERS, default=list(WRITERS), help="which files are read")
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=list(WAYS), help="which ways are measured")
    parser.add_argument("--json", type=Path, metavar="OUT")
    options = parser.parse_args(arguments)
    found: dict[str, Any] = {"columns": COLUMNS}
    with TemporaryDirectory(prefix="reading-") as folder:
        for ending in options.files:
            path = Path(folder) / f"people.{ending}"
            rows = options.rows if ending == "csv" else max(1, options.rows // IN_A_WORKBOOK)
            subprocess.run(
                [sys.executable, "-m", "bench.reading.large_files", str(path), str(rows)], cwd=ROOT, check=True
            )
            print(f"{ending:<6}{path.stat().st_size / 2**20:,.0f} MiB", flush=True)
            found[ending] = {"mib": path.stat().st_size / 2**20, "ways": measure(path, options.ways)}
            path.unlink()
    if options.json:
        options.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
