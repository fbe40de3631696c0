"""People who arrive by files: in memory, and in the store as an import leaves them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import expit

from core.lists import arrival
from core.models.proof import Scores
from core.schema import Schema
from core.stores.mongo import Db
from monitor.reports.drift.arrivals import BEFORE, Arrival, Cohorts


def rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows of `frame` as values by name, blanks as None."""
    found = frame.astype(object).where(frame.notna(), None).to_dict("records")  # type: ignore[call-overload]
    return [{str(name): value for name, value in row.items()} for row in found]


def arrivals(frame: pd.DataFrame, start: datetime, prefix: str = "p") -> list[Arrival]:
    """The people of `frame` (the oldest first), one a second from `start` on; the newest first."""
    return [
        Arrival(f"{prefix}{n:06d}", start + timedelta(seconds=n), row, "list.csv") for n, row in enumerate(rows(frame))
    ][::-1]


def cohorts(frame: pd.DataFrame, start: datetime, size: int, accepted: Sequence[Arrival] = ()) -> Cohorts:
    """The newest people of `frame` (the oldest first) against those before them, who came by another file."""
    newest = arrivals(frame, start)[: (1 + BEFORE) * size]
    earlier = [replace(one, file="before.csv") for one in newest[size:]]
    return Cohorts.of([*newest[:size], *earlier], accepted, size)


def deliver(
    db: Db, frame: pd.DataFrame, at: datetime, name: str, campaign: str = "c", came_called: int | None = None
) -> None:
    """Let the file `name` bring the people of `frame`, as an import that ended, and others who had been called."""
    entry = f"{campaign}:{name}"
    times = {"begun": at, "heard": at, "ended": at}
    progress = {"done": len(frame), "rows": len(frame)}
    told = {"campaign": campaign, "kind": "people", "file": name, "state": "done", "times": times, "progress": progress}
    # An entry of an earlier release does not say how many came with the outcome of a call.
    called = {} if came_called is None else {"came_called": came_called, "came": len(frame) + came_called}
    report = {"inserted": len(frame) + (came_called or 0), **called}
    db.imports.insert_one({"_id": entry, **told, "order": at.timestamp(), "report": report})
    people = []
    for number, features in enumerate(rows(frame)):
        key = f"{campaign}:{name}-{number:06d}"
        mark = arrival.mark(entry, key)
        where = {"campaign": campaign, "status": "open", "import": {"first": entry, "last": entry}, "arrival": mark}
        people.append({"_id": key, "features": features, **where})
    db.prospects.insert_many(people)


def leaning(people: pd.DataFrame) -> Scores:
    """The log-odds [n] of a model that reads three columns of the shipped kind."""
    known = 1.2 * (people["contact"] == "cellular") + 1.5 * (people["poutcome"] == "success")
    return np.asarray(known + 0.03 * (people["age"].astype(float) - 40) - 2.2, dtype=np.float64)


class LeaningModel:
    """A model with these log-odds, over the columns of `schema`."""

    def __init__(self, schema: Schema) -> None:
        self.feature_names_in_ = np.array(schema.feature_names, dtype=object)

    def predict_proba(self, X: pd.DataFrame) -> Scores:
        """Probabilities of both classes, shape [n, 2]."""
        sold = expit(leaning(X))
        return np.column_stack([1 - sold, sold])
