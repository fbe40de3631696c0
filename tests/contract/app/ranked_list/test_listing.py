"""What the call list asks before it shows its first rows: nothing that grows with the list."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from app.ranked_list.listing import PAGE, ListState, list_state, page
from core.clock import now
from core.stores.mongo import Db, Document
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
