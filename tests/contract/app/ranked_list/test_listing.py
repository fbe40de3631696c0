"""What the call list asks before it shows its first rows: nothing that grows with the list."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone

import pytest

from app.ranked_list.listing import PAGE, ListState, list_state, page, results_since
from core.clock import now
from core.stores.mongo import Db, Document, ensure_indexes
from tests.questions import Questions, listened_to


@pytest.fixture
def questions(db: Db) -> Iterator[tuple[Db, Questions]]:
    with listened_to(db) as found:
        yield found


def put(db: Db, *people: tuple[str, float | None]) -> None:
    db.prospects.delete_many({})
    shared: Document = {"campaign": "spring", "claim": None, "features": {}}
    db.prospects.insert_many(
        [
            {"_id": f"spring:{n:03d}", "ref": f"{n:03d}", "status": status, "score": score, **shared}
            for n, (status, score) in enumerate(people)
        ]
    )


@pytest.mark.parametrize(
    ("people", "found"),
    [
        ([("open", None), ("open", 0.2)], ListState(open=True, ranked=True, to_call=True)),
        ([("open", None), ("done", 0.2)], ListState(open=True, ranked=False, to_call=True)),
        ([("callback", 0.1), ("done", 0.2)], ListState(open=False, ranked=False, to_call=True)),
        ([("paused", 0.1)], ListState(open=False, ranked=False, to_call=True)),
        ([("done", 0.1), ("off", 0.2)], ListState(open=False, ranked=False, to_call=False)),
    ],
)
def test_it_says_who_is_left(db: Db, people: list[tuple[str, float | None]], found: ListState) -> None:
    put(db, *people)
    assert list_state(db, "spring") == found
    assert list_state(db, "autumn") == ListState(open=False, ranked=False, to_call=False)


def test_the_first_rows_are_found_by_index_and_bounded(questions: tuple[Db, Questions]) -> None:
    db, listener = questions
    put(db, *[("open", place // 2 / 100) for place in range(60)])
    listener.asked.clear()
    assert list_state(db, "spring").ranked
    first, second = page(db, "spring", 1, now()), page(db, "spring", 2, now())
    assert [entry.ref for entry in first[:4]] == ["058", "059", "056", "057"], "of one score, in the order of the refs"
    assert len({entry.id for entry in (*first, *second)}) == 2 * PAGE
    for name, collection, command in listener.asked:
        assert (name, collection) == ("aggregate", "prospects")
        stages = {next(iter(stage)): stage for stage in command["pipeline"]}
        assert list(stages["$match"]["$match"]) == ["campaign", "status"]
        assert list(stages["$sort"]["$sort"]) == ["score", "ref"], "the index's own order"
        assert stages["$limit"]["$limit"] <= PAGE


def test_the_calls_of_today_are_found_without_those_of_the_year(questions: tuple[Db, Questions]) -> None:
    db, listener = questions
    ensure_indexes(db)
    midnight = datetime(2026, 11, 3, tzinfo=timezone(timedelta(hours=1)))
    made = [
        ("ann", "spring", "sold", timedelta(0)),
        ("ann", "spring", "refused", timedelta(hours=9)),
        ("ann", "spring", "sold", timedelta(hours=10)),
        ("ann", "spring", "sold", -timedelta(seconds=1)),
        ("ann", "autumn", "sold", timedelta(hours=9)),
        ("bob", "spring", "sold", timedelta(hours=9)),
    ]
    db.calls.insert_many(
        [
            {"_id": str(place), "agent": agent, "campaign": campaign, "result": result, "at": midnight + after}
            for place, (agent, campaign, result, after) in enumerate(made)
        ]
    )
    listener.asked.clear()
    assert results_since(db, "spring", "ann", midnight) == {"sold": 2, "refused": 1}
    [(_, _, asked)] = [one for one in listener.asked if one[1] == "calls"]
    plan = str(db.calls.find(asked["filter"]).explain()["queryPlanner"]["winningPlan"])
    assert "COLLSCAN" not in plan
    assert "SCAN calls" not in plan
