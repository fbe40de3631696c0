"""`scripts/score`: the scores of the people in a file, without a campaign.

Each row is read as an import reads it (`core.imports.rows`) and scored by the champion, with its refresh, for a call
now. Nothing is logged and nobody is put on a list. The result has a line for every row of the file, in its order: the
row's number, the person's reference, the score and the version that gave it, or else the column and the rule that the
row breaks. Rows of people who were erased are left out, and counted.

Rows are read, scored and written in batches, here or on a Dask cluster. The file itself is held meanwhile: here at most
`LARGEST` bytes of it, with a cluster as much as the folder for temporary files has room for.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from app.file_scores import on_dask
from app.file_scores.lines import NOWHERE, Plan, Scorer, Spread, batches, here, let_in
from app.file_scores.lineup import lineup_in_service
from app.file_scores.result_file import CSV, PARQUET, Write, opened
from core.clock import Clock, now
from core.errors import InputError, SettingsError, Unavailable, exit_status
from core.files.campaign_file import CampaignFile
from core.imports.importer import ImportRequest, prepare_reading
from core.kinds.chosen import Chosen, KindSettings, choose, define
from core.models.registry import ModelRegistry
from core.schema import Schema, economy
from core.scoring.client import ScoringClient
from core.settings.addresses import RegistrySettings, ScoringSettings
from core.settings.loading import load
from core.settings.people import AppSettings, ErasureSettings
from core.stores.mongo import Db

LARGEST = 200_000_000
"""Bytes of a file that the command takes without a cluster: it shares the screens' memory, as an upload does."""


class Settings(KindSettings, RegistrySettings, AppSettings, ErasureSettings):
    """Where the kinds and the scoring service are."""


@dataclass
class Tally:
    """How many rows were scored, rejected, and left out because the person was erased."""

    scored: int = 0
    rejected: int = 0
    kept_out: int = 0

    def __str__(self) -> str:
        kept_out = f", {self.kept_out:,} of erased people left out" if self.kept_out else ""
        return f"{self.scored:,} rows scored, {self.rejected:,} rejected{kept_out}"


def score_file(
    db: Db,
    schema: Schema,
    scorer: Scorer,
    file: CampaignFile,
    write: Write,
    *,
    spread: Spread = here,
    erasure_key: str | None = None,
    progress: Callable[[Tally], None] = lambda _tally: None,
    clock: Clock = now,
) -> Tally:
    """Score the rows of `file` and `write` their lines. Raises InputError if a column is missing; Unavailable."""
    how = prepare_reading(db, schema, ImportRequest(file, NOWHERE, erasure_key=erasure_key), clock)
    tally, at = Tally(), clock()
    known = economy.figures_at(db, schema, at) if how.absent else economy.KnownFigures({})
    plan = Plan.of(how, file.header, at, known)
    with file.records() as records:
        for lines in spread(plan, scorer, batches(let_in(how, records))):
            write(lines)
            scored = sum(line.score is not None for line in lines)
            tally.scored += scored
            tally.rejected += len(lines) - scored
            tally.kept_out = how.door.turned_away
            progress(tally)
    tally.kept_out = how.door.turned_away
    return tally


def _copy(source: IO[bytes], target: IO[bytes], most: int | None) -> None:
    """Raises InputError past `most` bytes."""
    size = 0
    while chunk := source.read(1_000_000):
        size += len(chunk)
        if most is not None and size > most:
            raise InputError(
                f"The file has more than {most // 1_000_000} MB",
                kept="Nothing was scored.",
                next="Score it in parts, or with --dask; Parquet, or a zip, is the smallest.",
            )
        target.write(chunk)


def _tell(tally: Tally) -> None:
    sys.stderr.write(f"score: {tally}\n")


@contextmanager
def _scoring(chosen: Chosen[Settings], dask: str) -> Iterator[tuple[Scorer, Spread]]:
    """Who scores, and where. Raises SettingsError, ModelError, Unavailable."""
    settings = chosen.settings
    scoring = ScoringSettings(mlserver_url=settings.mlserver_url, callwise_model_name=settings.callwise_model_name)
    client = ScoringClient(scoring, chosen.schema)
    if not client.ready():
        raise Unavailable(
            "No champion is in service, so nobody can be scored.",
            kept="Nothing was written.",
            next="Wait for the first training, or look at scripts/doctor.",
        )
    if not dask:
        yield client, here
        return
    with on_dask.cluster(dask) as spread:
        yield lineup_in_service(client, ModelRegistry(settings), chosen.schema), spread


@exit_status
def main(argv: Sequence[str] | None = None) -> None:
    """Read a file from standard input and write the result to standard output."""
    parser = argparse.ArgumentParser("scripts/score", description=__doc__.split("\n\n")[0])
    parser.add_argument("--called", required=True, help="the name of the file, whose ending says what it is")
    parser.add_argument("--form", choices=(CSV, PARQUET), default=CSV, help="how the result is written")
    parser.add_argument("--dask", metavar="ADDRESS", default="", help="score on the Dask cluster with this scheduler")
    define(parser)
    options = parser.parse_args(argv)
    settings = load(Settings)
    chosen = choose(settings, options.kind)
    if not settings.mlserver_url:
        raise SettingsError("MLSERVER_URL names no scoring service.", next="Run this in the appliance.")
    with tempfile.TemporaryDirectory(prefix="callwise-score-") as folder, _scoring(chosen, options.dask) as scoring:
        scorer, spread = scoring
        path = Path(folder) / (Path(options.called).name or "file.csv")
        with path.open("wb") as copy:
            _copy(sys.stdin.buffer, copy, most=None if options.dask else LARGEST)
        with opened(sys.stdout.buffer, options.form) as write:
            tally = score_file(
                chosen.db,
                chosen.schema,
                scorer,
                CampaignFile.open(path),
                write,
                spread=spread,
                erasure_key=settings.erasure_key,
                progress=_tell,
            )
    sys.stderr.write(f"score: done: {tally}\n")


if __name__ == "__main__":
    sys.exit(main())
