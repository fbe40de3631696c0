"""Answers of the API go after their time, and entries of the feed after so many days; the rest stays."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from core.feed import sequence
from core.feed.sequence import Change, What
from core.stores.mongo import Db
from trainer.retention.of_programs import OldAnswers, OldChanges

pytestmark = pytest.mark.mongo
NOW = datetime(2026, 12, 1, 9, tzinfo=UTC)


def test_answers_go_when_their_time_is_over(db: Db) -> None:
    seconds = int(NOW.timestamp())
    db.answers.insert_many([{"_id": name, "until": seconds + more} for name, more in (("old", -1), ("new", 1))])
    step = OldAnswers(db, lambda: NOW).step
    assert (step(), step()) == (1, None)
    assert [one["_id"] for one in db.answers.find({})] == ["new"]


def test_old_entries_of_the_feed_go_and_their_places_are_not_given_again(db: Db) -> None:
    def add(source: str, days: int) -> None:
        sequence.append(db, [Change(source, What.CALL_RECORDED, "", NOW - timedelta(days=days), source, {})])

    add("old", 91)
    step = OldChanges(db, 90, lambda: NOW).step
    assert (step(), step()) == (1, None)
    add("new", 1)
    assert [one.place for one in sequence.after(db, 0, 9)] == [2]
    assert step() is None
