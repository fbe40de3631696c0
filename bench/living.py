"""`scripts/bench living [--json OUT]`: the appliance's loop in simulated call centres whose truth is known.

Each world is played `--runs` times with other people, by an event clock, through the appliance's own functions; an
oracle that knows the world, a pupil that knows its form and learns its numbers (`replay.living.pupil`), the first model
frozen, and chance are played on the same people. Figures are means over
runs, with their standard errors; the same version prints the same figures. `replay.living` says how it is played, and
`replay.living.quick` which reports are made without their pages. Of the search for a model, two candidates are tried
instead of 16, unless CALLWISE_SEARCH_TRIALS says otherwise.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np

from core.settings.loading import load
from replay.living.files import SCHEMA
from replay.living.measures import Measures, measures
from replay.living.quick import QUICK
from replay.living.runs import run
from replay.living.worlds import WORLDS
from replay.setup import Settings, Setup

RUNS = 6
SEARCHED = {"CALLWISE_SEARCH_TRIALS": "2"}
RESAMPLES = 1_000
KEYS = {"sudden_shift": "shift"}
"""Worlds with another name among the figures."""
MEDIANS = {"arrivals": "median_arrivals", "outcomes": "median_outcomes"}
COMMON = (
    "weeks_with_alarm",
    "refreshes",
    "mixture_weight",
    "canaries_promoted",
    "auc_lost_to_oracle",
    "sales_of_oracles",
    "pupil_sales_of_oracles",
)
ASKED: Mapping[str, Sequence[str]] = {
    "stationary": ("weeks_with_drift_alarm", "weeks_with_quality_alarm", "found"),
    "concept": ("found", "ringing_before", "median_outcomes"),
    "blank_column": ("stopped", "ringing_before", "median_arrivals"),
    "changed_unit": ("stopped", "ringing_before", "median_arrivals"),
    "new_word": ("found", "named", "ringing_before", "median_arrivals"),
    "season": (),
    "tiny_team": ("longest_wait_days", "longest_trial_days"),
    "mondays": ("longest_wait_days",),
    "sabotaged": ("over_half", "lists_over_half", "shown_worse", "sales_lost"),
}
"""What the table shows of each world, after `COMMON`; of other worlds `OTHERS`."""
OTHERS = ("found", "ringing_before", "median_arrivals")


def main(arguments: Sequence[str] | None = None) -> int:
    """Entry point of `scripts/bench living`."""
    parser = argparse.ArgumentParser(prog="scripts/bench living", description=__doc__)
    parser.add_argument("--json", type=Path, metavar="OUT", help="also write the figures to this file")
    parser.add_argument("--world", action="append", choices=list(WORLDS), help="only this world; may be repeated")
    parser.add_argument("--runs", type=int, default=RUNS, help="runs of each world (default: %(default)s)")
    parser.add_argument("--weeks", type=int, help="weeks a run (default: 12; 26 of the tiny team, 52 of Mondays)")
    options = parser.parse_args(arguments)
    if options.runs < 2 or (options.weeks is not None and options.weeks < 1):
        parser.error("--runs must be 2 or more, because figures have standard errors, and --weeks 1 or more")
    asked = [(name, seed) for name in options.world or WORLDS for seed in range(options.runs)]
    done: dict[str, list[tuple[int, Measures]]] = {}
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # both processes have a processor each
    # Spawned: a fork of a process that has loaded BLAS may hang.
    with ProcessPoolExecutor(max_workers=2, mp_context=get_context("spawn")) as pool:
        played = {pool.submit(play, name, seed, options.weeks): (name, seed) for name, seed in asked}
        for future in as_completed(played):
            name, seed = played[future]
            done.setdefault(name, []).append((seed, future.result()))
            print(f"  {name} {seed}: {sum(map(len, done.values()))} of {len(asked)} runs", file=sys.stderr, flush=True)
            if options.json:  # as it goes, so that what was played before an interruption is not lost
                figures = {KEYS.get(name, name): summary(name, done[name], options.weeks) for name in sorted(done)}
                options.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    in_order = [name for name in WORLDS if name in done]
    print(table({KEYS.get(name, name): summary(name, done[name], options.weeks) for name in in_order}))
    return 0


def play(name: str, seed: int, weeks: int | None) -> Measures:
    """The figures of one run, in a process of its own; `seconds` are those of the processor."""
    began = time.process_time()
    settings = load(Settings, SEARCHED | os.environ)
    found = measures(run(WORLDS[name], seed, Setup.from_settings(settings, SCHEMA, QUICK), weeks))
    return found | {"seconds": time.process_time() - began}


def summary(name: str, played: Sequence[tuple[int, Measures]], weeks: int | None) -> dict[str, Any]:
    """Means over the runs `played`, each with its seed, with their standard errors, and medians of counts."""
    runs = [found for _, found in sorted(played, key=itemgetter(0))]
    values: dict[str, float | None] = {}
    errors: dict[str, float | None] = {}
    for key in runs[0]:
        known = [value for found in runs if (value := found[key]) is not None]
        if key in MEDIANS:
            values[MEDIANS[key]], errors[MEDIANS[key]] = _median(known)
        else:
            values[key], errors[key] = _mean(known)
    if WORLDS[name].change in ("blank column", "changed unit"):
        values["stopped"], errors["stopped"] = values["found"], errors["found"]
    rounded = {key: None if value is None else round(value, 4) for key, value in values.items()}
    return {
        **rounded,
        "errors": {key: None if value is None else round(value, 4) for key, value in errors.items()},
        "runs": len(runs),
        "weeks": weeks or WORLDS[name].weeks,
    }


def table(figures: Mapping[str, Mapping[str, Any]]) -> str:
    """The figures that are asked for, one line each, with their standard errors."""
    lines = []
    for name, found in figures.items():
        lines.append(f"{name}: {found['runs']} runs of {found['weeks']} weeks")
        for key in (*COMMON, *ASKED.get(name, OTHERS)):
            value, error = found[key], found["errors"][key]
            shown = "none" if value is None else f"{value:.4g}" + (f" ± {error:.2g}" if error is not None else "")
            lines.append(f"    {key:<28}{shown}")
    return "\n".join(lines)


def _mean(values: Sequence[float]) -> tuple[float | None, float | None]:
    if not values:
        return None, None
    error = float(np.std(values, ddof=1) / np.sqrt(len(values))) if len(values) > 1 else None
    return float(np.mean(values)), error


def _median(values: Sequence[float]) -> tuple[float | None, float | None]:
    """The median and its standard error by the bootstrap; None without values."""
    if not values:
        return None, None
    drawn = np.random.default_rng(0).choice(np.asarray(values, dtype=np.float64), (RESAMPLES, len(values)))
    return float(np.median(values)), float(np.median(drawn, axis=1).std(ddof=1))


if __name__ == "__main__":
    sys.exit(main())
