"""A manager sets the rules of a campaign, and an agent's shift keeps them, in a real browser at two widths."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, Page, expect

from bootstrap.check.browser import address, new_page, visit
from core.accounts.account import Role
from core.calling_rules import stored
from core.calling_rules.rules import ALWAYS, DAYS, STEP, CallingRules, Week
from core.clock import now
from core.stores.mongo import Db, ensure_indexes
from tests.people import enter

pytestmark = [pytest.mark.mongo, pytest.mark.s3]

WIDTHS = {"laptop": (1440, 1000), "phone": (390, 844)}
PLACES = ("Europe/Berlin", "America/New_York", "-", "")


@pytest.fixture
def campaign(db: Db, person: dict[str, Any]) -> str:
    """Twenty people in two zones, some of nowhere and some without a number."""
    features = {**person, "age": 41, "pdays": 999, "previous": 0, "campaign": 1}
    ensure_indexes(db)
    db.campaigns.insert_one({"_id": "spring", "title": "Spring", "created_at": now(), "schema": "x"})
    shared = {"campaign": "spring", "status": "open", "claim": None, "score_version": "1", "score_route": "champion"}
    db.prospects.insert_many(
        [
            {"_id": f"spring:p{n:02d}", "ref": f"p{n:02d}", "score": 0.1 + n / 100, "zone": PLACES[n % 4], **shared}
            | {"features": features, "prediction": f"req:{n}"}
            for n in range(20)
        ]
    )
    return "spring"


def picture(page: Page, name: str) -> None:
    if folder := os.environ.get("TEST_PICTURES"):
        page.wait_for_timeout(500)
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


def without(at: datetime) -> Week:
    """The hours of a week in which UTC's present quarter of an hour and the next ones are left out."""
    day, minute = at.weekday(), (at.hour * 60 + at.minute) // STEP * STEP
    spans = ((0, minute),) if minute else ()
    return tuple(spans if one == day else () if one == (day + 1) % DAYS else ((0, 1440),) for one in range(DAYS))


@pytest.mark.parametrize("width", WIDTHS)
def test_a_manager_begins_with_a_preset_and_sees_who_can_be_called(
    app: str, chromium: Browser, db: Db, campaign: str, width: str
) -> None:
    across, down = WIDTHS[width]
    with new_page(chromium, width=across, height=down) as page:
        enter(page, app, db, "Mia")
        visit(page, f"{app}/campaigns")
        page.get_by_role("tab", name="Run a campaign").click()
        figures, form = page.locator(".st-key-callable-now"), page.locator(".st-key-rules-form")
        expect(figures).to_contain_text("20 people: 20 can be called now. This campaign has no calling rules.")
        expect(form).to_contain_text("everybody can be called at any hour")
        form.locator(".st-key-rules-preset button").click()
        expect(form.get_by_label("Monday", exact=True)).to_have_value("08:00-21:00")
        expect(form.locator("canvas, svg.marks").first).to_be_visible()
        form.get_by_label("Saturday", exact=True).fill("10 bis 12 und noon")
        form.get_by_label("Saturday", exact=True).press("Enter")
        expect(form).to_contain_text("'noon' are no hours such as 09:00-12:00")
        form.get_by_label("Saturday", exact=True).fill("10-12, 13-14:30")
        form.get_by_label("Saturday", exact=True).press("Enter")
        expect(form).not_to_contain_text("are no hours")
        picture(page, f"rules-form-{width}")
        form.locator(".st-key-rules-keep button").click()
        expect(page.get_by_text("The calling rules are in force.")).to_be_visible()
        expect(figures).to_contain_text("5 without a usable number")
        picture(page, f"rules-saved-{width}")
    rules = stored.read_rules(db, campaign)
    assert rules is not None
    assert (rules.zone, rules.country, rules.a_day, rules.other_time) == ("Europe/London", "GB", 2, True)
    assert rules.hours[5] == ((600, 720), (780, 870))
    assert rules.pauses == {"no answer": 240}


@pytest.mark.parametrize("width", WIDTHS)
def test_hours_that_end_in_the_middle_of_a_shift(
    app: str, chromium: Browser, db: Db, campaign: str, width: str
) -> None:
    across, down = WIDTHS[width]
    db.prospects.update_many({"zone": "America/New_York"}, {"$set": {"zone": "Europe/London"}})
    db.prospects.update_many({"zone": "Europe/Berlin"}, {"$set": {"zone": "UTC"}})
    stored.write_rules(db, campaign, CallingRules("UTC", hours=ALWAYS), by="mia", seen=0)
    with new_page(chromium, width=across, height=down) as page:
        enter(page, app, db, role=Role.AGENT)
        visit(page, address(app, campaign))
        expect(page.locator(".st-key-callable-now")).to_contain_text("15 can be called now, 5 without a usable number")
        page.locator(".st-key-take button").click()
        expect(page.locator(".st-key-prospect-ref")).to_contain_text("p19")
        expect(page.locator(".st-key-local-time")).to_contain_text("there")
        picture(page, f"card-{width}")

        hours = without(datetime.now(UTC))
        stored.write_rules(db, campaign, CallingRules("UTC", hours=hours), by="mia", seen=1)
        page.locator(".st-key-outcome-callback button").click()
        promise = page.locator(".st-key-promise")
        expect(promise).to_be_visible()
        expect(promise).not_to_contain_text("In 1 hour")
        expect(promise).not_to_contain_text("Tomorrow")
        picture(page, f"promise-{width}")
        allowed = promise.locator(".st-key-promise-allowed button")
        allowed.click()
        expect(page.get_by_text("p19 is recorded and comes back to you on")).to_be_visible()
        expect(page.locator(".st-key-next-call")).to_contain_text("Nobody can be called now.")
        expect(page.locator(".st-key-next-call")).to_contain_text("The next person can be called from")
        page.locator(".st-key-take button").click()
        expect(page.locator(".st-key-message")).to_contain_text("Nobody can be called now.")
        picture(page, f"nobody-{width}")
    call = db.calls.find_one({}) or {}
    local = call["again"]["at"].astimezone(ZoneInfo("UTC"))
    assert any(begin <= local.hour * 60 + local.minute < end for begin, end in hours[local.weekday()])
    assert local > datetime.now(UTC) + timedelta(hours=1)
