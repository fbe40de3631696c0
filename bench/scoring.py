"""The time that scores and reasons take in process: `scripts/bench scoring [--json OUT]`.

Both kinds of model learn from made-up outcomes. They score one row, and as many as ranking sends in one request, by
their pipeline and by their compiled form (`core.models.compiled`). Milliseconds are of processor time, which other work
on the machine changes little.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from bench import crowd
from core.models.compiled.compilation import compiled
from core.models.compiled.encoding import Rows
from core.models.proof import predict
from core.schema import Schema, read_schema
from core.settings.group import ROOT
from monitor.ranking.rank import BATCH
from serving.explain import Explainer
from trainer.data import split
from trainer.data.snapshot import OUTCOME
from trainer.fitting import calibrate
from trainer.fitting.candidates import FIRST, Candidate

OUTCOMES, SEED, TIMES = 4_000, 1, 21
ROWS = {"one_row": 1, "a_request": BATCH}
Cost = dict[str, float | bool]


def main() -> int:
    """Print the median times of scores and reasons for each kind of model; with `--json`, also write them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    options, schema, costs = parser.parse_args(), read_schema(ROOT / "data" / "schema.yaml"), {}
    print(f"{'':<22}{'rows':>6}{'pipeline':>12}{'compiled':>12}{'ratio':>8}{'reasons':>20}{'ratio':>8}")
    for params in FIRST:
        candidate = Candidate(params["kind"], {name: value for name, value in params.items() if name != "kind"})
        costs[candidate.kind] = found = _costs(candidate, schema)
        for name, rows in ROWS.items():
            one = found[name]
            print(
                f"{candidate.kind:<22}{rows:>6}{one['pipeline_ms']:>9.3f} ms{one['compiled_ms']:>9.3f} ms"
                f"{one['ratio']:>8.1f}{one['reasons_pipeline_ms']:>8.2f} to{one['reasons_compiled_ms']:>6.2f} ms"
                f"{one['reasons_ratio']:>8.1f}",
                flush=True,
            )
        apart, exact = found["largest_difference"]["scores"], found["reasons"]["exact"]
        print(f"  largest difference {apart:g}; reasons are {'exact' if exact else 'column by column'}", flush=True)
    if options.json:
        options.json.write_text(json.dumps({"rows": ROWS, "models": costs}, indent=1) + "\n", encoding="utf-8")
    return 0


def _costs(candidate: Candidate, schema: Schema) -> dict[str, Cost]:
    chance = random.Random(SEED)  # noqa: S311  made-up people
    frame = pd.DataFrame(crowd.features(schema, OUTCOMES, chance))
    # People with more of the first column buy more often, so a model has something to learn.
    likely = frame[schema.feature_names[0]].rank(pct=True)
    frame[OUTCOME] = [int(chance.random() < 0.3 * share) for share in likely]
    windows = split.by_time(frame, OUTCOME, calibration_share=0.2, test_share=0.2)
    model, _ = calibrate.fit(candidate, windows, schema, SEED)
    form = compiled(model)
    by_pipeline, by_form = Explainer(model, frame, schema), Explainer(model, frame, schema, form)
    batches = [crowd.features(schema, BATCH, chance) for _ in range(TIMES)]
    apart = max(float(np.abs(form.score(batch) - predict(model, batch)).max()) for batch in batches)
    costs: dict[str, Cost] = {"largest_difference": {"scores": apart}, "reasons": {"exact": by_form.exact}}
    for name, rows in ROWS.items():
        asked = [batch[:rows] for batch in batches]
        times = {
            "pipeline_ms": _median(partial(predict, model), asked),
            "compiled_ms": _median(form.score, asked),
            "reasons_pipeline_ms": _median(by_pipeline.reasons, asked),
            "reasons_compiled_ms": _median(by_form.reasons, asked),
        }
        ratio = round(times["pipeline_ms"] / times["compiled_ms"], 1)
        of_reasons = round(times["reasons_pipeline_ms"] / times["reasons_compiled_ms"], 1)
        costs[name] = {**times, "ratio": ratio, "reasons_ratio": of_reasons}
    return costs


def _median(function: Callable[[Rows], object], requests: Sequence[Rows]) -> float:
    took = []
    for rows in requests:
        began = time.process_time()
        function(rows)
        took.append(1_000 * (time.process_time() - began))
    return round(statistics.median(took), 4)


if __name__ == "__main__":
    sys.exit(main())
