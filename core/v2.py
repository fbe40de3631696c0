"""The V2 inference protocol as Callwise speaks it: one input per column, BYTES for words, INT64, FP64.

Request: inputs named like the schema's features, all of shape [n], and optionally `prospect` (BYTES, shape [n]), the
key that routing is sticky on. Reply: output `score` (FP64, [n], the probability of a sale), `version` and `route`
(BYTES, [n]), because two prospects of one request may be scored by different models.

Source: KServe, Open Inference Protocol V2.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.errors import InputError
from core.schema import Column, ColumnType, Schema, Value

DATATYPES = {ColumnType.INTEGER: "INT64", ColumnType.NUMBER: "FP64", ColumnType.CATEGORY: "BYTES"}
PROSPECT = "prospect"


@dataclass(frozen=True)
class Score:
    """One row's answer. `prediction` is its key in the prediction log: `{request}:{row}`."""

    prediction: str
    score: float
    version: str
    route: str


def request(
    schema: Schema, rows: Sequence[Mapping[str, Value]], prospects: Sequence[str], request_id: str
) -> dict[str, Any]:
    """The body that asks for the scores of `rows` (n mappings of feature to value) of `prospects` (n keys)."""
    inputs = [
        _tensor(column.name, DATATYPES[column.type], [row[column.name] for row in rows]) for column in schema.features
    ]
    return {"id": request_id, "inputs": [*inputs, _tensor(PROSPECT, "BYTES", list(prospects))]}


def rows(schema: Schema, inputs: Mapping[str, Sequence[Any]]) -> list[dict[str, Value]]:
    """The n rows in `inputs` (feature name to n raw values), parsed by the schema.

    Raises InputError naming the column, the row (from 1) and the rule.
    """
    missing = [name for name in schema.feature_names if name not in inputs]
    if missing:
        raise InputError("the input is missing", column=missing[0], next=f"Needed: {', '.join(schema.feature_names)}.")
    surplus = sorted(set(inputs) - set(schema.feature_names) - {PROSPECT})
    if surplus:
        raise InputError("is not a feature of this model", column=surplus[0])
    sizes = {len(values) for values in inputs.values()}
    if len(sizes) != 1 or 0 in sizes:
        raise InputError("all inputs must have the same shape [n], with n at least 1")
    parsed = [_parsed(column, inputs[column.name]) for column in schema.features]
    return [dict(zip(schema.feature_names, values, strict=True)) for values in zip(*parsed, strict=True)]


def scores(body: Mapping[str, Any]) -> list[Score]:
    """The n answers in a reply's body."""
    outputs = {output["name"]: output["data"] for output in body["outputs"]}
    answers = zip(outputs["score"], outputs["version"], outputs["route"], strict=True)
    return [
        Score(prediction_id(body["id"], row), float(score), str(version), str(route))
        for row, (score, version, route) in enumerate(answers)
    ]


def prediction_id(request_id: str, row: int) -> str:
    """The prediction log's key of row number `row` (from 0) of a request."""
    return f"{request_id}:{row}"


def _parsed(column: Column, values: Sequence[Any]) -> list[Value]:
    parsed: list[Value] = []
    for number, value in enumerate(values, 1):
        try:
            parsed.append(column.parse(value))
        except ValueError as error:
            raise InputError(str(error), row=number, column=column.name) from None
    return parsed


def _tensor(name: str, datatype: str, data: list[Any]) -> dict[str, Any]:
    return {"name": name, "shape": [len(data)], "datatype": datatype, "data": data}
