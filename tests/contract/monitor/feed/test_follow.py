"""The feed has everything once, in an order that never changes, whoever writes and dies meanwhile."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from core.calls import do_not_call
from core.feed import sequence
from core.feed.sequence import What
from core.stores.embedded_mongo import milliseconds, remove_by_key
from core.stores.mongo import SOCKET_TIMEOUT_SECONDS, Db
from monitor.feed import follow as following
from monitor.feed.follow import follow

pytestmark = pytest.mark.mongo
START = datetime(2026, 12, 1, 9, tzinfo=UTC)


def call(db: Db, number: int, at: datetime, **more: Any) -> None:
    db.calls.insert_one(
        {
            "_id": f"autumn:{number}:1", "prospect": f"autumn:{number}", "campaign": "autumn", "ref": str(number),
            "call": 1, "result": "sold", "agent": "Ann", "at": at, "again": None, **more,
        }
    )  # fmt: skip


def look(db: Db, at: datetime) -> str:
    return follow(db, db, set(), wishes=True, clock=lambda: at)


def read(db: Db, place: int = 0) -> list[tuple[int, str, str]]:
    return [(one.place, one.change.what.value, one.change.prospect) for one in sequence.after(db, place, 1_000)]


def test_calls_taken_back_and_wishes_are_in_the_feed_once(db: Db) -> None:
    look(db, START)
    call(db, 1, START + timedelta(seconds=1))
    do_not_call.add(db, "9", by="Mia", at=START + timedelta(seconds=2), call="list:1")
    look(db, START + timedelta(seconds=5))
    db.calls.update_one({"_id": "autumn:1:1"}, {"$set": {"undone": {"by": "Ann", "at": START + timedelta(seconds=40)}}})
    do_not_call.lift(db, "9", at=START + timedelta(seconds=41), call="list:1")
    for seconds in (45, 50, 55):
        look(db, START + timedelta(seconds=seconds))
    assert read(db) == [
        (1, What.CALL_RECORDED, "autumn:1"),
        (2, What.WISH_ADDED, "9"),
        (3, What.CALL_TAKEN_BACK, "autumn:1"),
        (4, What.WISH_LIFTED, "9"),
    ]
    assert read(db, 2) == read(db)[2:]


def test_a_call_that_is_written_late_is_not_missed_and_comes_behind_what_was_read(db: Db) -> None:
    look(db, START)
    call(db, 2, START + timedelta(seconds=100))
    look(db, START + timedelta(seconds=101))
    assert len(read(db)) == 1
    call(db, 1, START + timedelta(seconds=1))  # its writer waited for the server as long as anybody does
    look(db, START + timedelta(seconds=1 + SOCKET_TIMEOUT_SECONDS))
    assert read(db, 1) == [(2, What.CALL_RECORDED, "autumn:1")]


def test_a_monitor_that_was_away_reads_on_where_it_was(db: Db) -> None:
    look(db, START)
    for number in range(5):
        call(db, number, START + timedelta(hours=number))
    look(db, START + timedelta(hours=5))
    assert [prospect for _, _, prospect in read(db)] == [f"autumn:{number}" for number in range(5)]


def test_a_job_that_died_half_way_is_repeated_without_a_second_entry(db: Db, monkeypatch: pytest.MonkeyPatch) -> None:
    look(db, START)
    for number in range(3):
        call(db, number, START + timedelta(seconds=number))
    added = sequence._add

    def dies(home: Db, change: sequence.Change) -> None:
        if change.prospect == "autumn:2":
            raise KeyboardInterrupt
        added(home, change)

    with monkeypatch.context() as patched:
        patched.setattr(sequence, "_add", dies)
        with pytest.raises(KeyboardInterrupt):
            look(db, START + timedelta(seconds=5))
    look(db, START + timedelta(seconds=10))
    assert [place for place, _, _ in read(db)] == [1, 2, 3]
    assert len({prospect for _, _, prospect in read(db)}) == 3


def test_two_writers_leave_no_gap_and_a_reader_misses_nothing(db: Db) -> None:
    look(db, START)
    seen: list[int] = []
    done = threading.Event()

    def write(first: int) -> None:
        for number in range(first, first + 30):
            change = sequence.Change(f"call::{number}", What.CALL_RECORDED, "", START, f"autumn:{number}", {})
            sequence.append(db, [change])

    def reads() -> None:
        while not done.is_set() or sequence.after(db, seen[-1] if seen else 0, 1):
            seen.extend(one.place for one in sequence.after(db, seen[-1] if seen else 0, 7))

    reader = threading.Thread(target=reads)
    writers = [threading.Thread(target=write, args=(first,)) for first in (0, 100)]
    for thread in (reader, *writers):
        thread.start()
    for thread in writers:
        thread.join()
    done.set()
    reader.join()
    assert seen == list(range(1, 61))


def test_a_place_is_not_given_again_after_an_erasure(db: Db) -> None:
    look(db, START)
    call(db, 1, START)
    look(db, START + timedelta(seconds=5))
    remove_by_key(db.changes, [one["_id"] for one in db.changes.find({})])
    db.calls.delete_many({})
    call(db, 2, START + timedelta(seconds=6))
    look(db, START + timedelta(seconds=10))
    assert read(db, 1) == [(2, What.CALL_RECORDED, "autumn:2")]


def test_the_overlap_is_longer_than_anybody_waits(db: Db) -> None:
    assert timedelta(seconds=SOCKET_TIMEOUT_SECONDS) < following.OVERLAP


def test_an_index_answers_whether_a_source_is_in_the_feed_already(db: Db) -> None:
    plan = str(db.changes.find({"source": "call::autumn:1:1"}).explain()["queryPlanner"]["winningPlan"])
    assert "COLLSCAN" not in plan
    assert "SCAN changes" not in plan


def test_what_a_process_knows_is_not_looked_up_again_nor_kept_for_ever(db: Db) -> None:
    known: set[str] = set()
    follow(db, db, known, wishes=True, clock=lambda: START)
    call(db, 1, START)
    for seconds in (5, 10):
        follow(db, db, known, wishes=True, clock=lambda at=START + timedelta(seconds=seconds): at)  # type: ignore[misc]
    assert known == {"call::autumn:1:1"}
    assert len(read(db)) == 1
    for minutes in (10, 20):
        follow(db, db, known, wishes=True, clock=lambda at=START + timedelta(minutes=minutes): at)  # type: ignore[misc]
    assert known == set()


def test_what_a_manager_revised_long_after_the_call_is_told(db: Db) -> None:
    look(db, START)
    call(db, 1, START)
    look(db, START + timedelta(seconds=10))
    at = START + timedelta(days=2)
    db.calls.update_one({}, {"$set": {"revised": milliseconds(at), "result": "sold"}})
    for seconds in (10, 20):
        look(db, at + timedelta(seconds=seconds))
    assert [what for _, what, _ in read(db)] == [What.CALL_RECORDED, What.CALL_REVISED]
