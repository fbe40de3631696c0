"""The time that reasons take beside their scores: `scripts/bench reasons [--json OUT]`.

Both kinds of model learn from made-up outcomes and score as many rows as ranking sends in one request. Milliseconds
are of processor time, which other work on the machine changes little.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from bench import crowd
from core.models.proof import predict
from core.schema import Schema, read_schema
from core.settings.group import ROOT
from monitor.ranking.rank import BATCH
from serving.explain import Explainer
from trainer.data import split
from trainer.data.snapshot import OUTCOME
from trainer.fitting import calibrate
from trainer.fitting.candidates import FIRST, Candidate

OUTCOMES, SEED, TIMES = 4_000, 1, 9


def main() -> int:
    """Print the median times of scores and reasons for each kind of model; with `--json`, also write them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    options, schema, costs = parser.parse_args(), read_schema(ROOT / "data" / "schema.yaml"), {}
    print(f"{f'{BATCH} rows':<24}{'exact':>8}{'scores':>10}{'reasons':>10}")
    for params in FIRST:
        candidate = Candidate(params["kind"], {name: value for name, value in params.items() if name != "kind"})
        costs[candidate.kind] = _cost(candidate, schema)
        exact, scores, reasons = costs[candidate.kind].values()
        print(f"{candidate.kind:<24}{'yes' if exact else 'no':>8}{scores:>7.1f} ms{reasons:>7.1f} ms", flush=True)
    if options.json:
        options.json.write_text(json.dumps({"rows": BATCH, "models": costs}, indent=1) + "\n", encoding="utf-8")
    return 0


def _cost(candidate: Candidate, schema: Schema) -> dict[str, float | bool]:
    chance = random.Random(SEED)  # noqa: S311  made-up people
    frame = pd.DataFrame(crowd.features(schema, OUTCOMES, chance))
    # People with more of the first column buy more often, so a model has something to learn.
    likely = frame[schema.feature_names[0]].rank(pct=True)
    frame[OUTCOME] = [int(chance.random() < 0.3 * share) for share in likely]
    windows = split.by_time(frame, OUTCOME, calibration_share=0.2, test_share=0.2)
    model, _ = calibrate.fit(candidate, windows, schema, SEED)
    explainer = Explainer(model, frame, schema)
    batches = [crowd.features(schema, BATCH, chance) for _ in range(TIMES)]
    return {
        "exact": explainer.exact,
        "scores_ms": _median(lambda place: predict(model, batches[place])),
        "reasons_ms": _median(lambda place: explainer.reasons(batches[place])),
    }


def _median(request: Callable[[int], object]) -> float:
    took = []
    for place in range(TIMES):
        began = time.process_time()
        request(place)
        took.append(1_000 * (time.process_time() - began))
    return round(statistics.median(took), 2)


if __name__ == "__main__":
    sys.exit(main())
