"""The V2 body: what is asked comes out as it went in, and what breaks a rule is named."""

import json
import math
from pathlib import Path
from typing import Any

import pytest

from core.errors import InputError
from core.schema import Schema, read_schema
from core.schema.column import Value
from core.scoring import protocol
from core.scoring.reasons import Reason, to_json

SCHEMA = """
name: small
title: Small
outcome: {column: y, positive: "yes", negative: "no", label: Bought}
columns:
  - {name: age, label: Age, type: integer, role: profile, minimum: 17, maximum: 110}
  - {name: calls, label: Calls, type: integer, role: history, minimum: 0}
  - {name: job, label: Job, type: category, role: profile, categories: [nurse, técnico]}
  - {name: rate, label: Rate, type: number, role: indicator, minimum: -5, maximum: 5}
  - {name: duration, label: Length, type: integer, role: after_call}
"""
ROWS: list[dict[str, Value]] = [
    {"age": 30, "calls": 2, "job": "nurse", "rate": 0.1 + 0.2},
    {"age": 41, "calls": 0, "job": "técnico", "rate": -4.0},
]


@pytest.fixture(scope="module")
def schema(tmp_path_factory: pytest.TempPathFactory) -> Schema:
    path: Path = tmp_path_factory.mktemp("schema") / "schema.yaml"
    path.write_text(SCHEMA, encoding="utf-8")
    return read_schema(path)


def tensors(schema: Schema, **changed: Any) -> list[protocol.Tensor]:
    """The inputs of ROWS after a trip through JSON; `changed` replaces the data of one, or all of it with a Tensor."""
    body = json.loads(json.dumps(protocol.request(schema, ROWS, ["p:1", "p:2"], "r")))
    sent = [protocol.Tensor(i["name"], i["datatype"], i["shape"], i["data"]) for i in body["inputs"]]
    assert set(changed) <= {tensor.name for tensor in sent}
    return [
        given
        if isinstance(given := changed.get(tensor.name, tensor.data), protocol.Tensor)
        else tensor._replace(data=given)
        for tensor in sent
    ]


def broken(schema: Schema, sent: list[protocol.Tensor]) -> str:
    with pytest.raises(InputError) as caught:
        protocol.parse(schema, sent)
    return str(caught.value)


def test_rows_and_prospects_come_out_as_they_went_in(schema: Schema) -> None:
    assert protocol.parse(schema, tensors(schema)) == protocol.Rows.of(ROWS, ["p:1", "p:2"])


def test_a_request_without_prospects_has_rows_of_nobody(schema: Schema) -> None:
    sent = [tensor for tensor in tensors(schema) if tensor.name != protocol.PROSPECT]
    assert protocol.parse(schema, sent).prospects == ["", ""]


def test_bytes_and_columns_of_shape_n_1_are_read_too(schema: Schema) -> None:
    sent = [
        tensor._replace(
            shape=[2, 1], data=[v.encode() for v in tensor.data] if tensor.datatype == "BYTES" else tensor.data
        )
        for tensor in tensors(schema)
    ]
    assert protocol.parse(schema, sent) == protocol.Rows.of(ROWS, ["p:1", "p:2"])


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"age": [30, 12]}, "row 2, column 'age': 12 is not a whole number from 17 to 110"),
        ({"age": [30, None]}, "row 2, column 'age': is empty; must be a whole number from 17 to 110"),
        ({"age": ["30", 41]}, "row 1, column 'age': '30' is not a whole number from 17 to 110"),
        ({"age": [30.5, 41]}, "row 1, column 'age': 30.5 is not a whole number from 17 to 110"),
        ({"age": [[30], [41]]}, "row 1, column 'age': [30] is not a whole number"),
        ({"calls": [True, 0]}, "row 1, column 'calls': True is not a whole number from 0"),
        ({"calls": [0, 2**63]}, "row 2, column 'calls': 9223372036854775808 does not fit INT64"),
        ({"calls": [0, 1e300]}, "row 2, column 'calls': 1e+300 does not fit INT64"),
        ({"calls": [0, 10**400]}, "does not fit INT64"),
        ({"rate": [math.nan, 1.0]}, "row 1, column 'rate': is empty; must be a number from -5 to 5"),
        ({"rate": [1.0, math.inf]}, "row 2, column 'rate': inf is not a number from -5 to 5"),
        ({"job": ["nurse", "pilot"]}, "row 2, column 'job': 'pilot' is not one of nurse, técnico"),
        ({"job": ["nurse", ""]}, "row 2, column 'job': is empty; must be one of nurse, técnico"),
        ({"job": ["nurse", None]}, "row 2, column 'job': is empty; must be one of nurse, técnico"),
        ({"job": ["nurse", 5]}, "row 2, column 'job': 5 is not one of nurse, técnico"),
        ({"job": ["nurse", b"\xff"]}, "row 2, column 'job': is not UTF-8"),
        ({"prospect": ["p", ""]}, "row 2, column 'prospect': '' is not a key of 1 to 256 printable characters"),
        ({"prospect": ["p\n", "q"]}, "row 1, column 'prospect': 'p\\n' is not a key"),
        ({"prospect": ["p" * 257, "q"]}, "row 1, column 'prospect':"),
        ({"job": protocol.Tensor("job", "INT64", [2], [1, 2])}, "column 'job': is sent as INT64; must be BYTES"),
        ({"age": protocol.Tensor("age", "BYTES", [2], ["1", "2"])}, "column 'age': is sent as BYTES; must be INT64"),
        ({"calls": protocol.Tensor("calls", "BOOL", [2], [1, 0])}, "column 'calls': is sent as BOOL; must be INT64"),
        ({"prospect": protocol.Tensor("prospect", "INT64", [2], [1, 2])}, "column 'prospect': is sent as INT64"),
        ({"rate": protocol.Tensor("rate", "FP64", [3], [1.0, 2.0])}, "column 'rate': has shape [3] and 2 values"),
        ({"rate": protocol.Tensor("rate", "FP64", [1, 2], [1.0, 2.0])}, "column 'rate': has shape [1, 2] and 2 values"),
        ({"rate": protocol.Tensor("rate", "FP64", [1], [1.0])}, "column 'rate': has shape [1] and 1 values"),
        ({"job": protocol.Tensor("rate", "FP64", [2], [1.0, 1.0])}, "column 'rate': the input is sent twice"),
        ({"job": protocol.Tensor("jbo", "BYTES", [2], ["nurse", "nurse"])}, "column 'job': the input is missing"),
        ({"prospect": protocol.Tensor("duration", "INT64", [2], [9, 9])}, "column 'duration': is not a feature"),
    ],
)
def test_a_broken_rule_is_named_with_row_and_column(schema: Schema, changed: dict[str, Any], said: str) -> None:
    assert said in broken(schema, tensors(schema, **changed))


def test_a_missing_input_says_what_is_needed(schema: Schema) -> None:
    assert "Needed: age, calls, job, rate." in broken(schema, tensors(schema)[1:])


def test_an_error_does_not_repeat_a_long_value(schema: Schema) -> None:
    assert len(broken(schema, tensors(schema, job=["nurse", "x" * 100_000]))) < 300


@pytest.mark.parametrize(("rows", "said"), [(0, "no rows"), (protocol.MAX_ROWS + 1, "10001 rows in one request")])
def test_too_few_and_too_many_rows_are_refused(schema: Schema, rows: int, said: str) -> None:
    sent = [tensor._replace(shape=[rows], data=list(tensor.data[:1]) * rows) for tensor in tensors(schema)]
    assert said in broken(schema, sent)


def test_what_cannot_be_sent_is_named_before_it_is(schema: Schema) -> None:
    with pytest.raises(InputError, match="row 2, column 'rate': nan is not a number"):
        protocol.request(schema, [ROWS[0], {**ROWS[1], "rate": math.nan}], ["a", "b"], "r")
    with pytest.raises(InputError, match="row 1, column 'age': the value is missing"):
        protocol.request(schema, [{"calls": 1, "job": "nurse", "rate": 1.0}], ["a"], "r")


@pytest.mark.parametrize("request_id", ["a", "0b6f4c8e-7a0d-4a7e-8f4e-2a4a7b9c0d1e", "list:7/page=2", "x" * 128])
def test_usual_request_ids_are_taken(request_id: str) -> None:
    protocol.check_request_id(request_id)


@pytest.mark.parametrize("request_id", ["", " ", "a b", "a\n", "a\r\nSet-Cookie: x", "ü", "x" * 129, "\x00", "{}"])
def test_hostile_request_ids_are_refused(request_id: str) -> None:
    with pytest.raises(InputError, match="request id"):
        protocol.check_request_id(request_id)


def test_reasons_are_asked_for_by_name_and_read(schema: Schema) -> None:
    assert "outputs" not in protocol.request(schema, ROWS[:1], ["a"], "r")
    asked = protocol.request(schema, ROWS[:1], ["a"], "r", with_reasons=True)["outputs"]
    assert protocol.asked_outputs([one["name"] for one in asked]) == protocol.WITH_REASONS
    assert protocol.asked_outputs([]) == protocol.OUTPUTS
    with pytest.raises(InputError, match="'excuses': is not an output"):
        protocol.asked_outputs(["score", "excuses"])
    given = (Reason("job", 0.5), Reason("age", -0.25))
    outputs = [
        {"name": "route", "data": ["champion"] * 3},
        {"name": "version", "data": ["3"] * 3},
        {"name": "score", "data": [0.25] * 3},
        {"name": "reasons", "data": [to_json(given), to_json(()), to_json(None)]},
    ]
    assert [score.reasons for score in protocol.scores({"id": "r", "outputs": outputs})] == [given, (), None]


def test_a_reply_is_read_into_scores() -> None:
    outputs = [
        {"name": "route", "data": ["champion", "canary"]},
        {"name": "version", "data": ["3", "4"]},
        {"name": "score", "data": [0.25, 1.0]},
    ]
    assert protocol.scores({"id": "r", "outputs": outputs}) == [
        protocol.Score("r:0", 0.25, "3", "champion"),
        protocol.Score("r:1", 1.0, "4", "canary"),
    ]
