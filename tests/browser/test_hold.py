"""The hold on a person lasts as long as the card is open in a browser where somebody is signed in."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from app.calls.card import TICK
from bootstrap.check.browser import address, new_page, take_next, visit
from core.calls.claims import claim
from core.clock import now
from core.stores.mongo import Db
from tests.people import enter

pytestmark = [pytest.mark.mongo, pytest.mark.s3]
PATIENCE = 60.0


@pytest.fixture
def spring(db: Db, person: dict[str, Any]) -> str:
    """One person, ranked."""
    db.campaigns.insert_one({"_id": "spring", "title": "spring", "created_at": now(), "schema": "x"})
    features = {**person, "age": 41, "pdays": 999, "previous": 0, "campaign": 1}
    db.prospects.insert_one(
        {
            "_id": "spring:p1", "campaign": "spring", "ref": "p1", "features": features, "status": "open",
            "score": 0.4, "score_version": "1", "score_route": "champion", "prediction": "req:1", "claim": None,
        }
    )  # fmt: skip
    return "spring"


def held_until(db: Db) -> datetime:
    found = db.prospects.find_one({"_id": "spring:p1"})
    assert found is not None
    return found["claim"]["until"]  # type: ignore[no-any-return]


def run_out(db: Db) -> datetime:
    """Let the hold end soon; when."""
    soon = now() + timedelta(minutes=1)
    db.prospects.update_one({"_id": "spring:p1"}, {"$set": {"claim": {"by": "Ann", "until": soon}}})
    return held_until(db)


def renewed(db: Db) -> bool:
    """Whether the hold is renewed without anybody touching the page."""
    end, deadline = run_out(db), time.monotonic() + PATIENCE
    while held_until(db) == end and time.monotonic() < deadline:
        time.sleep(0.2)
    return held_until(db) > end


def with_card(page: Page, app: str, db: Db, campaign: str) -> None:
    enter(page, app, db)
    visit(page, address(app, campaign))
    take_next(page)


def test_an_open_card_is_renewed_and_a_closed_tab_is_not(app: str, chromium: Browser, spring: str, db: Db) -> None:
    with new_page(chromium) as page:
        with_card(page, app, db, spring)
        assert renewed(db)
        page.close()
        time.sleep(1)  # what was under way when the tab was closed
        end = run_out(db)
        time.sleep(TICK.total_seconds() * 1.5)  # time in which an open card would have asked at least once
        assert held_until(db) == end
    assert claim(db, spring, "Bob", clock=lambda: end) is not None


def test_whoever_is_signed_out_holds_nobody_any_longer(app: str, chromium: Browser, spring: str, db: Db) -> None:
    with new_page(chromium) as page:
        with_card(page, app, db, spring)
        end = run_out(db)
        db.sessions.delete_many({})
        page.wait_for_url("**/sign-in**", timeout=PATIENCE * 1000)
        assert held_until(db) == end


def test_the_card_of_a_person_who_was_lost_says_so_unasked(app: str, chromium: Browser, spring: str, db: Db) -> None:
    with new_page(chromium) as page:
        with_card(page, app, db, spring)
        theirs = {"claim": {"by": "Bob", "until": now() + timedelta(minutes=15)}}
        db.prospects.update_one({"_id": "spring:p1"}, {"$set": theirs})
        lost = page.locator(".st-key-late-card")
        expect(lost).to_contain_text("Bob has taken this person", timeout=PATIENCE * 1000)
        page.locator(".st-key-outcome-no-answer button").click()
        expect(page.locator(".st-key-message")).to_contain_text("Bob now has this person")
        expect(lost).to_have_count(0)
    assert [(call["agent"], call["result"]) for call in db.calls.find()] == [("Ann", "no answer")]
