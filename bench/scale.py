"""What a Dask cluster gives: `scripts/bench scale [--rows N] [--rounds N] [--json OUT]`.

A file of N people is scored by a champion and its refresh, in turn in one process and on clusters of 1 and 2 workers,
each a process with one thread; all results must be the same. The search of a training is done in one process and on the
same clusters, and must find the same. All of it is on this machine, so the workers share its processors with the
command; the scoring service is not part of it (`scripts/bench serving` has its figures).

Beside the wall clock it prints, by processor time, how many rows the command reads, sends and writes in a second, and
how many a worker makes lines of. A busy machine changes these little; their ratio is how many workers one command
keeps busy.
"""

from __future__ import annotations

import argparse
import io
import json
import pickle
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import cycle, islice
from pathlib import Path
from zipfile import ZipFile

import pandas as pd
import psutil

from app.file_scores import on_dask as lines_on_dask
from app.file_scores.lines import Line, Plan, Spread, batches, here
from app.file_scores.lineup import FrozenLineup, Speaker
from app.file_scores.result_file import CSV, opened
from bootstrap.sample.simulator import DEFAULT_PATH
from core.clock import now
from core.files.campaign_file import CampaignFile
from core.imports.column_mapping import ColumnMapping
from core.models.compiled.compilation import compiled
from core.schema import Schema, read_schema
from core.schema.economy import KnownFigures
from core.settings.addresses import SchemaSettings
from core.settings.loading import load
from trainer.data import split
from trainer.data.snapshot import AT, OUTCOME
from trainer.fitting import calibrate, on_dask
from trainer.fitting.candidates import FIRST, Candidate
from trainer.fitting.search import search

ROWS, ROUNDS, WORKERS, LEARNT = 100_000, 3, (0, 1, 2), 4_000
TRIALS, WEIGHT = 16, 0.8
"""Of a training as it comes (`core.settings.loop`): its window, its trials, and the weight of a refresh."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print and write the figures; 1 if two results differ."""
    parser = argparse.ArgumentParser("scripts/bench scale", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--rows", type=int, default=ROWS, help="people in the file (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="rounds of each (default: %(default)s)")
    parser.add_argument("--json", type=Path, metavar="OUT", help="also write the figures to this file")
    options = parser.parse_args(arguments)
    schema = read_schema(load(SchemaSettings).callwise_schema)
    header, *people = _sample()
    with tempfile.TemporaryDirectory(prefix="callwise-bench-") as folder:
        path = Path(folder) / "people.csv"
        path.write_text("\n".join([header, *islice(cycle(people), options.rows)]) + "\n", encoding="utf-8")
        file = CampaignFile.open(path)
        learnt = _outcomes(schema, file, min(LEARNT, options.rows))
        lineup = _lineup(schema, learnt)
        mapping = ColumnMapping.by_name(schema, file.header).settled(schema, file)
        plan = Plan(schema, mapping, file.header, frozenset(), now(), KnownFigures({}))
        parts = _parts(file, plan, lineup)
        walls: dict[int, list[float]] = {workers: [] for workers in WORKERS}
        searches: dict[int, float] = {}
        results: set[bytes] = set()
        for workers in WORKERS:
            with _cluster(workers) as address:
                for _ in range(options.rounds):
                    took, result = _scored(file, plan, lineup, address)
                    walls[workers].append(took)
                    results.add(result)
                began = time.monotonic()
                best = search(learnt, schema, trials=TRIALS, seconds=3_600, seed=7, fits=on_dask.fits(address))
                searches[workers] = time.monotonic() - began
                results.add(repr(best).encode())
    same = len(results) == 2  # one file and one candidate
    figures = {
        "rows": options.rows,
        "processors": psutil.cpu_count(),
        "rows_per_processor_second": {name: round(rate) for name, rate in parts.items()},
        "rows_per_second": {_named(n): round(options.rows / statistics.median(walls[n])) for n in WORKERS},
        "search_seconds": {_named(n): round(searches[n], 1) for n in WORKERS},
        "same_results": same,
    }
    print(json.dumps(figures, indent=1))
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    return 0 if same else 1


def _named(workers: int) -> str:
    return f"{workers} workers" if workers else "one process"


def _sample() -> list[str]:
    with ZipFile(DEFAULT_PATH) as sample:
        return sample.read(sample.namelist()[0]).decode().splitlines()


def _outcomes(schema: Schema, file: CampaignFile, rows: int) -> pd.DataFrame:
    """The first rows of the file whose calls were made, as a training reads them."""
    found = []
    with file.records() as records:
        for record in records:
            sold = schema.outcome.parse(record[schema.outcome.column])
            if sold is not None:
                features = {column.name: column.parse(record[column.name]) for column in schema.features}
                found.append({**features, OUTCOME: int(sold), AT: now()})
            if len(found) == rows:
                break
    return pd.DataFrame(found)


def _lineup(schema: Schema, learnt: pd.DataFrame) -> FrozenLineup:
    windows = split.by_time(learnt, OUTCOME, calibration_share=0.15, test_share=0.15)

    def speaker(version: str, place: int) -> Speaker:
        params = {**FIRST[place]}
        model, _ = calibrate.fit(Candidate(params.pop("kind"), params), windows, schema, seed=7)
        return Speaker(version, 0.0, compiled(model))

    return FrozenLineup(schema, speaker("1", 0), speaker("2", 1), WEIGHT)


def _parts(file: CampaignFile, plan: Plan, lineup: FrozenLineup) -> dict[str, float]:
    """Rows a second of processor: of what the command does with a cluster, and of what a worker does."""
    command, worker, rows, out, clock = 0.0, 0.0, 0, io.BytesIO(), time.process_time
    with file.records() as records, opened(out, CSV) as write:
        placed = batches((place, record) for place, record in enumerate(records, 1))
        began = clock()
        while batch := next(placed, None):
            sent = pickle.dumps(batch)
            handed = clock()
            made = [tuple(vars(line).values()) for line in plan.lines(pickle.loads(sent), lineup)]  # noqa: S301
            back = clock()
            write([Line(*one) for one in made])
            rows += len(batch)
            worker += back - handed
            command += handed - began + clock() - back
            began = clock()
    return {"command": rows / command, "worker": rows / worker}


@contextmanager
def _cluster(workers: int) -> Iterator[str]:
    """The address of a cluster with so many workers; empty without any."""
    if not workers:
        yield ""
        return
    from distributed import LocalCluster  # noqa: PLC0415 - only who has a cluster has it

    with LocalCluster(n_workers=workers, threads_per_worker=1, dashboard_address=None) as cluster:
        yield cluster.scheduler_address


@contextmanager
def _spread(address: str) -> Iterator[Spread]:
    if address:
        with lines_on_dask.cluster(address) as spread:
            yield spread
    else:
        yield here


def _scored(file: CampaignFile, plan: Plan, lineup: FrozenLineup, address: str) -> tuple[float, bytes]:
    """The seconds for the file, connecting included, and its result."""
    out, began = io.BytesIO(), time.monotonic()
    with file.records() as records, opened(out, CSV) as write, _spread(address) as spread:
        for lines in spread(plan, lineup, batches((place, record) for place, record in enumerate(records, 1))):
            write(lines)
    return time.monotonic() - began, out.getvalue()


if __name__ == "__main__":
    sys.exit(main())
