"""`scripts/score`: the scores of the people in a file, without a campaign.

Each row is read as an import reads it (`core.imports.rows`) and scored by the champion, with its refresh, for a call
now. Nothing is logged and nobody is put on a list. The result has a line for every row of the file, in its order: the
row's number, the person's reference, the score and the version that gave it, or else the column and the rule that the
row breaks. Rows of people who were erased are left out, and counted.

Rows are read, scored and written `BATCH` at a time. The file itself, of at most `LARGEST` bytes, is held meanwhile.
"""

from __future__ import annotations

import argparse
import csv
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import IO, Protocol

import pyarrow as pa
import pyarrow.parquet as pq

from core.clock import Clock, now
from core.errors import InputError, SettingsError, Unavailable, exit_status
from core.files import spreadsheet_cells
from core.files.campaign_file import CampaignFile
from core.imports.importer import ImportRequest, prepare_reading
from core.imports.reject_file import SURROGATE, Reject
from core.imports.rows import Row
from core.kinds.chosen import KindSettings, choose, define
from core.lists.call_values import next_call
from core.schema import Schema, economy
from core.schema.column import Value
from core.scoring import protocol
from core.scoring.client import ScoringClient
from core.settings.addresses import RegistrySettings, ScoringSettings
from core.settings.loading import load
from core.settings.people import AppSettings, ErasureSettings
from core.stores.mongo import Db
from core.values.keys import shown_key

BATCH = 1_000
LARGEST = 200_000_000
"""Bytes of a file that the command takes: it shares the screens' memory, as an upload does."""
NOWHERE = "score"  # the campaign that rows are read into; nothing of it is stored
CSV, PARQUET = "csv", "parquet"


class Settings(KindSettings, RegistrySettings, AppSettings, ErasureSettings):
    """Where the kinds and the scoring service are."""


class Scorer(Protocol):
    """The scoring service; `core.scoring.client.ScoringClient` is the real one."""

    def what_if(self, rows: Sequence[dict[str, Value]]) -> list[protocol.Score]:
        """The scores of n rows, not logged. Raises InputError, Unavailable."""
        ...


@dataclass(frozen=True)
class Line:
    """What came of a row: a score and who gave it, or `rejected`: the column and the rule that it breaks."""

    row: int
    reference: str
    score: float | None = None
    version: str = ""
    rejected: str = ""


@dataclass
class Tally:
    """How many rows were scored, rejected, and left out because the person was erased."""

    scored: int = 0
    rejected: int = 0
    kept_out: int = 0

    def __str__(self) -> str:
        kept_out = f", {self.kept_out:,} of erased people left out" if self.kept_out else ""
        return f"{self.scored:,} rows scored, {self.rejected:,} rejected{kept_out}"


Write = Callable[[Sequence[Line]], None]
ARROW = pa.schema(
    [
        ("row", pa.int64()),
        *((name, pa.string()) for name in ("reference", "version", "rejected")),
        ("score", pa.float64()),
    ]
)


def score_file(
    db: Db,
    schema: Schema,
    scorer: Scorer,
    file: CampaignFile,
    write: Write,
    *,
    erasure_key: str | None = None,
    progress: Callable[[Tally], None] = lambda _tally: None,
    clock: Clock = now,
) -> Tally:
    """Score the rows of `file` and `write` their lines. Raises InputError if a column is missing; Unavailable."""
    # A row whose call was made is scored as the others: as if it were still to be called.
    request = ImportRequest(file, NOWHERE, outcomes_until=0, erasure_key=erasure_key)
    how = prepare_reading(db, schema, request, clock)
    tally, at = Tally(), clock()
    known = economy.figures_at(db, schema, at) if how.absent else economy.KnownFigures({})
    waiting: list[Row | Line] = []

    def reject(rejected: Reject) -> None:
        found = schema.reference and rejected.record.get(how.mapping.columns.get(schema.reference, ""))
        broken = ": ".join(part for part in (rejected.column, rejected.rule) if part)
        # Bytes that are no text are in the record as lone surrogates, which no file can hold.
        shown = SURROGATE.sub("\ufffd", shown_key(found)) if found else ""
        waiting.append(Line(rejected.row, shown, rejected=SURROGATE.sub("\ufffd", broken)))
        flush_if_full()

    def features(row: Row) -> dict[str, Value]:
        found = next_call(schema, row.prospect, at)
        if how.absent:
            known.require((one.name for one in economy.missing_indicators(schema, found)), row=row.number)
            found = known.fill(found, schema)
        return found

    def flush() -> None:
        lines = _scored(waiting, features, scorer, schema)
        write(lines)
        scored = sum(line.score is not None for line in lines)
        tally.scored += scored
        tally.rejected += len(lines) - scored
        tally.kept_out = how.door.turned_away
        waiting.clear()
        progress(tally)

    def flush_if_full() -> None:
        if len(waiting) >= BATCH:
            flush()

    with file.records() as records:
        for row in how.rows(records, reject):
            waiting.append(row)
            flush_if_full()
    flush()
    return tally


def _scored(
    waiting: Sequence[Row | Line], features: Callable[[Row], dict[str, Value]], scorer: Scorer, schema: Schema
) -> list[Line]:
    """The lines of these rows, in their order. Of rows that the scoring service would refuse, the rules they break."""
    # By place: a file of mended rows has the numbers that they had before, and two may be the same.
    asked = {place: features(one) for place, one in enumerate(waiting) if isinstance(one, Row)}
    refused: dict[int, str] = {}
    try:
        scores = scorer.what_if(list(asked.values())) if asked else []
    except InputError:
        found = {place: protocol.refusal(schema, row, "what-if") for place, row in asked.items()}
        refused = {place: f"{error.column}: {error.rule}" for place, error in found.items() if error}
        if not refused:
            raise
        asked = {place: row for place, row in asked.items() if place not in refused}
        scores = scorer.what_if(list(asked.values())) if asked else []
    by_place = dict(zip(asked, scores, strict=True))
    return [
        one if isinstance(one, Line) else _line(one, by_place.get(place), refused.get(place, ""))
        for place, one in enumerate(waiting)
    ]


def _line(row: Row, score: protocol.Score | None, refused: str) -> Line:
    reference = str(row.prospect.get("written", row.prospect["ref"]))
    if score is None:
        return Line(row.number, reference, rejected=refused)
    return Line(row.number, reference, score.score, score.version)


@contextmanager
def opened(out: IO[bytes], form: str) -> Iterator[Write]:
    """Writes lines to `out` as CSV or Parquet, complete when it ends."""
    if form == PARQUET:
        with pq.ParquetWriter(out, ARROW) as parquet:
            yield lambda lines: parquet.write_table(pa.Table.from_pylist([vars(line) for line in lines], schema=ARROW))
        return
    names = [field.name for field in fields(Line)]
    out.write(f"{','.join(names)}\r\n".encode())

    class Bytes:
        def write(self, text: str) -> int:
            return out.write(text.encode())

    sheet = csv.writer(Bytes())
    yield lambda lines: sheet.writerows([*map(_cell, astuple(line))] for line in lines)


def _cell(value: str | float | None) -> str:
    if isinstance(value, str):
        return spreadsheet_cells.escape(value)
    return "" if value is None else repr(value)


def _copy(source: IO[bytes], target: IO[bytes]) -> None:
    """Raises InputError past `LARGEST`."""
    size = 0
    while chunk := source.read(1_000_000):
        size += len(chunk)
        if size > LARGEST:
            raise InputError(
                f"The file has more than {LARGEST // 1_000_000} MB",
                kept="Nothing was scored.",
                next="Score it in parts; Parquet, or a zip, is the smallest.",
            )
        target.write(chunk)


def _tell(tally: Tally) -> None:
    sys.stderr.write(f"score: {tally}\n")


@exit_status
def main(argv: Sequence[str] | None = None) -> None:
    """Read a file from standard input and write the result to standard output."""
    parser = argparse.ArgumentParser("scripts/score", description=__doc__.split("\n\n")[0])
    parser.add_argument("--called", required=True, help="the name of the file, whose ending says what it is")
    parser.add_argument("--form", choices=(CSV, PARQUET), default=CSV, help="how the result is written")
    define(parser)
    options = parser.parse_args(argv)
    settings = load(Settings)
    chosen = choose(settings, options.kind)
    if not settings.mlserver_url:
        raise SettingsError("MLSERVER_URL names no scoring service.", next="Run this in the appliance.")
    scoring = ScoringSettings(
        mlserver_url=settings.mlserver_url, callwise_model_name=chosen.settings.callwise_model_name
    )
    with tempfile.TemporaryDirectory(prefix="callwise-score-") as folder:
        path = Path(folder) / (Path(options.called).name or "file.csv")
        with path.open("wb") as copy:
            _copy(sys.stdin.buffer, copy)
        client = ScoringClient(scoring, chosen.schema)
        if not client.ready():
            raise Unavailable(
                "No champion is in service, so nobody can be scored.",
                kept="Nothing was written.",
                next="Wait for the first training, or look at scripts/doctor.",
            )
        with opened(sys.stdout.buffer, options.form) as write:
            tally = score_file(
                chosen.db,
                chosen.schema,
                client,
                CampaignFile.open(path),
                write,
                erasure_key=settings.erasure_key,
                progress=_tell,
            )
    sys.stderr.write(f"score: done: {tally}\n")


if __name__ == "__main__":
    sys.exit(main())
