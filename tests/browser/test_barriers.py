"""Nothing bars anybody from a page: axe-core looks at every page there is, at a laptop's and a phone's width."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from bootstrap.check.browser import address, new_page, take_next, visit
from core.accounts.account import Role
from core.clock import now
from core.stores.mongo import Db
from tests.browser.barriers import WIDTHS, barriers, look_through, report, settled
from tests.drift_reports import drift_verdict
from tests.people import account, enter

pytestmark = [pytest.mark.mongo, pytest.mark.s3]

LAPTOP, PHONE = WIDTHS
# A width changes what fits the screen. A phone's is the stricter one, as are the longer German words; the rest runs at
# night. On a running appliance test_journeys.py looks at every page in English at both widths each time.
STRICTER = [PHONE, pytest.param(LAPTOP, marks=pytest.mark.nightly)]
SEEN = [
    ("en-GB", LAPTOP),
    ("de-DE", PHONE),
    pytest.param("en-GB", PHONE, marks=pytest.mark.nightly),
    pytest.param("de-DE", LAPTOP, marks=pytest.mark.nightly),
]


@pytest.fixture
def worked_on(db: Db, person: dict[str, Any]) -> None:
    """A campaign in the middle of its calls: people ranked and called, two models, a trial, incidents, reports."""
    at, day = now(), timedelta(days=1)
    features = {**person, "age": 41, "pdays": 999, "previous": 0, "campaign": 1}
    db.campaigns.insert_one({"_id": "spring", "title": "spring", "created_at": at - 40 * day, "schema": "x"})
    for place in range(40):
        prospect = {"_id": f"spring:p{place:02d}", "campaign": "spring", "ref": f"p{place:02d}", "features": features}
        score = {"score": 0.1 + place / 50, "score_version": "2", "score_route": "champion", "prediction": f"r:{place}"}
        reasons = [{"column": "job", "effect": 0.4}, {"column": "contact", "effect": -0.2}]
        db.prospects.insert_one({**prospect, **score, "status": "open", "claim": None, "reasons": reasons})
    for place in range(60):
        called = at - place % 20 * day + timedelta(seconds=place)
        one = {"prospect": f"spring:{place}", "at": called}
        sold = {"result": "sold" if place % 7 == 0 else "refused", "positive": place % 7 == 0}
        about = {"campaign": "spring", "agent": f"Ann {place % 3}"}
        db.outcomes.insert_one({**one, **sold, **about, "_id": f"spring:{place}:1"})
        both = {"score": 0.9 - place / 100, "version": "2", "shadow_version": "3", "shadow_score": place / 100}
        said = {"job": "student" if place % 2 else "retired", "marital": "single", "age": 20 + place}
        record = {**one, **both, "at": called - day, "features": said, "route": "champion", "request": "r"}
        db.predictions.insert_one({**record, "_id": f"r:{place}"})
    decided = (("promoted", "1", 40), ("promoted", "2", 30), ("on trial", "3", 25))
    for place, (what, version, ago) in enumerate(decided, 1):
        key = {"_id": f"prospect-scorer:{place:06d}", "model": "prospect-scorer", "place": place}
        why: dict[str, Any] = {"by": "trainer", "why": "better in training", "incident": None, "evidence": {}}
        db.models.insert_one({**key, "what": what, "version": version, "at": at - ago * day, **why})
    account(db, "Bob", Role.AGENT)
    for cause, status in (("drift", "escalated"), ("quality", "open")):
        opened = {"at": at - day, "report": "r", "why": "3 of 20 columns moved"}
        past = [{"status": status, "at": at - day, "why": "3 of 20 columns moved"}]
        state = {"status": status, "acknowledged": None, "revision": 1}
        db.incidents.insert_one({"_id": f"{cause}:r", "cause": cause, **state, "opened": opened, "history": past})
    db.reports.insert_one({"_id": "drift:1", "kind": "drift", "verdict": drift_verdict(), "made": {"at": at}})


def break_down(db: Db) -> None:
    """Leave in each collection what no page expects."""
    db.prospects.update_many({}, {"$unset": {"claim": ""}})
    db.campaigns.update_many({}, {"$unset": {"created_at": ""}})
    db.models.insert_one({"_id": "x", "model": "prospect-scorer", "version": "1"})
    db.outcomes.update_many({}, {"$unset": {"at": ""}})


@pytest.mark.parametrize("width", STRICTER)
def test_empty_pages_have_no_barrier(app: str, chromium: Browser, db: Db, width: int) -> None:
    with new_page(chromium, width=width) as page:
        page.goto(f"{app}/sign-in")
        found = [f"sign-in: {line}" for line in barriers(page)]
        enter(page, app, db, role=Role.ENGINEER)
        found += [line for path, page in look_through(page, app) for line in report(page, path)]
    assert found == [], "\n".join(found)


@pytest.mark.parametrize(("locale", "width"), SEEN)
def test_full_pages_have_no_barrier(
    app: str, chromium: Browser, worked_on: None, db: Db, width: int, locale: str
) -> None:
    with new_page(chromium, width=width, locale=locale) as page:
        enter(page, app, db, role=Role.ENGINEER)
        visit(page, address(app, "spring"))
        take_next(page)
        expect(page.locator(".st-key-reasons")).to_be_visible()
        settled(page)
        found = report(page, "a person on the card")
        found += [line for path, page in look_through(page, app) for line in report(page, path)]
        assert page.locator("html").get_attribute("lang") == locale
    assert found == [], "\n".join(found)


@pytest.mark.parametrize("width", STRICTER)
def test_pages_with_an_error_have_no_barrier(app: str, chromium: Browser, worked_on: None, db: Db, width: int) -> None:
    break_down(db)
    with new_page(chromium, width=width) as page:
        enter(page, app, db, role=Role.ENGINEER)
        found, errors = [], 0
        for path, _page in look_through(page, app):
            errors += page.locator("[data-testid=stAlert]").count()  # look_through has waited for the whole page
            found += report(page, path)
    assert errors >= 3
    assert found == [], "\n".join(found)
