"""Coming in, staying in and going out, in a real browser."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.sync_api import Browser, Page, expect

from bootstrap.check.browser import new_page, visit
from core.accounts import changes as account_changes
from core.accounts.account import Role
from core.accounts.directory import add
from core.clock import now
from core.stores.mongo import Db
from tests.people import PASSWORD, enter, signed_in

pytestmark = [pytest.mark.mongo, pytest.mark.s3]
OTHER = "tinker tailor soldier sailor"


@pytest.fixture
def ann(db: Db) -> None:
    add(db, "ann.lee", "Ann Lee", Role.AGENT, by="tests", password=PASSWORD, must_change=False)


def fill_in(page: Page, name: str, password: str) -> None:
    page.get_by_label("Login name").fill(name)
    page.get_by_label("Password").fill(password)
    with page.expect_navigation():
        page.get_by_role("button", name="Sign in").click()


def test_whoever_comes_signs_in_first_and_goes_on_where_they_wanted(app: str, chromium: Browser, ann: None) -> None:
    with new_page(chromium) as page:
        page.goto(f"{app}/my-account?campaign=spring")
        expect(page).to_have_title("Sign in · Callwise")
        fill_in(page, "ann.lee", PASSWORD)
        expect(page.get_by_role("heading", name="My account")).to_be_visible()
        assert page.url == f"{app}/my-account?campaign=spring"
        expect(page.locator(".st-key-me")).to_contain_text("Ann Lee")
        [cookie] = [one for one in page.context.cookies() if one["name"] == "callwise_session"]
        assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Lax")
        assert cookie["value"] not in page.content()
        page.reload()
        expect(page.locator(".st-key-me")).to_contain_text("Ann Lee")


def test_a_wrong_password_and_a_wrong_name_are_told_alike_and_then_one_waits(
    app: str, chromium: Browser, ann: None, db: Db
) -> None:
    with new_page(chromium) as page:
        for name in ("ann.lee", "nobody"):
            page.goto(app)
            for _ in range(5):
                fill_in(page, name, "not the password")
                expect(page.get_by_role("alert")).to_have_text("Incorrect login name or password.")
            db.attempts.update_many({}, {"$inc": {"last": 3_600_000}})  # so that the wait is not over meanwhile
            fill_in(page, name, "not the password")
            expect(page.get_by_role("alert")).to_contain_text("Too many attempts failed. Try again in 6")
        fill_in(page, "ann.lee", PASSWORD)
        expect(page.get_by_role("alert")).to_contain_text("Too many attempts failed.")
        assert page.url == f"{app}/sign-in"
        db.attempts.update_many({}, {"$inc": {"last": -8_000_000}})
        fill_in(page, "ann.lee", PASSWORD)
        expect(page.get_by_role("heading", name="Call list")).to_be_visible()


def test_the_first_password_is_changed_before_anything_else(app: str, chromium: Browser, db: Db) -> None:
    add(db, "bob", "Bob", Role.ENGINEER, by="tests", password=PASSWORD)
    elsewhere = signed_in(db, "Bob")
    with new_page(chromium) as page:
        page.goto(f"{app}/accounts")
        fill_in(page, "bob", PASSWORD)
        expect(page.get_by_role("heading", name="Choose a password")).to_be_visible()
        for path in ("overview", "campaigns", "my-account"):
            page.goto(f"{app}/{path}")
            expect(page.get_by_role("heading", name="Choose a password")).to_be_visible()
        for new, said in (("short", "less than 12"), ("bobbobbobbob", "too easy"), (PASSWORD, "the current one")):
            choose(page, PASSWORD, new)
            expect(page.locator(".st-key-message")).to_contain_text(said)
        choose(page, PASSWORD, OTHER)
        expect(page.get_by_role("heading", name="Choose a password")).to_have_count(0)
        page.goto(f"{app}/my-account")
        expect(page.locator(".st-key-elsewhere")).to_contain_text("You are signed in here only.")
    assert elsewhere
    with new_page(chromium) as page:
        page.goto(app)
        fill_in(page, "bob", OTHER)
        expect(page.get_by_role("heading", name="Call list")).to_be_visible()


def choose(page: Page, old: str, new: str) -> None:
    page.get_by_label("Current password").fill(old)
    page.get_by_label("New password", exact=True).fill(new)
    page.get_by_label("Repeat the new password").fill(new)
    page.get_by_role("button", name="Change password").click()
    expect(page.locator("[data-testid=stStatusWidget]")).to_have_count(0)


@pytest.mark.parametrize("width", [1440, 390])
def test_signing_out_from_the_menu_ends_it(app: str, chromium: Browser, ann: None, db: Db, width: int) -> None:
    with new_page(chromium, width=width, height=844) as page:
        enter(page, app, db, "Ann Lee")
        visit(page, app)
        if width < 640:
            page.locator("[data-testid=stExpandSidebarButton]").click()
        else:
            page.get_by_text("Ann Lee").click()
        page.get_by_role("link", name="Sign out").or_(page.get_by_role("menuitem", name="Sign out")).click()
        page.wait_for_url("**/sign-in**")
        expect(page.get_by_role("status")).to_contain_text("You are signed out")
        page.goto(app)
        expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    assert db.sessions.find_one({}) is None


def test_a_link_from_elsewhere_signs_nobody_out(app: str, chromium: Browser, ann: None, db: Db) -> None:
    with new_page(chromium) as page:
        enter(page, app, db)
        visit(page, f"{app}/sign-out")
        expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    assert db.sessions.find_one({}) is not None


@pytest.mark.parametrize(
    ("role", "menu", "refused"),
    [
        (
            Role.AGENT,
            ["Call list", "Agenda"],
            [
                "campaigns",
                "team",
                "results",
                "overview",
                "models",
                "operation",
                "review",
                "economy",
                "privacy",
                "accounts",
            ],
        ),
        (
            Role.MANAGER,
            [
                *("Call list", "Agenda", "Campaigns", "Team", "Results", "Overview", "Models", "Review", "Economy"),
                *("Operation", "Privacy", "Accounts"),
            ],
            [],
        ),
    ],
)
def test_a_page_of_another_role_is_neither_in_the_menu_nor_behind_its_address(
    app: str, chromium: Browser, db: Db, role: Role, menu: list[str], refused: list[str]
) -> None:
    with new_page(chromium) as page:
        enter(page, app, db, "Ann", role)
        visit(page, app)
        links = page.locator("[data-testid=stTopNavLink]")
        expect(links).to_have_count(len(menu))
        assert [link.inner_text().split("\n")[-1].strip() for link in links.all()] == menu
        for path in refused:
            visit(page, f"{app}/{path}")
            expect(page.locator(".st-key-refused")).to_contain_text("This page is for managers and engineers.")
            expect(page.locator("[data-testid=stTable], input[type=file]")).to_have_count(0)
        if refused:
            page.get_by_role("link", name="To the call list").click()
            expect(page.get_by_role("heading", name="Call list")).to_be_visible()


def prospect(db: Db, score: float | None) -> None:
    """A campaign of one person."""
    db.campaigns.insert_one({"_id": "spring", "title": "spring", "created_at": now(), "schema": "x"})
    one: dict[str, object] = {"_id": "spring:p1", "campaign": "spring", "ref": "p1", "features": {}, "score": score}
    db.prospects.insert_one({**one, "status": "open", "claim": None, "score_version": "1", "prediction": "r:1"})


def test_what_is_pressed_after_the_session_ended_does_nothing(app: str, chromium: Browser, db: Db) -> None:
    prospect(db, score=0.5)
    with new_page(chromium) as page:
        enter(page, app, db, "Ann", Role.AGENT)
        visit(page, app)
        expect(page.locator(".st-key-take button")).to_be_enabled()
        account_changes.set_disabled(db, "ann", True, by="tests")
        page.locator(".st-key-take button").click()
        page.wait_for_url("**/sign-in**")
    assert [one["claim"] for one in db.prospects.find({})] == [None]


def test_a_page_that_draws_itself_notices_that_the_session_ended(app: str, chromium: Browser, db: Db) -> None:
    prospect(db, score=None)  # not ranked: the list looks every three seconds
    with new_page(chromium) as page:
        enter(page, app, db, "Ann", Role.AGENT)
        visit(page, app)
        expect(page.locator(".st-key-unranked")).to_be_visible()
        db.sessions.update_many({}, {"$inc": {"seen": -int(timedelta(hours=3).total_seconds())}})
        page.wait_for_url("**/sign-in?ended=1&next=%2F**")
