"""A manager's Monday, in a real browser."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.sync_api import Browser, expect

from bootstrap.check.browser import new_page, visit
from core.clock import now
from core.stores.mongo import Db
from tests.people import enter

pytestmark = [pytest.mark.mongo, pytest.mark.s3]


@pytest.fixture
def campaign(db: Db) -> None:
    """Sixty people, called by descending score; the first ten bought."""
    at = now() - timedelta(days=1)
    db.campaigns.insert_one({"_id": "spring", "title": "spring", "created_at": at, "schema": "x"})
    for place in range(60):
        prospect = {"prospect": f"spring:{place}", "at": at + timedelta(seconds=place)}
        sold = {"result": "sold" if place < 10 else "refused", "positive": place < 10}
        db.outcomes.insert_one(
            {**prospect, **sold, "_id": f"spring:{place}:1", "campaign": "spring", "agent": f"Ann {place % 3}"}
        )
        features = {"job": "student", "marital": "single", "age": 20 + place}
        score = {"score": 0.9 - place / 100, "version": "1", "shadow_version": "2", "shadow_score": 0.5}
        record = {**prospect, **score, "at": at - timedelta(days=1), "features": features, "route": "champion"}
        db.predictions.insert_one({**record, "_id": f"r:{place}", "request": "r"})


@pytest.mark.parametrize("width", [1440, 390])
def test_the_results_are_drawn_and_fit_the_screen(
    app: str, chromium: Browser, campaign: None, db: Db, width: int
) -> None:
    with new_page(chromium, width=width, height=844) as page:
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(error.message))
        enter(page, app, db)
        visit(page, f"{app}/results")
        expect(page.locator(".st-key-results-figures")).to_contain_text("16.7%")
        for part in ("days", "agents", "bands", "segments", "gains", "models"):
            drawn = page.locator(f".st-key-results-{part}").locator("canvas, svg.marks").first
            expect(drawn).to_be_visible()
        # Half of the ten sales took five calls; in random order 5 * 61 / 11 = 27.7.
        expect(page.locator(".st-key-results-gains")).to_contain_text("took 5 calls: 23 fewer than the 28")
        expect(page.locator(".st-key-results-models")).to_contain_text(
            "60 calls to people whom both versions scored before: 1"
        )
        page.locator(".st-key-results-agents summary").click()
        expect(page.locator(".st-key-results-agents tbody tr")).to_have_count(3)
        wide = page.locator("[data-testid=stMain]").evaluate("main => main.scrollWidth - main.clientWidth")
        assert wide == 0
        assert errors == []
