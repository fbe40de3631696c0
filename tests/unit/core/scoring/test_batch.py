"""The rows of a request by column: the same records as row by row."""

from typing import Any

import pytest

from core.scoring.batch import Batch
from core.scoring.packed import FEW, pack, rows_of
from tests.scoring.fakes import AT


def batch(many: int, *, campaign: str = "spring:", mixed: bool = True, **more: Any) -> Batch:
    scores = [1 / (row + 3) for row in range(many)]
    columns: dict[str, Any] = {
        "prospect": [f"{campaign}{row}" for row in range(many)],
        "score": scores,
        "version": ["3" if row % 2 else "4" for row in range(many)],
        "route": ["champion"] * many,
        "shadow_score": [None] * many,
        "shadow_version": [None] * many,
        "level": [0.1 + 0.2] * many,
        "shadow_level": [None] * many,
        "reasons": [[{"column": "age", "effect": 0.1}] if row == 1 else None for row in range(many)],
    }
    features: dict[str, Any] = {
        "age": list(range(many)),
        "job": ["cook"] * many,
        "rate": [1 if row else 1.0 for row in range(many)],
    }
    speaking: dict[str, Any] = {"version": ["5"] * many, "weight": [0.8] * many, "score": scores}
    return Batch("r", AT, features, columns | more, speaking if mixed else None)


@pytest.mark.parametrize("many", [1, FEW, 120])
@pytest.mark.parametrize("mixed", [True, False])
def test_a_request_by_column_is_stored_as_row_by_row(many: int, mixed: bool) -> None:
    by_column, by_row = batch(many, mixed=mixed), pack([row.document() for row in batch(many, mixed=mixed)])
    assert by_column.documents() == by_row
    rows = list(rows_of(by_column.documents()))
    assert rows == [row.document() for row in by_column]
    assert [type(row["features"]["rate"]) for row in rows] == [float, *[int] * (many - 1)], "1 is not 1.0"


def test_people_of_several_campaigns_are_stored_one_by_one() -> None:
    odd = batch(10, prospect=[f"{'spring' if row else 'autumn'}:{row}" for row in range(10)])
    assert odd.documents() == [row.document() for row in odd]


def test_a_batch_is_a_sequence_of_its_rows() -> None:
    rows = batch(10)
    assert (len(rows), rows[-1].id, [row.id for row in rows[2:4]]) == (10, "r:9", ["r:2", "r:3"])
    assert rows[3].mixed == {"version": "5", "weight": 0.8, "score": 1 / 6}
    reasons = [{"column": "age", "effect": 0.1}]
    assert [row.reasons for row in rows.with_column("reasons", [reasons] * 10)] == [reasons] * 10
    with pytest.raises(IndexError):
        rows[10]
