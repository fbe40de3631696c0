"""One training in a process of its own: `python -m bench.growth.one_training bare|whole`.

`bare` calls the steps of a training one after the other: read, the gates and the search, register, load. It keeps no
dataset, watches nothing and hands nothing over. `whole` trains as a flow's process does. Both print JSON: the seconds
of each step, and the most memory in MiB.
"""

from __future__ import annotations

import json
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import ParamSpec, TypeVar

import pandas as pd
import pyarrow.parquet as pq

from core.clock import now
from core.models.compiled.compilation import proven
from core.stores.mongo import count
from trainer.data.lineage import Lineage, code_version, lock_sha256
from trainer.data.snapshot import read_outcomes, write_outcomes
from trainer.fitting import recipe
from trainer.main import compose
from trainer.pipeline import tracking
from trainer.pipeline.registration import register
from trainer.pipeline.training import Trainer, train

P = ParamSpec("P")
T = TypeVar("T")


class Timed:
    """Wraps functions as steps, and keeps the seconds of each."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    def __call__(self, name: str, function: Callable[P, T], /) -> Callable[P, T]:
        """`function`, timed as the step `name`."""

        def timed(*arguments: P.args, **named: P.kwargs) -> T:
            began = time.perf_counter()
            try:
                return function(*arguments, **named)
            finally:
                self.seconds[name] = round(self.seconds.get(name, 0.0) + time.perf_counter() - began, 3)

        return timed


def bare(trainer: Trainer, step: Timed) -> None:
    """The steps of a first training, one after the other. Raises GateRefused."""
    settings, models, schema = trainer.settings, trainer.models, trainer.schema
    frame = step("read", read)(trainer)
    made = recipe.train_model(frame, schema, settings, None, watch=recipe.Unwatched(), step=step)
    code = code_version(settings.callwise_code_version)
    lineage = Lineage(f"bench-{now():%H%M%S%f}", "", schema.hash, code, lock_sha256(), "bench")
    with tracking.run(models.client, trainer.experiment, name="bare", tags={}) as run:
        version = step("register", register)(
            models, made.model, made.trained_on, schema, lineage, run.id, {"why": made.verdict.why}, trainer.signer
        )
    loaded = step("load", models.load)(version)
    step("load", proven)(loaded.model, loaded.proof, "bare")


def read(trainer: Trainer) -> pd.DataFrame:
    """The outcomes that a training learns from, as a dataset's file gives them."""
    with tempfile.TemporaryDirectory(prefix="callwise-bench-") as folder:
        path = Path(folder) / "dataset.parquet"
        frame = read_outcomes(trainer.db, trainer.schema, trainer.settings.callwise_training_window)
        write_outcomes(frame, trainer.schema, path)
        stored: pd.DataFrame = pq.read_table(path).to_pandas()
        return stored


def whole(trainer: Trainer, step: Timed) -> None:
    """What the process of a flow does. Raises GateRefused."""
    count(trainer.db.outcomes, {})
    train(trainer, reason="bench", step=step)


def main(arguments: list[str]) -> int:
    """Train and print; 2 for another word."""
    if arguments not in (["bare"], ["whole"]):
        print(__doc__, file=sys.stderr)
        return 2
    trainer, step = compose(), Timed()
    {"bare": bare, "whole": whole}[arguments[0]](trainer, step)
    mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"steps": step.seconds, "mib": round(mib, 1)}), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
