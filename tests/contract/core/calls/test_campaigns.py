"""Whose a campaign is, and whether it is called: asked at each claim."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from core.calls import campaigns
from core.calls.campaigns import State, assign, campaigns_for, rename, set_state
from core.calls.claims import claim
from core.calls.lifecycle import Result
from core.calls.recording import CallReport, record
from core.errors import Conflict, InputError, NotFound
from core.stores.mongo import Db

pytestmark = pytest.mark.mongo


@pytest.fixture
def spring(db: Db) -> Db:
    for n, campaign in enumerate(("spring", "autumn")):
        db.campaigns.insert_one(
            {"_id": campaign, "title": campaign.title(), "created_at": datetime(2026, 1, 2 - n, tzinfo=UTC)}
        )
        db.prospects.insert_one(
            {"_id": f"{campaign}:1", "campaign": campaign, "ref": "1", "score": 0.5, "status": "open", "claim": None}
        )
    return db


def test_nobody_named_is_everybody(spring: Db) -> None:
    assert campaigns_for(spring, "Ann") == {"spring": "Spring", "autumn": "Autumn"}
    assert campaigns_for(spring, None) == {"spring": "Spring", "autumn": "Autumn"}
    assert claim(spring, "spring", "Ann") is not None


def test_an_assigned_campaign_is_its_agents_alone(spring: Db) -> None:
    assign(spring, "spring", [" Ann  Lee ", "Bob"], by="Mia")
    assert list(campaigns_for(spring, "Ann Lee")) == ["spring", "autumn"]
    assert list(campaigns_for(spring, "Cid")) == ["autumn"]
    assert list(campaigns_for(spring, None)) == ["autumn"]
    assert list(campaigns_for(spring, "Mia", all_of_them=True)) == ["spring", "autumn"]
    with pytest.raises(Conflict, match="not assigned to Cid"):
        claim(spring, "spring", "Cid")
    assert spring.prospects.find_one({"_id": "spring:1", "claim": None}) is not None
    assert claim(spring, "spring", "Mia", all_of_them=True) is not None
    assign(spring, "spring", [], by="Mia")
    assert list(campaigns_for(spring, "Cid")) == ["spring", "autumn"]


@pytest.mark.parametrize("state", [State.PAUSED, State.CLOSED])
def test_what_is_not_open_is_called_by_nobody_and_can_still_be_recorded(spring: Db, state: State) -> None:
    held = claim(spring, "spring", "Ann")
    assert held is not None
    set_state(spring, "spring", state, by="Mia")
    assert list(campaigns_for(spring, "Bob")) == ["autumn"]
    assert list(campaigns_for(spring, "Ann")) == ["spring", "autumn"], "somebody is on the phone there"
    for everything in (False, True):
        with pytest.raises(Conflict, match=state.value):
            claim(spring, "spring", "Bob", all_of_them=everything)
    record(spring, held["_id"], "Ann", CallReport(Result.SOLD))
    assert spring.outcomes.count_documents({}) == 1
    assert list(campaigns_for(spring, "Ann")) == ["autumn"]
    set_state(spring, "spring", State.OPEN, by="Mia")
    assert list(campaigns_for(spring, "Ann")) == ["spring", "autumn"]


def test_a_title_is_renamed_and_its_key_stays(spring: Db) -> None:
    rename(spring, "spring", "  Spring   2027 ", by="Mia")
    assert campaigns_for(spring, "Ann")["spring"] == "Spring 2027"
    for title in ("", "  ", "x" * 61):
        with pytest.raises(InputError):
            rename(spring, "spring", title, by="Mia")
    assert campaigns_for(spring, "Ann")["spring"] == "Spring 2027"


def test_changes_are_events_and_of_campaigns_that_are_there(spring: Db) -> None:
    set_state(spring, "spring", State.PAUSED, by="Mia", why="holidays")
    assign(spring, "spring", ["Bob"], by="Mia")
    rename(spring, "spring", "S", by="Tom")
    told = [(e["who"], e["what"], e["subject"]) for e in spring.events.find(sort=[("_id", 1)])]
    assert told == [
        ("Mia", "campaign paused", "spring"),
        ("Mia", "campaign assigned", "spring"),
        ("Tom", "campaign renamed", "spring"),
    ]
    with pytest.raises(NotFound):
        set_state(spring, "winter", State.CLOSED, by="Mia")
    assert spring.events.count_documents({}) == 3
    assert campaigns.state_of({"_id": "x"}) is State.OPEN
