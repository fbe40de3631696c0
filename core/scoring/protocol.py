"""The V2 inference protocol as Callwise uses it: one input per column, BYTES for words, INT64, FP64.

A blank of an optional column is null in JSON; over gRPC it is NaN, or an empty word. A date is the number of days
before the call (`core.schema.as_of`).

Request: inputs named like the schema's features, all of shape [n] (or [n, 1]), and optionally `prospect` (BYTES), the
key that decides the route. Reply: outputs `score` (FP64, [n], the probability of a sale), `version` and `route` (BYTES,
[n]), because different models may score two prospects of one request. A request may name its outputs; among them may be
`reasons` (BYTES, [n]), each row's reasons as `core.scoring.reasons.to_json` writes them.

With the parameter `what_if`, nobody is called because of the answer: the champion alone scores, and nothing is logged,
routed or counted. Source: KServe, Open Inference Protocol V2.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple, Self

from core.errors import InputError
from core.schema import RESERVED, Schema
from core.schema.column import NUMBERS, Column, ColumnType, Value
from core.schema.number_columns import ordinary_numbers
from core.scoring import reasons
from core.scoring.reasons import Reason
from core.values.keys import same_key

PROSPECT = RESERVED
WHAT_IF = "what_if"
OUTPUTS = {"score": "FP64", "version": "BYTES", "route": "BYTES"}
REASONS = "reasons"
WITH_REASONS = {**OUTPUTS, REASONS: "BYTES"}

# A request is scored, logged and answered as a whole; a longer list needs several requests.
MAX_ROWS = 10_000
MAX_PROSPECT = 256
PROSPECT_RULE = f"a key of 1 to {MAX_PROSPECT} printable characters"
MANY = 20  # rows from which it pays to read a column's numbers at once
SHOWN = 80  # characters of a wrong value that an error quotes
INT64 = range(-(2**63), 2**63)
# The id becomes part of the log's keys and of reply headers, so it is plain ASCII without blanks.
REQUEST_ID = re.compile(r"[A-Za-z0-9._:@=+/-]{1,128}")


class Tensor(NamedTuple):
    """One input as received: n raw values, with the shape and type that the sender states."""

    name: str
    datatype: str
    shape: Sequence[int]
    data: Sequence[Any]


@dataclass(frozen=True)
class Rows:
    """A request's n rows: n values of each feature, and n prospect keys ("" where none was sent)."""

    columns: Mapping[str, Sequence[Value]]
    prospects: Sequence[str]

    @classmethod
    def of(cls, features: Sequence[Mapping[str, Value]], prospects: Sequence[str]) -> Self:
        """The rows of n (n > 0) mappings of feature to value."""
        return cls({name: [row[name] for row in features] for name in features[0]}, prospects)

    def __len__(self) -> int:
        return len(self.prospects)

    @cached_property
    def features(self) -> list[dict[str, Value]]:
        """The rows, each as a mapping of feature to value."""
        return [dict(zip(self.columns, values, strict=True)) for values in zip(*self.columns.values(), strict=True)]


@dataclass(frozen=True)
class Score:
    """One row's answer. `prediction` is its key in the prediction log. `reasons` are None where there are none."""

    prediction: str
    score: float
    version: str
    route: str
    reasons: tuple[Reason, ...] | None = None


def inputs(schema: Schema) -> dict[str, str]:
    """Names and datatypes of all inputs of a request, in order."""
    return {**{column.name: datatype(column) for column in schema.features}, PROSPECT: "BYTES"}


def datatype(column: Column) -> str:
    """The datatype of a feature's input. A whole number that may be blank is FP64, because gRPC has no other blank."""
    if column.is_category:
        return "BYTES"
    return "INT64" if column.type is ColumnType.INTEGER and not column.optional else "FP64"


def request(
    schema: Schema,
    rows: Sequence[Mapping[str, Value]],
    prospects: Sequence[str],
    request_id: str,
    *,
    what_if: bool = False,
    with_reasons: bool = False,
) -> dict[str, Any]:
    """The body that requests the scores of `rows` (n mappings of feature to value) of `prospects` (n keys).

    Raises InputError for a missing feature and for a number that JSON does not know.
    """
    tensors = [
        _tensor(column.name, datatype(column), [_sendable(row, number, column) for number, row in enumerate(rows, 1)])
        for column in schema.features
    ]
    body: dict[str, Any] = {"id": request_id}
    if what_if:
        body["parameters"] = {WHAT_IF: True}
    body["inputs"] = [*tensors, _tensor(PROSPECT, "BYTES", list(prospects))]
    if with_reasons:
        body["outputs"] = [{"name": name} for name in WITH_REASONS]
    return body


def is_prospect(key: str) -> bool:
    """Whether a request may carry this prospect's key."""
    return 0 < len(key) <= MAX_PROSPECT and key.isprintable()


def refusal(schema: Schema, row: Mapping[str, Value], prospect: str) -> InputError | None:
    """The scoring service's error for this row, or None. The service itself refuses a request only as a whole."""
    try:
        tensors = request(schema, [row], [prospect], "")["inputs"]
        parse(schema, [Tensor(**tensor) for tensor in tensors])
    except InputError as error:
        return error
    return None


def asks_what_if(parameters: Mapping[str, Any]) -> bool:
    """Whether the request is a what-if. Raises InputError for no boolean, as a guess could lose a prediction."""
    what_if = parameters.get(WHAT_IF, False)
    if not isinstance(what_if, bool):
        raise InputError(f"the parameter {WHAT_IF} is {_shown(what_if)}; must be true or false")
    return what_if


def parse(schema: Schema, tensors: Sequence[Tensor]) -> Rows:
    """The n rows in `tensors`, checked against the schema. Raises InputError naming column, row (from 1) and rule."""
    by_name = {tensor.name: tensor for tensor in tensors}
    if len(by_name) != len(tensors):
        names = [tensor.name for tensor in tensors]
        raise InputError("the input is sent twice", column=next(name for name in names if names.count(name) > 1))
    missing = [name for name in schema.feature_names if name not in by_name]
    if missing:
        raise InputError("the input is missing", column=missing[0], next=f"Needed: {', '.join(schema.feature_names)}.")
    surplus = sorted(set(by_name) - set(schema.feature_names) - {PROSPECT})
    if surplus:
        raise InputError("is not a feature of this model", column=surplus[0][:SHOWN])
    rows = len(by_name[schema.feature_names[0]].data)
    if rows > MAX_ROWS:
        raise InputError(f"{rows} rows in one request; at most {MAX_ROWS} are allowed", next="Send it in several.")
    if rows == 0:
        raise InputError("the request has no rows; send at least 1")
    for tensor in tensors:
        _check_shape(tensor, rows)
    columns = {column.name: _parsed(column, by_name[column.name]) for column in schema.features}
    return Rows(columns, _keys(by_name[PROSPECT]) if PROSPECT in by_name else [""] * rows)


def asked_outputs(names: Sequence[str]) -> dict[str, str]:
    """Names and datatypes of the outputs that a request names; `OUTPUTS` where it names none. Raises InputError."""
    if unknown := [name for name in names if name not in WITH_REASONS]:
        raise InputError("is not an output of this model", column=unknown[0][:SHOWN])
    return {name: WITH_REASONS[name] for name in names} or OUTPUTS


def check_request_id(request_id: str) -> None:
    """Raise InputError unless `request_id` may be part of the log's keys."""
    if not REQUEST_ID.fullmatch(request_id):
        raise InputError("the request id must be 1 to 128 letters, digits or . _ : @ = + / -, without blanks")


def scores(body: Mapping[str, Any]) -> list[Score]:
    """The n answers in a reply's body."""
    outputs = {output["name"]: output["data"] for output in body["outputs"]}
    texts = outputs.get(REASONS, ["null"] * len(outputs["score"]))
    answers = zip(outputs["score"], outputs["version"], outputs["route"], texts, strict=True)
    return [
        Score(prediction_id(body["id"], row), float(score), str(version), str(route), reasons.from_json(text))
        for row, (score, version, route, text) in enumerate(answers)
    ]


def prediction_id(request_id: str, row: int) -> str:
    """The prediction log's key of row number `row` (from 0) of a request."""
    return f"{request_id}:{row}"


def _check_shape(tensor: Tensor, rows: int) -> None:
    if list(tensor.shape) not in ([rows], [rows, 1]) or len(tensor.data) != rows:
        raise InputError(
            f"has shape {list(tensor.shape)} and {len(tensor.data)} values; all inputs must have the same shape [n], "
            f"and the first has {rows} values",
            column=tensor.name,
        )


def _parsed(column: Column, tensor: Tensor) -> list[Value]:
    if (tensor.datatype == "BYTES") != column.is_category or tensor.datatype == "BOOL":
        raise InputError(f"is sent as {tensor.datatype}; must be {datatype(column)}", column=column.name)
    sent = tensor.data
    if len(sent) >= MANY and column.type in NUMBERS and set(map(type, sent)) in ({int}, {float}):
        ordinary = ordinary_numbers(column, sent)
        if ordinary is not None:
            return ordinary
    # Many rows have the same values; True, 1 and 1.0 are not the same.
    keyed: list[Any] = [(type(raw), raw) for raw in sent]
    try:
        hash(tuple(keyed))
    except TypeError:  # a list cannot be a key
        keyed = list(range(len(sent)))
    known: dict[Any, Value] = {}
    for place, key in enumerate(keyed):
        if key not in known:
            try:
                known[key] = _value(sent[place], column)
            except ValueError as error:
                raise InputError(str(error), row=place + 1, column=column.name) from None
    return [known[key] for key in keyed]


def _value(raw: Any, column: Column) -> Value:
    """The value of `column` that was sent as `raw`. Raises ValueError."""
    value = column.parse(_text(raw, column) if column.is_category else _number(raw, column))
    if isinstance(value, int) and value not in INT64:  # 1e300 is a whole number too
        raise ValueError(f"{raw!r} does not fit INT64")
    return value


def _keys(tensor: Tensor) -> list[str]:
    if tensor.datatype != "BYTES":
        raise InputError(f"is sent as {tensor.datatype}; must be BYTES", column=PROSPECT)
    if all(type(raw) is str and ":" in raw and is_prospect(raw) for raw in tensor.data):
        return list(tensor.data)
    keys: list[str] = []
    for number, raw in enumerate(tensor.data, 1):
        try:
            key = _text(raw)
        except ValueError as error:
            raise InputError(str(error), row=number, column=PROSPECT) from None
        if not is_prospect(key):
            raise InputError(f"{_shown(key)} is not {PROSPECT_RULE}", row=number, column=PROSPECT)
        # A key of the company's own, without a campaign, is one key in every spelling.
        keys.append(key if ":" in key else same_key(key) or key)
    return keys


def _text(raw: Any, column: Column | None = None) -> str:
    """`raw` as a word of `column`, or a key. JSON carries BYTES as text, gRPC as bytes; null counts as empty."""
    if raw is None:
        return ""
    if isinstance(raw, bytes):
        try:
            raw = raw.decode()
        except UnicodeDecodeError:
            raise ValueError(f"is not UTF-8; must be {column.rule if column else PROSPECT_RULE}") from None
    if not isinstance(raw, str) or len(raw) > MAX_PROSPECT:
        raise ValueError(f"{_shown(raw)} is not {column.rule if column else PROSPECT_RULE}")
    return raw


def _number(raw: Any, column: Column) -> int | float | None:
    """`raw` if it is a number or null (a blank); text and true are not numbers here."""
    if raw is None or (isinstance(raw, int | float) and not isinstance(raw, bool)):
        if isinstance(raw, int) and raw not in INT64:
            raise ValueError(f"{_shown(raw)} does not fit INT64")
        return raw
    raise ValueError(f"{_shown(raw)} is not {column.rule}")


def _shown(raw: Any) -> str:
    text = repr(raw)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"


def _sendable(row: Mapping[str, Value], number: int, column: Column) -> Value:
    if column.name not in row:
        raise InputError("the value is missing", row=number, column=column.name)
    value = row[column.name]
    if isinstance(value, float) and not math.isfinite(value):
        raise InputError(f"{value!r} is not {column.rule}", row=number, column=column.name)
    return value


def _tensor(name: str, datatype: str, data: list[Any]) -> dict[str, Any]:
    return {"name": name, "shape": [len(data)], "datatype": datatype, "data": data}
