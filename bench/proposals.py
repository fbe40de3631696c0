"""`scripts/bench proposals --campaign FILE KIND.yaml …`: one file read as several kinds, and their models side by side.

The first kind is the one that CALLWISE_SCHEMA names. Each kind's model learns from the first `--known` calls of the
file, by the recipe in use, and scores the `--held` calls after them, which are the same for all. The champion gate then
compares each with the first kind's, call by call.
"""

from __future__ import annotations

import argparse
import json
import sys
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from core.errors import CallwiseError, InputError
from core.files.campaign_file import CampaignFile
from core.imports.column_mapping import ColumnMapping
from core.models import level
from core.models.metrics import quality
from core.models.proof import predict
from core.schema import Schema, read_schema
from core.schema.as_of import as_of
from core.schema.calendar import CampaignCalendar
from core.settings.addresses import SchemaSettings
from core.settings.loading import load
from core.settings.loop import TrainerSettings
from trainer.data.snapshot import AT, OUTCOME, PROSPECT, SOURCE
from trainer.fitting import calibrate, recipe
from trainer.fitting.search import search
from trainer.gates import champion_gate as gate
from trainer.gates.champion_gate import GateRules

BEGIN = datetime(2020, 1, 1, tzinfo=UTC)  # of files that say nothing of the time


@dataclass(frozen=True)
class Judged:
    """A kind's scores of the held-out calls, at their level, and the calls as it reads them."""

    schema: Schema
    scores: npt.NDArray[np.float64]
    test: pd.DataFrame


def calls(path: Path, schema: Schema) -> pd.DataFrame:
    """The file's calls in its order, as a snapshot has them. Raises InputError where a row does not fit the kind."""
    file = CampaignFile.open(path)
    mapping = replace(ColumnMapping.by_name(schema, file.header), lenient=True).settled(schema, file)
    reader = mapping.reader(schema, file.header)
    calendar = CampaignCalendar(schema.calendar.start) if schema.calendar else None
    rows: list[dict[str, Any]] = []
    with file.records() as records:
        for number, original in enumerate(records, 1):
            record = reader.record(original)
            try:
                positive = schema.outcome.parse(record.get(schema.outcome.column))
                values: dict[str, Any] = {column.name: column.parse(record[column.name]) for column in schema.recorded}
            except ValueError as error:
                raise InputError(f"does not fit the kind {schema.name}: {error}", row=number) from None
            if positive is None:
                continue
            at = (
                schema.calendar.moment(calendar, values)
                if schema.calendar and calendar
                else BEGIN + timedelta(minutes=number)
            )
            rows.append(
                as_of(schema, values, at, calls=None)
                | {OUTCOME: int(positive), AT: at, PROSPECT: f"{number:07d}", SOURCE: "bench"}
            )
    frame = pd.DataFrame(rows)
    numbers = {c.name: "float64" for c in schema.features if not c.is_category and (c.optional or c.type == "number")}
    return frame.astype(numbers)


def judge(path: Path, schema: Schema, settings: TrainerSettings, known: int, held: int) -> Judged:
    """The model of the first `known` calls, and its scores of the `held` calls after them."""
    frame = calls(path, schema)
    windows = recipe.split_windows(recipe.newest_rows(frame.iloc[:known], settings.callwise_training_window), settings)
    seed = settings.callwise_seed
    best = search(windows.fit, schema, trials=settings.callwise_search_trials, seconds=600, seed=seed)
    model, _ = calibrate.fit(best, windows.shifted(), schema, seed)
    test = frame.iloc[known : known + held].reset_index(drop=True)
    raw = predict(model, test)
    return Judged(schema, level.levelled(raw, level.estimate(raw, test[OUTCOME].to_numpy())), test)


def main(argv: Sequence[str] | None = None) -> int:
    """Print the table; 1 if a kind is worse than the first one by the rules of the champion gate."""
    parser = argparse.ArgumentParser(
        "scripts/bench proposals", description="One file as several kinds, models side by side."
    )
    parser.add_argument("kinds", type=Path, nargs="+", metavar="KIND.yaml", help="compared with CALLWISE_SCHEMA's kind")
    parser.add_argument("--campaign", type=Path, required=True, metavar="FILE")
    parser.add_argument("--known", type=int, default=20_000, metavar="N")
    parser.add_argument("--held", type=int, default=4_000, metavar="N")
    parser.add_argument("--json", type=Path, metavar="OUT")
    options = parser.parse_args(argv)
    warnings.filterwarnings("ignore")  # the libraries' warnings to their developers
    settings = load(TrainerSettings)
    found: dict[str, dict[str, Any]] = {}
    first: Judged | None = None
    try:
        for path in (load(SchemaSettings).callwise_schema, *options.kinds):
            own = judge(options.campaign, read_schema(path), settings, options.known, options.held)
            first = first or own
            found[str(path)] = _figures(own, first, settings)
            print(f"{path.name:<32}{found[str(path)]['line']}", flush=True)
    except CallwiseError as error:
        print(error, file=sys.stderr)
        return 1
    if options.json:
        options.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    return 0 if all(one["passed"] for one in found.values()) else 1


def _figures(own: Judged, first: Judged, settings: TrainerSettings) -> dict[str, Any]:
    sold = own.test[OUTCOME].to_numpy()
    seen = quality(sold.astype(bool), own.scores)
    figures: dict[str, Any] = {
        "auc": seen.auc,
        "top_half": seen.top_half_capture,
        "log_loss": seen.log_loss,
        "passed": True,
    }
    line = (
        f"AUC {seen.auc:.4f}  top half {seen.top_half_capture:.1%}  log loss {seen.log_loss:.4f}  on {len(sold)} calls"
    )
    if own is not first:
        groups = gate.segments_of(first.test, first.schema)
        verdict = gate.against_champion(sold, own.scores, first.scores, groups, GateRules.from_settings(settings))
        figures |= {"passed": verdict.passed, "why": verdict.why, "gate": dict(verdict.figures)}
        line += f"\n{'':<32}champion gate: {verdict.why}"
    return {**figures, "line": line}


if __name__ == "__main__":
    sys.exit(main())
