"""`scripts/bench recipe --campaign FILE`: what each choice in the training recipe is worth, side by side in one run.

Every line fits a model again every `--every` calls on outcomes that are known by then, without gates and trials, and
scores the calls that follow. Rows after `--until` are not looked at: they are kept for the replay.
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

from core.level import followed, levelled
from core.metrics import Quality, quality
from core.model_registry import predict
from core.schema import Schema, read
from core.settings import SchemaSettings, TrainerSettings, load
from replay.history import History
from trainer import calibrate, recipe, split
from trainer.candidates import FIRST, LOGISTIC, Candidate
from trainer.search import search
from trainer.snapshot import OUTCOME

STRIDE, LEVEL = 50, 200


PLAINEST = Candidate(LOGISTIC, {name: value for name, value in FIRST[0].items() if name != "kind"})


@dataclass(frozen=True)
class Span:
    """The calls looked at, counted from 0, and how often a model is fitted and how late outcomes are, in calls."""

    known: int
    until: int
    every: int
    late: int


@dataclass(frozen=True)
class Choice:
    """One way to train. `candidate` None: the best of `trials`, as the search finds it. `refit`: on the newest too."""

    name: str
    window: int = 4_000
    refit: bool = True
    candidate: Candidate | None = PLAINEST
    trials: int = 0


def choices(window: int) -> list[Choice]:
    """The lines of the table, the one in use first."""
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
    ]


def scores(
    history: History, schema: Schema, settings: TrainerSettings, choice: Choice, span: Span
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Scores of the calls of `span`: as the models gave them, and at their level."""
    frame, sold = history.frame, history.sold
    until, late = span.until, span.late
    raw, used = np.full(until, np.nan), np.full(until, np.nan)
    for start in range(span.known, until, span.every):
        windows = split.by_time(
            recipe.newest(frame.iloc[: start - late], choice.window),
            OUTCOME,
            calibration_share=settings.callwise_calibration_share,
            test_share=settings.callwise_test_share,
        )
        best = choice.candidate or search(
            windows.fit, schema, trials=choice.trials, seconds=600, seed=settings.callwise_seed
        )
        cut = windows.shifted() if choice.refit else windows
        model, _ = calibrate.fit(best, cut, schema, settings.callwise_seed)
        end, level = min(start + span.every, until), 0.0
        raw[start:end] = predict(model, frame.iloc[start:end])
        for block in range(start, end, STRIDE):
            seen = slice(max(start, block - late - LEVEL), max(start, block - late))
            level = followed(level, raw[seen], sold[seen])
            part = slice(block, min(block + STRIDE, end))
            used[part] = levelled(raw[part], level)
    return raw[span.known : until], used[span.known : until]


def figures(found: Quality) -> dict[str, float]:
    """For programs."""
    return {"auc": found.auc, "top_half": found.top_half_capture, "log_loss": found.log_loss}


def words(found: Quality) -> str:
    """For the table."""
    return f"{found.auc:>8.4f}{found.top_half_capture:>10.1%}{found.log_loss:>10.4f}"


def main(argv: Sequence[str] | None = None) -> int:
    """Print the table; 0."""
    parser = argparse.ArgumentParser("scripts/bench recipe", description="What each choice in the recipe is worth.")
    parser.add_argument("--campaign", type=Path, required=True, metavar="FILE")
    parser.add_argument("--known", type=int, default=20_000, metavar="N")
    parser.add_argument("--until", type=int, default=36_188, metavar="N")
    parser.add_argument("--every", type=int, default=600, metavar="CALLS")
    parser.add_argument("--label-delay", type=int, default=200, metavar="CALLS")
    parser.add_argument("--json", type=Path, metavar="OUT")
    asked = parser.parse_args(argv)
    warnings.filterwarnings("ignore")  # the libraries' own, to their developers
    schema, settings = read(load(SchemaSettings).callwise_schema), load(TrainerSettings)
    history = History.read(asked.campaign, schema)
    until = min(asked.until, len(history.frame))
    sold = history.sold[asked.known : until]
    span = Span(asked.known, until, asked.every, asked.label_delay)
    print(f"calls {span.known + 1} to {until}, fitted again every {span.every}, outcomes {span.late} calls late")
    heads = f"{'AUC':>8}{'top half':>10}{'log loss':>10}"
    print(f"{'':<26}{heads}   with level:{heads}")
    found: dict[str, dict[str, dict[str, float]]] = {}
    for choice in choices(settings.callwise_training_window):
        plain, used = scores(history, schema, settings, choice, span)
        one, other = quality(sold, plain), quality(sold, used)
        found[choice.name] = {"as_trained": figures(one), "with_level": figures(other)}
        print(f"{choice.name:<26}{words(one)}{'':<14}{words(other)}", flush=True)
    if asked.json:
        asked.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
