"""A manager's Monday, the other half: the review is signed, and a model that disappoints is taken back."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect

from bootstrap.check.browser import new_page, visit
from core.clock import now
from core.models.decisions import decisions, state_of
from core.oversight import reviews
from core.schema import Schema
from core.stores.mongo import Db
from tests.people import enter
from tests.weeks_of_models import MODEL, fill

pytestmark = [pytest.mark.mongo, pytest.mark.s3]

DRAWN = {
    "models": (".st-key-models-timeline", ".st-key-models-fairness"),
    "review": (".st-key-review-moved",),
    "economy": (".st-key-what-if", ".st-key-economy-0-emp-var-rate"),
}


@pytest.fixture
def weeks(db: Db, schema: Schema) -> None:
    fill(db, schema, now(), people=120)


@pytest.mark.usefixtures("weeks")
def test_a_review_is_signed_and_a_model_taken_back(app: str, chromium: Browser, db: Db) -> None:
    with new_page(chromium, height=1000) as page:
        enter(page, app, db, "Mia")
        visit(page, f"{app}/review")
        expect(page.locator(".st-key-review-waiting")).to_contain_text("5 weeks are not signed")
        page.get_by_label("Note").fill("watch the economy")
        page.locator(".st-key-review-sign-now button").click()
        expect(page.locator(".st-key-review-signatures")).to_contain_text("Signed by Mia")
        expect(page.locator(".st-key-review-waiting")).to_contain_text("4 weeks are not signed")
        assert list(reviews.signers_by_week(db, MODEL).values()) == [["Mia"]]

        visit(page, f"{app}/models")
        page.locator(".st-key-models-decide label", has_text="Go back to version 2").click()
        expect(page.locator(".st-key-models-decide")).to_contain_text("Version 3 goes out of use")
        page.get_by_label("Why?").fill("agents complain")
        page.locator(".st-key-decide-now button").click()
        expect(page.locator(".st-key-message")).to_contain_text("Version 2 is champion again instead of 3.")
        expect(page.locator(".st-key-models-now")).to_contain_text("Version 2")
    found = state_of(decisions(db, MODEL))
    assert (found.champion, found.promotions[-1].version) == ("2", "2")
    assert decisions(db, MODEL)[-1].by == "Mia"


@pytest.mark.usefixtures("weeks")
@pytest.mark.parametrize("width", [1440, 390])
def test_the_pages_are_drawn_and_fit_the_screen(app: str, chromium: Browser, db: Db, width: int) -> None:
    with new_page(chromium, width=width, height=844) as page:
        enter(page, app, db)
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(error.message))
        for name, parts in DRAWN.items():
            visit(page, f"{app}/{name}")
            for part in parts:
                if part == ".st-key-what-if":  # no MLServer stands beside this app
                    expect(page.locator(part)).to_contain_text("What if?")
                else:
                    expect(page.locator(part).locator("canvas, svg.marks").first).to_be_visible()
            wide = page.locator("[data-testid=stMain]").evaluate("main => main.scrollWidth - main.clientWidth")
            assert wide == 0, name
        assert errors == []
