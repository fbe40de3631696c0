"""What is asked of the server while calls are claimed and recorded: nothing that grows with the list.

No clock: what is looked at is the questions themselves. The embedded server's updates use the index of keys alone, and
its aggregations any index whose first columns are asked for by equality.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from core.calls import undo
from core.calls.claims import claim, held_by, release
from core.calls.filters import AHEAD, CallFilter, best_prospects, categories, ensure_indexes, index
from core.calls.lifecycle import Result
from core.calls.recording import CallReport, record
from core.clock import now
from core.schema import Schema
from core.stores.mongo import INDEXES, Db
from tests.questions import Questions, listened_to


@pytest.fixture
def questions(db: Db) -> Iterator[tuple[Db, Questions]]:
    with listened_to(db) as found:
        yield found


def by_index(collection: str, pipeline: list[dict[str, Any]], *more: list[tuple[str, int]]) -> bool:
    """Whether an index of `collection`, or one `more`, has what `pipeline` matches first, and then what it sorts by.

    Behind a limit it may match what it likes.
    """
    match = pipeline[0]["$match"]
    order = next((list(stage["$sort"]) for stage in pipeline if "$sort" in stage), [])
    order = [name for name in order if name != "_id"]  # the few that an index finds are sorted by key
    bounded = [next(iter(stage)) for stage in pipeline].index("$limit") if len(pipeline) > 1 else 0
    if any("$match" in stage for stage in pipeline[1:bounded]):
        return False
    indexes = [[name for name, _ in index] for index in (*INDEXES[collection], *more)]
    by_value = [[name for name in index if name in match and name not in order] for index in indexes]
    return any(
        found and index[: len(found) + len(order)] == [*found, *order]
        for index, found in zip(indexes, by_value, strict=True)
    )


def test_every_question_is_answered_from_an_index_and_bounded(questions: tuple[Db, Questions]) -> None:
    db, listener = questions
    db.campaigns.insert_one({"_id": "spring"})
    shared = {"campaign": "spring", "status": "open", "claim": None}
    db.prospects.insert_many([{"_id": f"spring:{n}", "ref": f"{n}", "score": n / 40, **shared} for n in range(40)])
    listener.asked.clear()
    for result in Result:
        taken = claim(db, "spring", "ann")
        assert taken is not None
        assert held_by(db, "spring", "ann", now())
        call = record(db, taken["_id"], "ann", CallReport(result, again=now() + timedelta(hours=1)))
        assert undo.last_undoable(db, "spring", "ann") is not None
        undo.undo(db, call["_id"], "ann")
        release(db, taken["_id"], "ann")
    assert {name for name, _, _ in listener.asked} >= {"aggregate", "find", "findAndModify", "update", "delete"}
    for name, collection, command in listener.asked:
        if name == "aggregate" and collection in INDEXES:
            stages = command["pipeline"]
            assert by_index(collection, stages), command
            assert not any("$skip" in stage for stage in stages), command
            assert any("$limit" in stage for stage in stages) or "claim.by" in stages[0]["$match"], command
        elif name == "find" and collection in INDEXES:
            assert "_id" in command["filter"], command
        elif name == "findAndModify":
            assert "_id" in command["query"], command
        elif name in ("update", "delete"):
            for one in command[f"{name}s"]:
                assert "_id" in one["q"], command


ASKED = [
    CallFilter(equal={"marital": "single"}),
    CallFilter(equal={"poutcome": "success", "marital": "single"}),
    CallFilter(equal={"marital": "single"}, floor=0.2, ceiling=0.8),
    CallFilter(least={"age": 30}),
    CallFilter(floor=0.2),
    CallFilter(equal={"marital": "single"}, least={"age": 200}),
]


@pytest.mark.parametrize("wanted", ASKED, ids=str)
def test_a_filter_asks_no_more_than_the_list_does(
    questions: tuple[Db, Questions], schema: Schema, wanted: CallFilter
) -> None:
    db, listener = questions
    ensure_indexes(db, schema)
    listener.asked.clear()
    assert best_prospects(db, "spring", wanted, 25) == []
    [(name, collection, command)] = listener.asked
    assert (name, collection) == ("aggregate", "prospects")
    indexes = [index(column.name) for column in categories(schema)]
    assert by_index("prospects", command["pipeline"], *indexes), command
    assert all(stage["$limit"] <= AHEAD for stage in command["pipeline"] if "$limit" in stage)
