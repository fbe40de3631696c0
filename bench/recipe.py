"""`scripts/bench recipe --campaign FILE`: the effect of each choice in the training recipe, side by side in one run.

Each line fits a new model every `--every` calls, on the outcomes known by then and without gates or trials, and scores
the calls that follow. The last lines use a model only some calls after it was fitted, as a trial does: even a trial
that decides rightly costs time. Rows after `--until` are left for the replay.
"""

from __future__ import annotations

import argparse
import json
import sys
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from core.models.metrics import Quality, quality
from core.schema import Schema, read_schema
from core.settings.addresses import SchemaSettings
from core.settings.loading import load
from core.settings.loop import TrainerSettings
from monitor.ranking.levelling import learnt_calls
from replay.forecasts import Forecaster
from replay.history import History
from trainer.fitting import calibrate, recipe
from trainer.fitting.candidates import FIRST, LOGISTIC, Candidate
from trainer.fitting.search import search
from trainer.pipeline.registration import reference_of

STRIDE, LEVEL = 50, 200
WAITS = (500, 1_000, 1_500, 2_000)

PLAINEST = Candidate(LOGISTIC, {name: value for name, value in FIRST[0].items() if name != "kind"})


@dataclass(frozen=True)
class Span:
    """The calls to score, counted from 0; how often a model is fitted, and how late outcomes are, in calls."""

    known: int
    until: int
    every: int
    late: int


@dataclass(frozen=True)
class Choice:
    """One way to train. `candidate` None: the best of `trials` in the search. `refit`: also fit on the newest outcomes.

    A model is used from `waits` calls after its fit; until then it gives shadow scores, and its level follows.
    """

    name: str
    window: int = 4_000
    refit: bool = True
    candidate: Candidate | None = PLAINEST
    trials: int = 0
    waits: int = 0


def choices(window: int) -> list[Choice]:
    """The lines of the table, the recipe in use first."""
    boosting = {name: value for name, value in FIRST[1].items() if name != "kind"}
    return [
        Choice("in use", window),
        Choice("window / 2", window // 2),
        Choice("window * 2", window * 2),
        Choice("all outcomes", 0),
        Choice("without the newest", window, refit=False),
        Choice("larger weights (C = 1)", window, candidate=Candidate(LOGISTIC, {"left_out": "nothing", "c": 1.0})),
        Choice("no indicators", window, candidate=Candidate(LOGISTIC, {"left_out": "indicators", "c": 0.01})),
        Choice("gradient boosting", window, candidate=Candidate(str(FIRST[1]["kind"]), boosting)),
        Choice("search, 6 trials", window, candidate=None, trials=6),
        *(Choice(f"used {waits:,} calls later", window, waits=waits) for waits in WAITS),
    ]


def scores(
    history: History, schema: Schema, settings: TrainerSettings, choice: Choice, span: Span
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Scores of the calls of `span`: of the models alone, and at their level."""
    frame, sold = history.frame, history.sold
    raw, used = np.full(span.until, np.nan), np.full(span.until, np.nan)
    for start in range(span.known, span.until, span.every):
        fitted = max(start - choice.waits, span.known)
        forecaster = fit(history, schema, settings, choice, known=fitted - span.late, calls=span.until)
        end = min(start + span.every, span.until)
        for block in range(fitted, end, STRIDE):
            forecaster.learn(sold[: block - span.late])
            forecaster.score(frame.iloc[block : min(block + STRIDE, end)], block)
        raw[start:end], used[start:end] = forecaster.raw[start:end], forecaster.used[start:end]
    return raw[span.known :], used[span.known :]


def fit(
    history: History, schema: Schema, settings: TrainerSettings, choice: Choice, *, known: int, calls: int
) -> Forecaster:
    """The model that `choice` makes from the first `known` outcomes of a history of `calls` calls."""
    windows = recipe.split_windows(recipe.newest_rows(history.frame.iloc[:known], choice.window), settings)
    seed = settings.callwise_seed
    best = choice.candidate or search(windows.fit, schema, trials=choice.trials, seconds=600, seed=seed)
    model, _ = calibrate.fit(best, windows.shifted() if choice.refit else windows, schema, seed)
    seen = windows.whole if choice.refit else pd.concat([windows.fit, windows.calibration], ignore_index=True)
    return Forecaster(choice.name, model, calls, LEVEL, learnt_calls(reference_of(model, seen, schema)))


def figures(found: Quality) -> dict[str, float]:
    """The quality for the JSON file."""
    return {"auc": found.auc, "top_half": found.top_half_capture, "log_loss": found.log_loss}


def words(found: Quality) -> str:
    """The quality for the table."""
    return f"{found.auc:>8.4f}{found.top_half_capture:>10.1%}{found.log_loss:>10.4f}"


def main(argv: Sequence[str] | None = None) -> int:
    """Print the table; 0."""
    parser = argparse.ArgumentParser("scripts/bench recipe", description="The effect of each choice in the recipe.")
    parser.add_argument("--campaign", type=Path, required=True, metavar="FILE")
    parser.add_argument("--known", type=int, default=20_000, metavar="N")
    parser.add_argument("--until", type=int, default=36_188, metavar="N")
    parser.add_argument("--every", type=int, default=600, metavar="CALLS")
    parser.add_argument("--label-delay", type=int, default=200, metavar="CALLS")
    parser.add_argument("--json", type=Path, metavar="OUT")
    options = parser.parse_args(argv)
    warnings.filterwarnings("ignore")  # the libraries' warnings to their developers
    schema, settings = read_schema(load(SchemaSettings).callwise_schema), load(TrainerSettings)
    history = History.from_file(options.campaign, schema)
    until = min(options.until, len(history.frame))
    sold = history.sold[options.known : until]
    span = Span(options.known, until, options.every, options.label_delay)
    print(f"calls {span.known + 1} to {until}, a new fit every {span.every}, outcomes {span.late} calls late")
    heads = f"{'AUC':>8}{'top half':>10}{'log loss':>10}"
    print(f"{'':<26}{heads}   with level:{heads}")
    effects: dict[str, dict[str, dict[str, float]]] = {}
    for choice in choices(settings.callwise_training_window):
        raw, levelled = (quality(sold, scored) for scored in scores(history, schema, settings, choice, span))
        effects[choice.name] = {"as_trained": figures(raw), "with_level": figures(levelled)}
        print(f"{choice.name:<26}{words(raw)}{'':<14}{words(levelled)}", flush=True)
    if options.json:
        options.json.write_text(json.dumps(effects, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
