"""A second factor in a real browser: required at the next sign-in, switched on, and asked for from then on."""

from __future__ import annotations

import base64
import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from bootstrap.check.browser import new_page
from core.accounts.account import Role
from core.accounts.directory import add
from core.accounts.one_time_codes import code_at
from core.clock import now
from core.stores.mongo import Db
from tests.people import PASSWORD

pytestmark = [pytest.mark.mongo, pytest.mark.s3]
WIDTH, HEIGHT = 1280, 800  # a laptop's


@pytest.fixture(autouse=True)
def rules(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALLWISE_SECOND_FACTOR", getattr(request, "param", "required"))
    monkeypatch.setenv("CALLWISE_SECOND_FACTOR_KEY", "a-key-of-this-test")


@pytest.fixture
def page(app: str, chromium: Browser, db: Db) -> Iterator[Page]:
    add(db, "eve", "Eve Stone", Role.ENGINEER, by="tests", password=PASSWORD, must_change=False)
    with new_page(chromium, width=WIDTH, height=HEIGHT) as opened:
        yield opened


def fill_in(page: Page) -> None:
    page.get_by_label("Login name").fill("eve")
    page.get_by_label("Password").fill(PASSWORD)
    with page.expect_navigation():
        page.get_by_role("button", name="Sign in").click()


def picture(page: Page, name: str) -> None:
    if folder := os.environ.get("CALLWISE_SCREENSHOTS"):
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


def test_it_is_switched_on_before_anything_else_and_asked_for_from_then_on(app: str, page: Page, db: Db) -> None:
    page.goto(f"{app}/overview")
    fill_in(page)
    expect(page.get_by_role("heading", name="Second factor")).to_be_visible()
    page.goto(f"{app}/accounts")
    expect(page.get_by_role("heading", name="Second factor")).to_be_visible()
    expect(page.locator("[data-testid=stTable]")).to_have_count(0)
    page.get_by_role("button", name="Switch on").click()
    key = page.locator("[data-testid=stCode]").first
    expect(key).to_be_visible()
    picture(page, "second-factor-enrolment")
    secret = base64.b32decode(key.inner_text().replace(" ", "").strip())
    page.get_by_label("Code of six digits").fill(code_at(secret, now()))
    page.get_by_role("button", name="Switch on").click()
    codes = page.locator("[data-testid=stCode]")
    expect(codes).to_have_count(1)
    expect(page.get_by_text("Your second factor is on.")).to_be_visible()
    recovery = codes.inner_text().split()
    assert len(recovery) == 10
    picture(page, "second-factor-recovery-codes")
    page.get_by_role("button", name="I have kept them").click()
    page.goto(f"{app}/my-account")
    expect(page.get_by_text("10 recovery codes are left.")).to_be_visible()
    page.locator(".st-key-factor").scroll_into_view_if_needed()
    picture(page, "second-factor-my-account")

    page.context.clear_cookies()
    page.goto(f"{app}/accounts")
    fill_in(page)
    expect(page).to_have_title("Second step · Callwise")
    expect(page.get_by_label("Code of six digits")).to_be_focused()
    picture(page, "second-factor-sign-in")
    page.get_by_label("Code of six digits").fill("000 000")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("This code is not right")
    page.get_by_label("Code of six digits").fill(code_at(secret, now() + timedelta(seconds=30)))
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator(".st-key-account-list")).to_contain_text("Second factor")
    assert page.url == f"{app}/accounts"
    picture(page, "second-factor-accounts")


@pytest.mark.parametrize("rules", ["offered"], indirect=True)
def test_where_it_is_offered_an_engineer_is_reminded_and_may_go_on(app: str, page: Page, db: Db) -> None:
    page.goto(f"{app}/overview")
    fill_in(page)
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    expect(page.locator(".st-key-factor-reminder")).to_contain_text("Add a second factor.")
    picture(page, "second-factor-reminder")
    page.get_by_role("link", name="To my account").click()
    expect(page.get_by_role("button", name="Switch on")).to_be_visible()
