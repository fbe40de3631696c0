"""FastAPI with scikit-learn, as people write it: a data frame of the request's columns, and `predict_proba`.

Runs in the peers' environment, without Callwise: `BENCH_MODEL` is the path of the pickled model.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import joblib
import pandas as pd
from fastapi import FastAPI

app = FastAPI()
model = joblib.load(Path(os.environ["BENCH_MODEL"]))


@app.get("/health")
def health() -> dict[str, bool]:
    """Whether the model is loaded."""
    return {"ready": True}


@app.post("/predict")
def predict(columns: dict[str, list[Any]]) -> dict[str, list[float]]:
    """The scores of n people: for each column its n values."""
    return {"scores": model.predict_proba(pd.DataFrame(columns))[:, 1].tolist()}
