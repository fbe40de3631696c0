"""The training data now: the outcomes that a training learns from, with their prospects' features, in time order.

Each has the values of its call (`core.lists.call_values`): month, weekday and number of that call, and of what files
brought and changed what was known then. Outcomes without the time of their call come first, at the time of the first
call that has one: they are learnt from, and never judge a model, because the newest outcomes do that.

Indicators that a campaign's file lacks take the values known at the time of the call. A later revision therefore leaves
the rows unchanged (`core.schema.economy`).
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from pymongo import DESCENDING

from core.errors import SchemaError
from core.lists import call_values
from core.schema import Schema
from core.schema.column import Column, ColumnType
from core.schema.economy import read_vintages
from core.scoring.predictions_before import DATED
from core.stores.mongo import Db, Document, reachable
from trainer.data import dataset_file

OUTCOME, SOURCE = "outcome", "source_campaign"
AT, PROSPECT = dataset_file.AT, dataset_file.PROSPECT
BATCH = 2_000
FIELDS = dict.fromkeys(("prospect", "campaign", "positive", "at", "dated", "import", "agent", "call", "earlier"), 1)


def read_outcomes(db: Db, schema: Schema, newest: int = 0) -> pd.DataFrame:
    """The `newest` outcomes (0: all), the oldest first: the features, `outcome`, `at`, `prospect`, `source_campaign`.

    Where the prospect is gone, a feature is unknown, or a number is a word, the cells are empty, and the data gate
    names them. Numbers are float64 here, so that they can be empty. Raises Unavailable, and SchemaError when a feature
    has one of the names above.
    """
    clash = {OUTCOME, AT, PROSPECT, SOURCE, "score"} & set(schema.feature_names)
    if clash:
        raise SchemaError(f"The names {', '.join(sorted(clash))} are Callwise's own; rename the columns in the schema.")
    with reachable():
        outcomes = sorted(_newest(db, newest) if newest else db.outcomes.find({}, FIELDS, batch_size=BATCH), key=_order)
        keys = list(dict.fromkeys(outcome["prospect"] for outcome in outcomes))
        people = {
            prospect["_id"]: prospect
            for start in range(0, len(keys), BATCH)
            for prospect in db.prospects.find(
                {"_id": {"$in": keys[start : start + BATCH]}},
                {"features": 1, "history": 1, "import": 1},
                batch_size=BATCH,
            )
        }
    vintages = read_vintages(db, schema)
    rows = [
        vintages.figures_at(outcome["at"]).fill(call_values.call_made(schema, person, outcome), schema)
        if (person := people.get(outcome["prospect"]))
        else {}
        for outcome in outcomes
    ]
    first = next((outcome["at"] for outcome in outcomes if is_dated(outcome)), None)
    times = [outcome["at"] if first is None or is_dated(outcome) else first for outcome in outcomes]
    columns: dict[str, Any] = {}
    for column in schema.features:
        values = [row.get(column.name) for row in rows]
        columns[column.name] = _words(values) if column.is_category else _numbers(values)
    columns[OUTCOME] = pd.Series([int(outcome["positive"]) for outcome in outcomes], dtype="int64")
    columns[AT] = pd.Series(pd.to_datetime(times, utc=True)).dt.as_unit("ms")
    columns[PROSPECT] = pd.Series([outcome["prospect"] for outcome in outcomes], dtype="object")
    columns[SOURCE] = pd.Series([outcome["campaign"] for outcome in outcomes], dtype="object")
    return pd.DataFrame(columns)


def _newest(db: Db, many: int) -> list[Document]:
    """The newest `many` outcomes. Those without the time of their call count as older than all others."""
    order = [("at", DESCENDING), ("_id", DESCENDING)]
    found = list(db.outcomes.find(DATED, FIELDS).sort(order).limit(many))
    if len(found) < many:
        found += db.outcomes.find({"dated": False}, FIELDS).sort(order).limit(many - len(found))
    return found


def write_outcomes(frame: pd.DataFrame, schema: Schema, path: Path) -> None:
    """Write `frame` as parquet; the same rows give the same bytes (with the same release of Arrow).

    An integer column with a number that is not whole stays unchanged: the data gate refuses it.
    """
    fields = [pa.field(column.name, _arrow(frame[column.name], column)) for column in schema.features]
    fields += [pa.field(OUTCOME, pa.int64()), pa.field(AT, pa.timestamp("ms", tz="UTC"))]
    fields += [pa.field(PROSPECT, pa.string()), pa.field(SOURCE, pa.string())]
    dataset_file.write(pa.Table.from_pandas(frame, schema=pa.schema(fields), preserve_index=False), path)


def is_dated(outcome: Document) -> bool:
    """Whether the time of the outcome's call is known."""
    return outcome.get("dated") is not False


def _order(outcome: Document) -> tuple[bool, datetime, str]:
    return is_dated(outcome), outcome["at"], outcome["_id"]


def _words(values: list[Any]) -> Any:
    return pd.Series([None if value is None else str(value) for value in values], dtype="object")


def _numbers(values: list[Any]) -> Any:
    return pd.Series(pd.to_numeric(pd.Series(values, dtype="object"), errors="coerce"), dtype="float64")


def _arrow(values: Any, column: Column) -> pa.DataType:
    if column.is_category:
        return pa.string()
    # A whole number with blanks is a float wherever it is read: neither numpy nor the V2 protocol has another blank.
    whole = column.type is ColumnType.INTEGER and not column.optional and np.all(np.mod(values.dropna(), 1) == 0)
    return pa.int64() if whole else pa.float64()
