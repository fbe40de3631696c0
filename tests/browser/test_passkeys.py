"""A passkey in a real browser with an authenticator in software: made, used at the sign-in, and removed again."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from bootstrap.check.browser import new_page
from core.accounts.account import Role
from core.accounts.directory import add, find
from core.accounts.passkeys import passkeys_of
from core.stores.mongo import Db
from tests.browser.barriers import barriers
from tests.people import PASSWORD

pytestmark = [pytest.mark.mongo, pytest.mark.s3]
SIZES = {"wide": (1280, 800), "narrow": (390, 844)}  # a laptop's and a phone's


@pytest.fixture(autouse=True)
def rules(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALLWISE_SECOND_FACTOR", "required")
    monkeypatch.setenv("CALLWISE_SECOND_FACTOR_KEY", "a-key-of-this-test")


@pytest.fixture
def home(app: str) -> str:
    """The app under a name: for an address a browser has no passkeys."""
    return app.replace("127.0.0.1", "localhost")


@pytest.fixture
def page(chromium: Browser, db: Db) -> Iterator[Page]:
    add(db, "eve", "Eve Stone", Role.ENGINEER, by="tests", password=PASSWORD, must_change=False)
    width, height = SIZES["wide"]
    with new_page(chromium, width=width, height=height) as opened:
        yield opened


def authenticator(page: Page) -> None:
    """Give the browser a phone's authenticator, whose owner unlocks it each time."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    options = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True}
    options |= {"isUserVerified": True, "automaticPresenceSimulation": True}
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})


def fill_in(page: Page) -> None:
    page.get_by_label("Login name").fill("eve")
    page.get_by_label("Password").fill(PASSWORD)
    with page.expect_navigation():
        page.get_by_role("button", name="Sign in").click()


def confirm(page: Page) -> None:
    page.get_by_label("Current password").fill(PASSWORD)


def look(page: Page, name: str) -> None:
    """Nothing bars anybody from the page, and a picture of it is kept if somebody asks for one."""
    assert barriers(page) == []
    if folder := os.environ.get("CALLWISE_SCREENSHOTS"):
        for size, (width, height) in SIZES.items():
            page.set_viewport_size({"width": width, "height": height})
            page.screenshot(path=Path(folder) / f"{name}-{size}.png", full_page=True)
        width, height = SIZES["wide"]
        page.set_viewport_size({"width": width, "height": height})


def test_it_is_made_signs_in_and_is_removed(home: str, page: Page, db: Db) -> None:
    authenticator(page)
    page.goto(f"{home}/overview")
    fill_in(page)
    expect(page.get_by_role("heading", name="Second factor")).to_be_visible()
    look(page, "passkey-first-page")
    page.get_by_role("link", name="Add a passkey").click()
    expect(page).to_have_title("Passkeys · Callwise")
    look(page, "passkey-password")
    confirm(page)
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_text("You have no passkey yet.")).to_be_visible()
    page.get_by_label("Name of the passkey").fill("my phone")
    page.get_by_role("button", name="Add a passkey").click()
    expect(page).to_have_title("Recovery codes · Callwise")
    assert len(page.locator("pre").inner_text().split()) == 10
    look(page, "passkey-recovery-codes")
    page.get_by_role("link", name="I have kept them").click()
    expect(page.get_by_text("my phone")).to_be_visible()
    expect(page.get_by_text("10 recovery codes are left.")).to_be_visible()
    page.locator(".st-key-factor").scroll_into_view_if_needed()
    look(page, "passkey-my-account")

    page.context.clear_cookies()
    page.goto(f"{home}/accounts")
    fill_in(page)
    expect(page).to_have_title("Second step · Callwise")
    look(page, "passkey-sign-in")
    page.get_by_label("Recovery code").fill("not-a-code")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert").first).to_contain_text("This code is not right")
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.locator(".st-key-account-list")).to_contain_text("Second factor")
    assert page.url == f"{home}/accounts"
    [used] = passkeys_of(db, "eve")
    assert used.used is not None

    page.goto(f"{home}/account/passkey")
    page.get_by_role("button", name="Go on with a passkey").click()
    expect(page.get_by_label("Current password")).to_be_focused()
    confirm(page)
    look(page, "passkey-confirm")
    page.get_by_role("button", name="Go on with a passkey").click()
    expect(page.get_by_role("button", name="Remove my phone")).to_be_visible()
    look(page, "passkey-list")
    page.get_by_label("Name of the passkey").fill("again")
    page.get_by_role("button", name="Add a passkey").click()
    expect(page.get_by_role("alert")).to_contain_text("InvalidStateError")
    page.get_by_role("button", name="Remove my phone").click()
    expect(page.get_by_text("You have no passkey yet.")).to_be_visible()
    account = find(db, "eve")
    assert account is not None
    assert not account.second_factor
    page.goto(f"{home}/overview")
    expect(page.get_by_role("heading", name="Second factor")).to_be_visible()


def test_under_an_address_the_page_says_why_there_are_none(app: str, page: Page, db: Db) -> None:
    page.goto(f"{app}/my-account")
    fill_in(page)
    expect(page.get_by_text("Open the app at http://localhost:")).to_be_visible()
    expect(page.get_by_role("link", name="Add a passkey")).to_have_count(0)
    page.goto(f"{app}/account/passkey")
    expect(page.get_by_text("Open the app at http://localhost:")).to_be_visible()
