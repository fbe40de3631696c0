"""Many rows of one request in one record, and out again."""

from datetime import UTC, datetime
from typing import Any

import bson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.scoring.packed import FEW, ROWS, count_rows, different_row, pack, record_of, rows_of, same_answers, without
from core.stores.mongo import Document

AT = datetime(2026, 5, 4, 3, 2, 1, 987000, tzinfo=UTC)
FEATURES = st.fixed_dictionaries(
    {"age": st.integers(-(2**63), 2**63 - 1), "rate": st.none() | st.floats(allow_nan=False), "job": st.text()}
)


def request(features: list[dict[str, Any]], campaign: str = "spring:") -> list[Document]:
    return [
        {
            "_id": f"r:{row}",
            "request": "r",
            "prospect": f"{campaign}{row}",
            "features": values,
            "score": 1 / (row + 3),
            "version": "3" if row % 2 else "4",
            "route": "champion",
            "at": AT,
            "shadow_score": None,
            "shadow_version": None,
            "level": 0.1 + 0.2,
            "reasons": [{"column": "age", "effect": 0.1}] if row == 1 else None,
            "mixed": {"version": "5", "weight": 0.8} if row % 3 else None,
        }
        for row, values in enumerate(features)
    ]


def alike(many: int, campaign: str = "spring:") -> list[Document]:
    return request([{"age": row, "rate": None, "job": "cook"} for row in range(many)], campaign)


@given(st.lists(FEATURES, min_size=1, max_size=2 * ROWS + 1))
def test_rows_come_out_as_they_went_in(features: list[dict[str, Any]]) -> None:
    rows = request(features)
    aware: bson.CodecOptions[Document] = bson.CodecOptions(tz_aware=True)
    stored = [bson.decode(bson.encode(record), codec_options=aware) for record in pack(rows)]
    assert list(rows_of(stored)) == rows
    assert sum(map(count_rows, stored)) == len(rows)


def test_few_rows_stay_records_of_their_own() -> None:
    assert pack(alike(FEW - 1)) == alike(FEW - 1)
    assert [count_rows(record) for record in pack(alike(2 * ROWS + 1))] == [ROWS, ROWS, 1]


@pytest.mark.parametrize(
    "odd",
    [
        {"prospect": "autumn:1"},
        {"prospect": "1"},
        {"features": {"age": 1}},
        {"at": AT.replace(year=2027)},
        {"more": 1},
    ],
)
def test_rows_that_are_not_alike_stay_records_of_their_own(odd: dict[str, Any]) -> None:
    rows = alike(20)
    rows[7] |= odd
    assert pack(rows) == rows


def test_the_head_says_what_is_searched_for() -> None:
    [record] = pack(alike(10))
    assert (record["_id"], record["at"], record["campaign"]) == ("r:0", AT, "spring")
    assert record["prospect"] == sorted(f"spring:{row}" for row in range(10))
    assert (record["version"], record["shadow_version"]) == (["3", "4"], [])
    assert record["mixed"] == {"version": ["5"]}
    [nobodys] = pack([row | {"prospect": ""} for row in alike(10)])
    assert (nobodys["campaign"], nobodys["prospect"]) == ("", [])


def test_every_row_names_the_record_that_holds_it() -> None:
    for record in pack(alike(2 * ROWS + 10)):
        assert {record_of(row["_id"]) for row in rows_of([record])} == {record["_id"]}
    assert record_of("no number") == "no number"


def test_only_those_who_are_wanted_come_out() -> None:
    found = rows_of([*pack(alike(20)), {"_id": "old:0", "prospect": "spring:3"}], {"spring:3", "spring:19"})
    assert [row["_id"] for row in found] == ["r:3", "r:19", "old:0"]


def test_a_record_goes_on_without_whoever_is_forgotten() -> None:
    [record] = pack(alike(20))
    rest = without(record, {"spring:0", "spring:7"}.__contains__)
    assert rest is not None
    assert list(rows_of([rest])) == [row for row in alike(20) if row["prospect"] not in ("spring:0", "spring:7")]
    assert (rest["_id"], count_rows(rest)) == ("r:0", 18)
    assert "spring:7" not in rest["prospect"]
    assert without(record, lambda _key: False) is record
    assert without(record, lambda _key: True) is None
    [plain] = pack(alike(1))
    assert without(plain, {"spring:0"}.__contains__) is None


def test_another_question_is_found_in_its_row() -> None:
    [held] = pack(alike(20))
    rows = alike(20)
    rows[12] |= {"features": {**rows[12]["features"], "age": 99}}
    assert different_row(held, *pack(rows)) == "r:12"
    assert different_row(held, *pack(alike(15))) is None, "the same request with fewer rows"
    assert different_row(held, *pack(alike(21))) == "r:20"
    assert different_row(held, *pack([row | {"score": 0.9} for row in alike(20)])) is None
    assert not same_answers(held, *pack([row | {"score": 0.9} for row in alike(20)]))
    assert same_answers(held, *pack([row | {"at": AT.replace(year=2027)} for row in alike(20)]))
