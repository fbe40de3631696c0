"""An agent's and a manager's first minutes, in a real browser."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from bootstrap.check.browser import address, new_page, take_next, visit
from core.clock import now
from core.stores.mongo import Db
from tests.browser.keyboard import press_until
from tests.people import enter

pytestmark = [pytest.mark.mongo, pytest.mark.s3]


@pytest.fixture
def campaign(db: Db, person: dict[str, Any]) -> str:
    """Thirty people, ranked; the best is `p29`."""
    features = {**person, "age": 41, "pdays": 999, "previous": 0, "campaign": 1}
    db.campaigns.insert_one({"_id": "spring", "title": "spring", "created_at": now(), "schema": "x"})
    for place in range(30):
        ref = f"p{place:02d}"
        score = 0.1 + place / 100 + 0.00004
        db.prospects.insert_one(
            {
                "_id": f"spring:{ref}",
                "campaign": "spring",
                "ref": ref,
                "features": features,
                "status": "open",
                "score": score,
                "score_version": "1",
                "score_route": "champion",
                "prediction": f"req:{place}",
                "claim": None,
            }
        )
    return "spring"


def test_claim_see_the_score_record_and_gone(app: str, chromium: Browser, campaign: str, db: Db) -> None:
    with new_page(chromium) as page:
        enter(page, app, db)
        visit(page, address(app, campaign))
        shown = take_next(page)
        assert shown == {"ref": "p29", "score": "0.3900", "chance": "39.0%"}
        page.locator(".st-key-outcome-sold button").click()
        expect(page.get_by_text("p29 is recorded and off the list.")).to_be_visible()
        expect(page.locator(".st-key-ranked-list tbody tr").first).to_contain_text("p28")
        expect(page.locator(".st-key-ranked-list")).not_to_contain_text("p29")
        expect(page.locator(".st-key-progress")).to_contain_text("1 of 30 people finished")
        page.locator(".st-key-take button").click()
        expect(page.locator(".st-key-prospect-ref")).to_contain_text("p28")
    outcome = db.outcomes.find_one({"_id": "spring:p29:1"})
    assert outcome is not None
    assert (outcome["result"], outcome["agent"]) == ("sold", "Ann")


def test_nothing_is_asked_of_another_server(app: str, chromium: Browser, campaign: str, db: Db) -> None:
    asked: list[str] = []
    with new_page(chromium) as page:
        page.on("request", lambda request: asked.append(request.url))
        page.goto(f"{app}/sign-in")
        enter(page, app, db)
        visit(page, address(app, campaign))
        take_next(page)
        page.wait_for_load_state("networkidle")
    assert [url for url in asked if not url.startswith((app, "data:", "blob:"))] == []


def test_a_shift_on_the_keyboard_alone(app: str, chromium: Browser, campaign: str, db: Db) -> None:
    with new_page(chromium) as page:
        enter(page, app, db)
        visit(page, address(app, campaign))
        for place, (key, result) in enumerate((("s", "sold"), ("x", "refused"))):
            expect(page.locator(".st-key-take button")).to_be_enabled()
            press_until(page, "n", page.locator(f".st-key-outcome-{result} button"), "visible")
            expect(page.locator(".st-key-prospect-ref")).to_contain_text(f"p{29 - place}")
            press_until(page, key, page.locator(".st-key-card"), "hidden")
            expect(page.locator(".st-key-card")).to_have_count(0)
            outcome = db.outcomes.find_one({"_id": f"spring:p{29 - place}:1"})
            assert outcome is not None
            assert outcome["result"] == result


def test_every_other_result_on_the_keyboard_and_the_way_back(
    app: str, chromium: Browser, campaign: str, db: Db
) -> None:
    keys = [("a", "no answer"), ("w", "wrong number"), ("d", "do not call"), ("l1", "callback")]
    with new_page(chromium) as page:
        enter(page, app, db)
        visit(page, address(app, campaign))
        for place, (pressed, result) in enumerate(keys):
            expect(page.locator(".st-key-take button")).to_be_enabled()
            press_until(page, "n", page.locator(".st-key-give-back button"), "visible")
            expect(page.locator(".st-key-prospect-ref")).to_contain_text(f"p{29 - place}")
            card, promise = page.locator(".st-key-card"), page.locator(".st-key-promise-1 button")
            if pressed[1:]:
                press_until(page, pressed[0], promise, "visible")
                press_until(page, pressed[1:], promise, "hidden")
            else:
                press_until(page, pressed, card, "hidden")
            expect(page.locator(".st-key-card")).to_have_count(0)
            call = db.calls.find_one({"_id": f"spring:p{29 - place}:1"})
            assert call is not None
            assert call["result"] == result
        expect(page.locator(".st-key-progress")).to_contain_text("2 of 30 people finished")
        expect(page.locator(".st-key-take-back button")).to_contain_text("p26")
        press_until(page, "u", page.locator(".st-key-prospect-ref"), "visible")
        expect(page.locator(".st-key-prospect-ref")).to_contain_text("p26")
        expect(page.locator(".st-key-message")).to_contain_text("p26 is on your desk again")
    again = db.prospects.find_one({"_id": "spring:p26"})
    assert again is not None
    assert (again["status"], again["again"]) == ("open", None)
    assert db.outcomes.find_one({}) is None


def test_two_agents_never_get_the_same(app: str, chromium: Browser, campaign: str, db: Db) -> None:
    taken = []
    for agent in ("Ann", "Bob", "Ann"):
        with new_page(chromium) as page:
            enter(page, app, db, agent)
            visit(page, address(app, campaign))
            taken.append(take_next(page)["ref"])
    assert taken == ["p29", "p28", "p29"]
    with new_page(chromium) as page:
        enter(page, app, db, "Cid")
        visit(page, address(app, campaign))
        rows = page.locator(".st-key-ranked-list tbody tr")
        expect(rows.nth(0)).to_contain_text("Ann")
        expect(rows.nth(1)).to_contain_text("Bob")
        expect(rows.nth(2)).to_contain_text("free")


def test_a_list_that_gets_ranked_shows_it_by_itself(app: str, chromium: Browser, campaign: str, db: Db) -> None:
    db.prospects.update_many({}, {"$set": {"score": None}})
    with new_page(chromium) as page:
        enter(page, app, db)
        visit(page, address(app, campaign))
        expect(page.locator(".st-key-unranked")).to_contain_text("Not ranked yet")
        db.prospects.update_one({"_id": "spring:p07"}, {"$set": {"score": 0.5}})
        expect(page.locator(".st-key-ranked-list tbody tr").first).to_contain_text("0.5000")
        expect(page.locator(".st-key-unranked")).to_have_count(0)
        expect(page.locator(".st-key-ranked-list tbody tr").first.locator("td").first).to_have_text("p07")


def test_two_bad_rows_are_named(app: str, chromium: Browser, db: Db, person: dict[str, Any], tmp_path: Path) -> None:
    good = {**person, "y": ""}
    rows = [good, {**good, "age": "young"}, good, {**good, "job": "pilot"}]
    text = io.StringIO()
    writer = csv.DictWriter(text, good.keys())
    writer.writeheader()
    writer.writerows(rows)
    file = tmp_path / "people.csv"
    file.write_text(text.getvalue())
    with new_page(chromium) as page:
        enter(page, app, db)
        visit(page, f"{app}/campaigns")
        expect(page.locator(".st-key-empty-campaigns")).to_contain_text("There is no campaign yet")
        page.get_by_label("Name", exact=True).fill("Spring")
        page.locator(".st-key-import input[type=file]").set_input_files(file)
        page.locator(".st-key-import_go button").click()
        rejected = page.locator(".st-key-reject-rows tbody tr")
        expect(rejected).to_have_count(2)
        expect(rejected.nth(0)).to_contain_text("'young' is not a whole number from 17 to 110")
        expect(rejected.nth(0).locator("td").first).to_have_text("3")
        expect(rejected.nth(1)).to_contain_text("'pilot' is not one of")
        expect(rejected.nth(1).locator("td").first).to_have_text("5")
        with page.expect_download() as download:
            page.locator(".st-key-rejects-now button").click()
        kept = list(csv.DictReader(io.StringIO(Path(download.value.path()).read_text(encoding="utf-8-sig"))))
    assert [(row["_row"], row["_column"]) for row in kept] == [("2", "age"), ("4", "job")]
    assert sorted(p["row"] for p in db.prospects.find()) == [1, 3]
