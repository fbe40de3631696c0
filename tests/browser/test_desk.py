"""The desk in a browser: dialling, a note, an own result, the agenda, a correction, and keys that are switched off."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from bootstrap.check.browser import address, new_page, take_next, visit
from core.accounts.account import Role
from core.calls.claims import claim_person
from core.calls.lifecycle import Result
from core.calls.recording import CallReport, record
from core.clock import now
from core.desk import notes, own_results
from core.stores.mongo import Db
from tests.browser.keyboard import press_until
from tests.customers import CONTACT_KEYS
from tests.people import account, enter

pytestmark = [pytest.mark.mongo, pytest.mark.s3]


@pytest.fixture
def spring(db: Db, person: dict[str, Any]) -> str:
    """Three people, ranked; one of them was promised a call by Bob, who left a note."""
    features = {**person, "age": 67, "job": "retired", "campaign": 1}
    for campaign in ("spring", "autumn"):
        made = now() - timedelta(days=1 if campaign == "autumn" else 2)
        db.campaigns.insert_one({"_id": campaign, "title": campaign, "created_at": made, "schema": "x"})
    db.prospects.insert_many(
        [
            {
                "_id": f"spring:p{number}", "campaign": "spring", "ref": f"p{number}", "features": features,
                "status": "open", "score": 0.4 - number / 100, "score_version": "1", "score_route": "champion",
                "prediction": f"req:{number}", "claim": None, "reasons": [],
            }
            for number in (1, 2, 3)
        ]
    )  # fmt: skip
    for name, role in (("Ann", Role.AGENT), ("Bob", Role.AGENT), ("Mia", Role.MANAGER)):
        account(db, name, role)
    at = now() - timedelta(hours=2)
    claim_person(db, "spring:p3", "Bob", all_of_them=True, clock=lambda: at)
    note = notes.sealed(CONTACT_KEYS, "Ask for the daughter", "Bob", at)
    report = CallReport(Result.CALLBACK, again=now() - timedelta(minutes=5), note=note)
    record(db, "spring:p3", "Bob", report, clock=lambda: at)
    own_results.add(db, "spring", "Voicemail", Result.NO_ANSWER, by="Mia")
    return "spring"


def test_an_agent_leaves_a_note_and_an_own_result(app: str, chromium: Browser, spring: str, db: Db) -> None:
    with new_page(chromium) as page:
        enter(page, app, db, "Ann", Role.AGENT)
        visit(page, address(app, spring))
        take_next(page)
        page.get_by_label("Note for whoever calls next").fill("Speaks English only")
        page.get_by_role("button", name="Voicemail").first.click()
        message = page.locator(".st-key-message")
        expect(message).to_contain_text("p1 is recorded")
        expect(message).to_contain_text("Voicemail (counts as: No answer), p1")

        # Signed in again, with the newest campaign open, the agent finds the person they hold.
        page.locator(".st-key-take button").click()
        expect(page.locator(".st-key-prospect-ref")).to_contain_text("p2")
        visit(page, f"{app}/?campaign=autumn")
        expect(page.locator(".st-key-prospect-ref")).to_contain_text("p2")
        page.locator(".st-key-give-back button").click()
        expect(page.locator(".st-key-card")).to_have_count(0)

        # A row of the list finds its person.
        page.locator(".st-key-ranked-list tbody tr").first.click()
        expect(page.locator(".st-key-search")).to_contain_text("still to be called")
    call = db.calls.find_one({"_id": "spring:p1:1"})
    assert call is not None
    assert (call["result"], call["own"]) == ("no answer", "own-1")
    assert "English" not in str(call)


def test_a_promised_call_is_given_away_and_taken_from_the_agenda(
    app: str, chromium: Browser, spring: str, db: Db
) -> None:
    with new_page(chromium) as page:
        enter(page, app, db, "Mia")
        visit(page, f"{app}/agenda")
        row = page.locator(".st-key-agenda-row-0")
        expect(row).to_contain_text("late")
        expect(row).to_contain_text("Bob")
        page.locator(".st-key-agenda-give-0 button").first.click()
        page.locator(".st-key-agenda-give-go-0 button").click()
        expect(page.locator(".st-key-message")).to_contain_text("Ann calls p3 now.")
    with new_page(chromium, width=390, height=844) as page:
        enter(page, app, db, "Ann", Role.AGENT)
        visit(page, f"{app}/agenda")
        expect(page.locator(".st-key-agenda-row-0")).to_contain_text("Ann, given by Mia")
        page.locator(".st-key-agenda-take-0 button").click()
        expect(page.locator(".st-key-prospect-ref")).to_contain_text("p3")
        expect(page.locator(".st-key-last-note")).to_contain_text("Ask for the daughter")
        expect(page.locator(".st-key-promised")).to_contain_text("Mia gave it to you")
        script, buttons = page.locator(".st-key-script-card"), page.locator(".st-key-outcomes")
        above, below = script.bounding_box(), buttons.bounding_box()
        assert above is not None
        assert below is not None
        assert above["y"] < below["y"], "on a phone the script is above the buttons"


def test_a_manager_corrects_a_result_and_sees_the_team(app: str, chromium: Browser, spring: str, db: Db) -> None:
    at = now() - timedelta(minutes=10)
    claim_person(db, "spring:p1", "Bob", all_of_them=True, clock=lambda: at)
    record(db, "spring:p1", "Bob", CallReport(Result.SOLD), clock=lambda: at)
    claim_person(db, "spring:p2", "Bob", all_of_them=True)
    with new_page(chromium) as page:
        enter(page, app, db, "Mia")
        visit(page, f"{app}/team")
        expect(page.locator(".st-key-team-now")).to_contain_text("on the phone")
        page.get_by_label("Name, phone number").fill("p1")
        page.keyboard.press("Enter")
        row = page.locator('[class*="st-key-correct-spring"]')
        expect(row).to_contain_text("Sold")
        row.locator('[class*="st-key-correct-open"] button').first.click()
        page.locator('[class*="st-key-correct-result"] input').click()
        page.get_by_role("option", name="Refused").click()
        page.locator('[class*="st-key-correct-go"] button').click()
        expect(page.locator(".st-key-message")).to_contain_text("A reason has 1 to 200 characters")
        page.get_by_label("Reason").last.fill("the wrong key")
        page.keyboard.press("Tab")
        page.locator('[class*="st-key-correct-go"] button').click()
        expect(page.locator(".st-key-message")).to_contain_text("p1 has the result Refused now.")
    outcome = db.outcomes.find_one({"_id": "spring:p1:1"})
    assert outcome is not None
    assert (outcome["positive"], outcome["agent"]) == (False, "Bob")


def test_keys_that_are_switched_off_record_nothing(app: str, chromium: Browser, spring: str, db: Db) -> None:
    with new_page(chromium) as page:
        enter(page, app, db, "Ann", Role.AGENT)
        visit(page, f"{app}/my-account")
        page.get_by_label("Refused").fill("V")
        page.get_by_role("button", name="Save the keys").click()
        expect(page.locator(".st-key-message")).to_contain_text("Your keys are saved.")
        visit(page, address(app, spring))
        take_next(page)
        page.keyboard.press("x")
        press_until(page, "v", page.locator(".st-key-card"), "hidden")
        visit(page, f"{app}/my-account")
        page.locator(".st-key-keys-on label").first.click()
        page.get_by_role("button", name="Save the keys").click()
        expect(page.locator(".st-key-message")).to_contain_text("Your keys are saved.")
        visit(page, address(app, spring))
        page.locator(".st-key-take button").click()
        expect(page.locator(".st-key-give-back button")).to_be_visible()
        expect(page.locator(".st-key-outcomes kbd")).to_have_count(0)
        page.keyboard.press("v")
        page.keyboard.press("s")
        page.get_by_label("Note for whoever calls next").fill("still here")
        expect(page.locator(".st-key-card")).to_be_visible()
    assert [call["result"] for call in db.calls.find({"agent": "Ann"})] == ["refused"]
