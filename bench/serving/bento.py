"""A service of BentoML with scikit-learn, as its guide has it: a class that loads the model, and one API.

Runs in an environment of its own, without Callwise: `BENCH_MODEL` is the path of the pickled model.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import bentoml
import joblib
import pandas as pd


@bentoml.service(workers=1, traffic={"timeout": 60})
class Scores:
    """Loads the model once, in one process as the others do."""

    def __init__(self) -> None:
        self.model = joblib.load(Path(os.environ["BENCH_MODEL"]))

    @bentoml.api  # type: ignore[untyped-decorator]  # BentoML is in an environment of its own
    def predict(self, columns: dict[str, list[Any]]) -> list[float]:
        """The scores of n people: for each column its n values."""
        scores: list[float] = self.model.predict_proba(pd.DataFrame(columns))[:, 1].tolist()
        return scores
