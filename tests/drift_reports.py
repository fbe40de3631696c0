"""Drift verdicts as monitoring keeps them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

LIMIT = 0.1


def drift_verdict(version: str = "1", distances: Mapping[str, float] | None = None, **more: Any) -> dict[str, Any]:
    """A verdict with columns at these distances; bad if one is over the limit. `more` replaces what it says."""
    shape = {"labels": ["a", "b"], "before": [0.5, 0.5], "now": [0.3, 0.7]}
    columns = [
        {"column": name, "method": "jensenshannon", "distance": one, "limit": LIMIT, "drifted": one >= LIMIT,
         "shape": shape}
        for name, one in (distances or {"age": 0.02, "job": 0.3}).items()
    ]  # fmt: skip
    drifted = [one["column"] for one in columns if one["drifted"]]
    score = {"column": "score", "method": "wasserstein", "distance": 0.08, "limit": 0.15, "drifted": False}
    return {
        "version": version,
        "window": 1000,
        "reference": 2000,
        "against": "before",
        "limits": {"window": 1000, "category": LIMIT, "number": 0.18, "score": 0.15},
        "columns": columns,
        "score": {**score, "shape": None},
        "new_words": [],
        "others": [],
        "economy": [],
        "known": "",
        "files": [{"file": "autumn.csv", "people": 900}],
        "left_out": ["month"],
        "drifted": drifted,
        "drift": bool(drifted),
        **more,
    }
