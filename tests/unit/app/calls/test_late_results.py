"""A claim is renewed while the card is open, and a result that comes after it expired is kept: on the screens."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from streamlit.testing.v1 import AppTest

from core.calls import do_not_call
from core.clock import now
from core.stores.mongo import Db
from tests.unit.app.call_list import Screen, plainly, press, shown

pytestmark = pytest.mark.mongo


def held_until(db: Db, agent: str, until: datetime) -> None:
    db.prospects.update_one({"_id": "spring:p2"}, {"$set": {"claim": {"by": agent, "until": until}}})


def test_an_open_card_is_held_on_to_and_a_lapsed_hold_is_taken_again(screen: Screen, campaign: str, db: Db) -> None:
    test = press(screen("Ann"), "take")
    for left in (timedelta(minutes=1), timedelta(minutes=-20)):
        held_until(db, "Ann", now() + left)
        assert "Held for you until" in "\n".join(e.value for e in test.run().caption)
        stored = db.prospects.find_one({"_id": "spring:p2"})
        assert stored is not None
        assert stored["claim"]["until"] > now() + timedelta(minutes=14)
    held_until(db, "Ann", now() - timedelta(minutes=20))
    assert shown(screen("Ann")) == ["Person p2"], "in a new session, after a laptop slept say"


def overtaken(screen: Screen, campaign: str, db: Db) -> tuple[AppTest, AppTest]:
    """Ann's and Bob's screens: her hold ran out while nobody looked, and he took the person."""
    anns = press(screen("Ann"), "take")
    held_until(db, "Ann", now() - timedelta(minutes=1))
    bobs = press(screen("Bob"), "take")
    assert shown(bobs) == ["Person p2"]
    return anns, bobs


@pytest.mark.parametrize("drawn_anew", [False, True])
def test_a_late_result_is_kept_and_the_colleague_is_told(
    screen: Screen, campaign: str, db: Db, drawn_anew: bool
) -> None:
    anns, bobs = overtaken(screen, campaign, db)
    if drawn_anew:
        anns = anns.run()
        assert "Your claim on p2 ran out, and Bob has taken this person." in plainly(anns)
        assert [b.key for b in anns.button if b.key in ("give-back", "put-away")] == ["put-away"]
        assert not [t for t in anns.table if "When" in t.value], "nobody is called from a card that is lost"
    anns = press(anns, "outcome-no-answer")
    assert "No answer: your call to p2 is recorded. Bob now has this person, and sees it on the card." in plainly(anns)
    assert shown(anns) == []
    bobs = bobs.run()
    assert "Ann called p2 before you took this person, but recorded it only now: No answer." in plainly(bobs)
    bobs = press(bobs, "outcome-refused")
    assert [(c["agent"], c["result"]) for c in db.calls.find().sort([("_id", 1)])] == [
        ("Ann", "no answer"),
        ("Bob", "refused"),
    ]


def test_a_late_decision_ends_the_colleagues_hold_and_their_call_is_kept_too(
    screen: Screen, campaign: str, db: Db
) -> None:
    anns, bobs = overtaken(screen, campaign, db)
    assert "Sold: p2 is recorded" in plainly(press(anns, "outcome-sold"))
    bobs = bobs.run()
    assert "Ann has recorded a result for p2: Sold." in plainly(bobs)
    bobs = press(bobs, "outcome-refused")
    assert "Refused: your call to p2 is recorded. The result recorded meanwhile still applies." in plainly(bobs)
    assert [(o["agent"], o["positive"]) for o in db.outcomes.find()] == [("Ann", True)]
    assert shown(press(bobs, "take")) == ["Person p1"]


def test_a_lost_card_is_put_away_and_a_late_result_taken_back(screen: Screen, campaign: str, db: Db) -> None:
    anns, _bobs = overtaken(screen, campaign, db)
    anns = press(anns.run(), "put-away")
    assert (shown(anns), db.calls.find_one({})) == ([], None)
    anns = press(anns, "take")
    assert shown(anns) == ["Person p1"]

    anns, bobs = overtaken_again(screen, campaign, db)
    press(bobs, "outcome-refused")
    anns = press(press(anns, "outcome-no-answer"), "take-back")
    assert "No answer is taken back. Record the result of your call to p2 below, or put the card away." in plainly(anns)
    assert "Bob has recorded a result for p2: Refused." in plainly(anns)
    anns = press(anns, "outcome-callback")
    anns = press(anns, "promise-1")
    assert "Call back: your call to p2 is recorded." in plainly(anns)
    assert [(c["agent"], c["result"], bool(c.get("undone"))) for c in db.calls.find().sort([("_id", 1)])] == [
        ("Bob", "refused", False),
        ("Ann", "no answer", True),
        ("Ann", "callback", False),
    ]


def overtaken_again(screen: Screen, campaign: str, db: Db) -> tuple[AppTest, AppTest]:
    """As `overtaken`, from a list as it was at first."""
    db.prospects.update_many({}, {"$set": {"claim": None}})
    return overtaken(screen, campaign, db)


def test_whoever_asked_not_to_be_called_is_not_called_from_a_card(screen: Screen, campaign: str, db: Db) -> None:
    test = press(screen("Ann"), "take")
    do_not_call.add(db, "p2", by="Mia", at=now(), call="list:1")
    test = test.run()
    assert "p2 asked not to be called: do not call them any more." in plainly(test)
    test = press(test, "outcome-sold")
    assert "Sold: your call to p2 is recorded." in plainly(test)
    found = db.prospects.find_one({"_id": "spring:p2"})
    assert found is not None
    assert found["status"] == "off"


def test_of_somebody_who_was_erased_nothing_stays_on_the_desk(screen: Screen, campaign: str, db: Db) -> None:
    test = press(screen("Ann"), "take")
    db.prospects.delete_one({"_id": "spring:p2"})
    assert "There is no prospect" in plainly(press(test, "outcome-sold"))
    assert (shown(test), db.calls.find_one({})) == ([], None)
