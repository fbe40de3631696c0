"""The card of the person who is being called: why, when, and what to say; and where what to say is written."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from bootstrap.check.browser import address, new_page, take_next, visit
from core.clock import now
from core.stores.mongo import Db
from tests.people import enter

pytestmark = [pytest.mark.mongo, pytest.mark.s3]


@pytest.fixture
def spring(db: Db, person: dict[str, Any]) -> str:
    """One person, ranked, with reasons."""
    features = {**person, "age": 67, "job": "retired", "poutcome": "success", "pdays": 6, "previous": 1, "campaign": 1}
    db.campaigns.insert_one({"_id": "spring", "title": "spring", "created_at": now(), "schema": "x"})
    effects = {"poutcome": 1.1, "job": 0.4, "contact": -0.2}
    db.prospects.insert_one(
        {
            "_id": "spring:p1", "campaign": "spring", "ref": "p1", "features": features, "status": "open",
            "score": 0.4, "score_version": "1", "score_route": "champion", "prediction": "req:1", "claim": None,
            "reasons": [{"column": column, "effect": effect} for column, effect in effects.items()],
        }
    )  # fmt: skip
    return "spring"


def test_why_and_what_to_say_are_on_the_card(app: str, chromium: Browser, spring: str, db: Db) -> None:
    with new_page(chromium) as page:
        enter(page, app, db, "Mia")
        visit(page, f"{app}/campaigns")
        page.get_by_role("tab", name="Run a campaign").click()
        page.get_by_label("Script", exact=True).fill("Hello {ref}.\nYou are <b>{age}</b> and {name}.")
        page.locator(".st-key-script-keep button").click()
        expect(page.locator(".st-key-campaigns-message")).to_contain_text("There is no value for the place {name}")
        page.get_by_label("Script", exact=True).fill("Hello {ref}.\nYou are <b>{age}</b>.")
        page.locator(".st-key-script-keep button").click()
        expect(page.locator(".st-key-campaigns-message")).to_contain_text("The script of spring is saved.")
        expect(page.locator(".st-key-script-preview")).to_contain_text("You are <b>67 years</b>.")

        enter(page, app, db)
        visit(page, address(app, spring))
        take_next(page)
        why = page.locator(".st-key-reasons")
        expect(why).to_contain_text("Bought in an earlier campaign")
        expect(why).to_contain_text("Retired people say yes more often than people who are otherwise alike")
        expect(why.get_by_text("raises it")).to_have_count(2)
        expect(why.get_by_text("lowers it")).to_have_count(1)
        script = page.locator(".st-key-script-card")
        expect(script).to_contain_text("You are <b>67 years</b>.")
        script.locator("summary").click()
        expect(script.get_by_text("Hello p1.")).to_be_hidden()
        page.locator(".st-key-give-back button").click()
        expect(page.locator(".st-key-card")).to_have_count(0)
        page.locator(".st-key-take button").click()
        expect(page.locator(".st-key-prospect-ref")).to_contain_text("p1")
        expect(script.get_by_text("Hello p1.")).to_be_hidden()
    kept = db.campaigns.find_one({"_id": "spring"})
    assert kept is not None
    assert (kept["script"]["by"], kept["script"]["number"]) == ("Mia", 1)
