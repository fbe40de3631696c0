"""Calls are recorded, taken back, made good and ranked with the rights of the app and of the monitor, no others."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest

from bootstrap.setup.mongo_accounts import privileges
from bootstrap.setup.rights import RIGHTS
from core.calls import undo
from core.calls.claims import claim
from core.calls.lifecycle import Result
from core.calls.recording import CallReport, record
from core.clock import now
from core.do_not_call.do_not_call_list import add_people
from core.do_not_call.number_wishes import put_hashes
from core.schema import Schema
from core.scoring.protocol import Score
from core.stores.mongo import Db
from core.wishes.numbers import NumberWish
from monitor.ranking.beginning import Beginning, Preparation
from monitor.ranking.rank import rank
from monitor.ranking.settle import settle
from tests.questions import Questions, listened_to

ACTIONS = {"update": {"update"}, "findAndModify": {"update"}, "delete": {"remove"}, "insert": {"insert"}}


def beyond(service: str, questions: Questions) -> set[tuple[str, str]]:
    """What was asked for, action and collection, that `service` has no right to."""
    rights = next(found.mongo for found in RIGHTS if found.service == service)
    assert rights is not None
    may = {
        (action, privilege["resource"]["collection"])
        for privilege in privileges(rights)
        for action in privilege["actions"]
    }
    asked = set()
    for name, collection, command in questions.asked:
        actions = set(ACTIONS.get(name, ()))
        if name == "update" and any(one.get("upsert") for one in command["updates"]):
            actions.add("insert")
        asked |= {(action, collection) for action in actions}
    assert asked, "nothing was changed at all"
    return asked - may


@pytest.fixture
def spring(db: Db, schema: Schema) -> Db:
    for campaign in ("spring", "autumn"):
        db.campaigns.insert_one({"_id": campaign})
        db.prospects.insert_one(
            {
                "_id": f"{campaign}:1",
                "campaign": campaign,
                "ref": "1",
                "score": 0.5,
                "status": "open",
                "claim": None,
                "features": {},
            }
        )
    return db


@pytest.mark.parametrize("result", list(Result))
def test_the_app_may_do_what_recording_and_taking_back_do(spring: Db, result: Result) -> None:
    with listened_to(spring) as (db, questions):
        assert claim(db, "spring", "ann") is not None
        call = record(db, "spring:1", "ann", CallReport(result, again=now() + timedelta(hours=1), everywhere=True))
        undo.undo(db, call["_id"], "ann")
    assert beyond("app", questions) == set()


@pytest.mark.parametrize("service", ["app", "api"])
def test_a_wish_by_number_needs_no_other_rights(spring: Db, service: str) -> None:
    with listened_to(spring) as (db, questions):
        assert claim(db, "spring", "ann") is not None
        report = CallReport(Result.DO_NOT_CALL, everywhere=True, numbers=("ab" * 16,))
        record(db, "spring:1", "ann", report)
        put_hashes(db, ["cd" * 16], NumberWish("mia", now(), "api"))
        add_people(db, ["1"], by="mia", why="asked by letter", source="api")
    assert beyond(service, questions) == set()


@pytest.mark.parametrize("result", list(Result))
def test_the_monitor_may_do_what_making_good_does(spring: Db, result: Result) -> None:
    assert claim(spring, "spring", "ann") is not None
    held = spring.prospects.find_one({"_id": "spring:1"})
    assert held is not None
    call = record(spring, "spring:1", "ann", CallReport(result, again=now() + timedelta(hours=1), everywhere=True))
    spring.outcomes.drop()
    spring.do_not_call.drop()
    spring.prospects.replace_one({"_id": "spring:1"}, held)  # as if the app had died right after writing the call
    with listened_to(spring) as (db, questions):
        assert "1 calls" in settle(db)
        # And as if it had died once more, between marking a result as taken back and putting the prospect back.
        spring.calls.update_one({"_id": call["_id"]}, {"$set": {"undone": {"by": "ann", "at": now()}}})
        over = {"by": "ann", "until": now() - timedelta(minutes=1)}
        spring.prospects.update_one({"_id": "spring:1"}, {"$set": {"claim": over}})
        assert "1 calls" in settle(db)
    assert beyond("monitor", questions) == set()


class OneScore:
    """A scoring service with version 1 alone."""

    def state(self) -> dict[str, str | int | float]:
        return {"champion": "1", "canary": ""}

    def score(self, rows: Sequence[object], prospects: Sequence[str], **_more: object) -> list[Score]:
        return [Score(f"{prospect}:0", 0.5, "1", "champion") for prospect in prospects]


def test_the_monitor_may_do_what_ranking_does(spring: Db, schema: Schema) -> None:
    with listened_to(spring) as (db, questions):
        beginning = Beginning(db, 24.0, Preparation())
        first = rank(db, OneScore(), schema, began_with=beginning.trial)
        assert first is not None
        assert first.ranked == 2
    assert beyond("monitor", questions) == set()
