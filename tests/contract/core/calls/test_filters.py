"""Whom a filter lets through, and that the next claim is one of them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.calls.claims import claim, release
from core.calls.filters import EVERYBODY, CallFilter, best_prospects, categories, ensure_indexes, numbers
from core.calls.lifecycle import Result
from core.calls.recording import CallReport, record
from core.clock import now
from core.schema import Schema
from core.stores.mongo import Db

MARITAL = ["married", "single", "divorced"]
BEFORE = ["nonexistent", "success", "failure", "nonexistent"]


@pytest.fixture
def spring(db: Db, schema: Schema) -> Db:
    """Twenty-four people: the better, the older; marital status and the last campaign go round."""
    ensure_indexes(db, schema)
    db.campaigns.insert_one({"_id": "spring"})
    db.prospects.insert_many(
        [
            {
                "_id": f"spring:{n:02d}",
                "campaign": "spring",
                "ref": f"{n:02d}",
                "status": "open",
                "score": n / 100,
                "claim": None,
                "features": {"marital": MARITAL[n % 3], "poutcome": BEFORE[n % 4], "age": 20 + n},
            }
            for n in range(24)
        ]
    )
    return db


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (EVERYBODY, [23, 22, 21]),
        (CallFilter(equal={"marital": "married"}), [21, 18, 15]),
        (CallFilter(equal={"marital": "married", "poutcome": "success"}), [21, 9]),
        (CallFilter(floor=0.05, ceiling=0.08), [7, 6, 5]),
        (CallFilter(equal={"marital": "single"}, ceiling=0.08), [7, 4, 1]),
        (CallFilter(least={"age": 42}), [23, 22]),
        (CallFilter(equal={"marital": "divorced"}, least={"age": 40}), [23, 20]),
        (CallFilter(equal={"marital": "unknown"}), []),
    ],
    ids=str,
)
def test_a_filter_changes_whom_the_next_claim_takes(spring: Db, wanted: CallFilter, expected: list[int]) -> None:
    assert [int(p["ref"]) for p in best_prospects(spring, "spring", wanted, 3)] == expected
    taken = [claim(spring, "spring", agent, call_filter=wanted) for agent in ("ann", "bob", "cid")]
    assert [int(p["ref"]) for p in taken if p] == expected


def test_a_promised_call_comes_back_whatever_is_wanted(spring: Db) -> None:
    assert claim(spring, "spring", "ann") is not None
    record(spring, "spring:23", "ann", CallReport(Result.CALLBACK, again=now() + timedelta(minutes=1)))
    spring.prospects.update_one({"_id": "spring:23"}, {"$set": {"due": 1}})
    taken = claim(spring, "spring", "ann", call_filter=CallFilter(equal={"marital": "single"}))
    assert taken is not None
    assert taken["_id"] == "spring:23"
    release(spring, "spring:23", "ann")


def test_what_can_be_asked_for_comes_from_the_schema(schema: Schema) -> None:
    assert [column.name for column in categories(schema)] == ["job", "marital", "poutcome"]
    assert [column.name for column in numbers(schema)] == ["age"]
