"""Made-up outcomes with a known truth, for the tests of training: seeded, and as a snapshot has them."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pandas as pd

from core.schema import Schema
from core.schema.column import ColumnType
from core.stores.mongo import Db
from trainer.data.snapshot import AT, OUTCOME, PROSPECT, SOURCE


def made_up(schema: Schema, rows: int = 3_000, *, seed: int = 1, effect: float = 1.0) -> pd.DataFrame:
    """`rows` outcomes, the oldest first. Who has a mobile, said yes before, or is old, says yes more often.

    `effect` scales that difference: with 0 nothing can be learnt.
    """
    random = np.random.default_rng(seed)
    frame = pd.DataFrame(index=range(rows))
    for column in schema.features:
        if column.is_category:
            frame[column.name] = random.choice(column.categories, rows)
            continue
        low = column.minimum if column.minimum is not None else 0
        high = min(column.maximum if column.maximum is not None else low + 40, low + 60)
        drawn = random.uniform(low, high, rows)
        frame[column.name] = drawn.astype("int64") if column.type is ColumnType.INTEGER else drawn.round(3)
    frame["pdays"] = np.where(random.random(rows) < 0.9, 999, frame["pdays"])
    leaning = (
        1.2 * (frame["contact"] == "cellular") + 1.5 * (frame["poutcome"] == "success") + 0.03 * (frame["age"] - 40)
    )
    chance = 1 / (1 + np.exp(2.2 - effect * leaning))
    frame[OUTCOME] = (random.random(rows) < chance).astype("int64")
    start = pd.Timestamp(datetime(2025, 1, 1, tzinfo=UTC))
    frame[AT] = pd.Series(start + pd.to_timedelta(np.arange(rows), unit="min")).dt.as_unit("ms")
    frame[PROSPECT] = [f"spring:{row:06d}" for row in range(rows)]
    frame[SOURCE] = "spring"
    return frame


def store(db: Db, schema: Schema, frame: pd.DataFrame) -> None:
    """Put made-up outcomes and their prospects into MongoDB, as an import leaves them."""
    cells = frame[schema.feature_names].astype(object).to_numpy().tolist()
    features = [dict(zip(schema.feature_names, row, strict=True)) for row in cells]
    keys = frame[PROSPECT].tolist()
    db.prospects.insert_many(
        {"_id": key, "campaign": "spring", "ref": key[-6:], "features": given, "status": "done", "claim": None}
        for key, given in zip(keys, features, strict=True)
    )
    db.outcomes.insert_many(
        {
            "_id": f"{key}:1",
            "prospect": key,
            "campaign": "spring",
            "call": 1,
            "result": "sold" if sold else "refused",
            "positive": bool(sold),
            "agent": "ann",
            "at": at.to_pydatetime(),
        }
        for key, sold, at in zip(keys, frame[OUTCOME], frame[AT], strict=True)
    )
