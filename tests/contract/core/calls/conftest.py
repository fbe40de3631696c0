"""What tests of calls share: a clock that is moved by hand, and two people in each of two campaigns."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from core.calls.lifecycle import LIVE
from core.stores.mongo import Db, Document, count

START = datetime(2026, 5, 4, 9, 0, tzinfo=UTC)


class Watch:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.at = START

    def __call__(self) -> datetime:
        return self.at


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def spring(db: Db) -> Db:
    """Two people in each of two campaigns; `3` is the better one."""
    for campaign in ("spring", "autumn"):
        db.campaigns.insert_one({"_id": campaign})
        shared = {"campaign": campaign, "status": "open", "claim": None}
        db.prospects.insert_many([{"_id": f"{campaign}:{n}", "ref": f"{n}", "score": n / 10, **shared} for n in (2, 3)])
    return db


def stored(db: Db, key: str = "spring:3") -> Document:
    found = db.prospects.find_one({"_id": key})
    assert found is not None
    return found


def counts(db: Db, campaign: str) -> dict[str, int]:
    """Prospects of `campaign` still to be called, prospects done, and sales."""
    return {
        "open": sum(count(db.prospects, {"campaign": campaign, "status": status.value}) for status in LIVE),
        "done": count(db.prospects, {"campaign": campaign, "status": "done"}),
        "sold": count(db.outcomes, {"campaign": campaign, "positive": True}),
    }
