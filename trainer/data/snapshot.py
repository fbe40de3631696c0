"""The training data now: every outcome with its prospect's features, in time order.

Indicators that a campaign's file lacks take the values known at the time of the call. A later revision therefore leaves
the rows unchanged (`core.schema.economy`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from core.errors import SchemaError
from core.schema import Schema
from core.schema.column import ColumnType
from core.schema.economy import read_vintages
from core.stores.mongo import Db, reachable
from trainer.data import dataset_file

OUTCOME, SOURCE = "outcome", "source_campaign"
AT, PROSPECT = dataset_file.AT, dataset_file.PROSPECT
BATCH = 2_000
ARROW = {ColumnType.INTEGER: pa.int64(), ColumnType.NUMBER: pa.float64(), ColumnType.CATEGORY: pa.string()}


def read_outcomes(db: Db, schema: Schema) -> pd.DataFrame:
    """All outcomes, the oldest first: the features, `outcome` (0 or 1), `at`, `prospect`, `source_campaign`.

    Where the prospect is gone, a feature is unknown, or a number is a word, the cells are empty, and the data gate
    names them. Numbers are float64 here, so that they can be empty. Raises Unavailable, and SchemaError when a feature
    has one of the names above.
    """
    clash = {OUTCOME, AT, PROSPECT, SOURCE, "score"} & set(schema.feature_names)
    if clash:
        raise SchemaError(f"The names {', '.join(sorted(clash))} are Callwise's own; rename the columns in the schema.")
    with reachable():
        fields = {"prospect": 1, "campaign": 1, "positive": 1, "at": 1}
        outcomes = sorted(db.outcomes.find({}, fields, batch_size=BATCH), key=lambda o: (o["at"], o["_id"]))
        keys = list(dict.fromkeys(outcome["prospect"] for outcome in outcomes))
        features = {
            prospect["_id"]: prospect["features"]
            for start in range(0, len(keys), BATCH)
            for prospect in db.prospects.find(
                {"_id": {"$in": keys[start : start + BATCH]}}, {"features": 1}, batch_size=BATCH
            )
        }
    vintages = read_vintages(db, schema)
    rows = [
        vintages.known(outcome["at"]).fill(values, schema) if (values := features.get(outcome["prospect"])) else {}
        for outcome in outcomes
    ]
    columns: dict[str, Any] = {}
    for column in schema.features:
        values = [row.get(column.name) for row in rows]
        columns[column.name] = _words(values) if column.is_category else _numbers(values)
    columns[OUTCOME] = pd.Series([int(outcome["positive"]) for outcome in outcomes], dtype="int64")
    columns[AT] = pd.Series(pd.to_datetime([outcome["at"] for outcome in outcomes], utc=True)).dt.as_unit("ms")
    columns[PROSPECT] = pd.Series([outcome["prospect"] for outcome in outcomes], dtype="object")
    columns[SOURCE] = pd.Series([outcome["campaign"] for outcome in outcomes], dtype="object")
    return pd.DataFrame(columns)


def write_outcomes(frame: pd.DataFrame, schema: Schema, path: Path) -> None:
    """Write `frame` as parquet; the same rows give the same bytes (with the same release of Arrow).

    An integer column with a number that is not whole stays unchanged: the data gate refuses it.
    """
    fields = [pa.field(column.name, _arrow(frame[column.name], column.type)) for column in schema.features]
    fields += [pa.field(OUTCOME, pa.int64()), pa.field(AT, pa.timestamp("ms", tz="UTC"))]
    fields += [pa.field(PROSPECT, pa.string()), pa.field(SOURCE, pa.string())]
    dataset_file.write(pa.Table.from_pandas(frame, schema=pa.schema(fields), preserve_index=False), path)


def _words(values: list[Any]) -> Any:
    return pd.Series([None if value is None else str(value) for value in values], dtype="object")


def _numbers(values: list[Any]) -> Any:
    return pd.Series(pd.to_numeric(pd.Series(values, dtype="object"), errors="coerce"), dtype="float64")


def _arrow(values: Any, type: ColumnType) -> pa.DataType:
    if type is ColumnType.INTEGER and not np.all(np.mod(values.dropna(), 1) == 0):
        return pa.float64()
    return ARROW[type]
