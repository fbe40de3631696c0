"""The two forms of a sign-in with a second factor, as a browser without scripts sends them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from urllib.parse import urlencode

import httpx
import pytest
from argon2 import PasswordHasher
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.testclient import TestClient

from app.access import second_step, sessions, tool_door
from app.access.door import Guard, Reception, routes
from app.access.identity import COOKIE
from app.second_factor import second_step_page
from app.shell.appliance import SessionLimits
from core.accounts import changes, passwords, second_factor
from core.accounts.account import Account, Role
from core.accounts.directory import add
from core.accounts.one_time_codes import KeyRing, code_at
from core.accounts.second_factor import FactorRules
from core.clock import now
from core.stores.mongo import Db
from tests.people import PASSWORD, signed_in

pytestmark = pytest.mark.mongo
OWN = {"origin": "http://testserver", "sec-fetch-site": "same-origin"}
KEYS, SECRET = KeyRing("a key of these tests"), b"12345678901234567890"


@pytest.fixture
def recovery(db: Db, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))
    ann = add(db, "ann", "Ann", Role.ENGINEER, by="tests", password=PASSWORD, must_change=False)
    before = now() - timedelta(minutes=2)
    return second_factor.turn_on(db, KEYS, ann, SECRET, code_at(SECRET, before), before)[1]


@pytest.fixture
def browser(db: Db, recovery: list[str]) -> Iterator[TestClient]:
    yield from client(Reception(db, SessionLimits(), factor=FactorRules(KEYS)))


def client(reception: Reception) -> Iterator[TestClient]:
    app = Starlette(
        routes=[
            *(*routes(lambda: reception), *second_step_page.routes(lambda: reception)),
            *tool_door.routes(lambda: reception),
        ],
        middleware=[Middleware(Guard, reception=lambda: reception)],
    )
    with TestClient(app, follow_redirects=False) as made:
        yield made


def post(browser: TestClient, path: str, headers: dict[str, str] = OWN, **fields: str) -> httpx.Response:
    kind = {"content-type": "application/x-www-form-urlencoded"}
    answer: httpx.Response = browser.post(path, content=urlencode(fields), headers={**kind, **headers})
    return answer


def password(browser: TestClient, onward: str = "/") -> httpx.Response:
    return post(browser, "/sign-in", name="ann", password=PASSWORD, next=onward)


def code(browser: TestClient, typed: str | None = None, onward: str = "/") -> httpx.Response:
    typed = code_at(SECRET, now()) if typed is None else typed
    return post(browser, "/sign-in/code", code=typed, next=onward)


def test_the_password_leads_to_the_code_and_the_code_to_the_page(browser: TestClient, db: Db) -> None:
    done = password(browser, "/results?campaign=spring")
    assert (done.status_code, done.headers["location"]) == (303, "/sign-in/code?next=%2Fresults%3Fcampaign%3Dspring")
    [cookie] = done.headers.get_list("set-cookie")
    assert cookie.startswith(f"{second_step.COOKIE}=")
    assert {"httponly", "samesite=lax", "path=/sign-in", "max-age=600"} <= set(cookie.lower().split("; "))
    assert db.sessions.find_one({}) is None
    shown = browser.get(done.headers["location"])
    assert shown.status_code == 200
    assert 'autocomplete="one-time-code"' in shown.text
    assert 'value="/results?campaign=spring"' in shown.text
    assert "script" not in shown.text.replace("default-src", "")
    done = code(browser, onward="/results?campaign=spring")
    assert (done.status_code, done.headers["location"]) == (303, "/results?campaign=spring")
    names = [cookie.partition("=")[0] for cookie in done.headers.get_list("set-cookie")]
    assert names == [COOKIE, "callwise_device", second_step.COOKIE]
    account = sessions.account_of(db, browser.cookies[COOKIE], now(), SessionLimits())
    assert account is not None
    assert account.name == "ann"


def test_the_cookie_of_the_first_step_opens_nothing_else(browser: TestClient) -> None:
    password(browser)
    step = browser.cookies[second_step.COOKIE]
    browser.cookies.set(COOKIE, step)
    assert browser.get("/media/abc.csv").status_code == 401
    assert browser.get("/tools/mlflow").status_code == 401


def test_a_wrong_code_is_told_and_never_written_back(browser: TestClient) -> None:
    password(browser)
    done = code(browser, '<script>"')
    assert done.status_code == 401
    assert "not right, or was used already" in done.text
    assert "script" not in done.text
    assert "set-cookie" not in done.headers
    assert code(browser).status_code == 303


def test_a_code_that_was_seen_is_refused_in_another_browser(browser: TestClient) -> None:
    seen = code_at(SECRET, now())
    password(browser)
    assert code(browser, seen).status_code == 303
    browser.cookies.clear()
    password(browser)
    assert code(browser, seen).status_code == 401


def test_a_recovery_code_signs_in(browser: TestClient, recovery: list[str]) -> None:
    password(browser)
    assert code(browser, recovery[0]).status_code == 303


def test_after_too_many_codes_it_says_when_to_come_back(browser: TestClient) -> None:
    password(browser)
    for _ in range(5):
        assert code(browser, "wrong").status_code == 401
    password(browser)
    done = code(browser)
    assert done.status_code == 429
    assert 0 < int(done.headers["retry-after"]) <= 15


def test_without_the_first_step_there_is_no_second(browser: TestClient, db: Db) -> None:
    assert browser.get("/sign-in/code?next=%2Fresults").headers["location"] == "/sign-in?next=%2Fresults"
    done = code(browser)
    assert done.status_code == 401
    assert "too long ago" in done.text
    assert 'name="password"' in done.text
    assert db.sessions.find_one({}) is None


@pytest.mark.parametrize("headers", [{}, {"origin": "https://elsewhere.example"}, {"sec-fetch-site": "cross-site"}])
def test_a_form_from_elsewhere_is_not_taken(browser: TestClient, db: Db, headers: dict[str, str]) -> None:
    password(browser)
    assert post(browser, "/sign-in/code", headers=headers, code=code_at(SECRET, now())).status_code == 403
    assert db.sessions.find_one({}) is None


def test_with_another_key_nobody_is_let_in_and_a_recovery_code_works(db: Db, recovery: list[str]) -> None:
    for browser in client(Reception(db, SessionLimits(), factor=FactorRules(KeyRing("another")))):
        password(browser)
        assert code(browser).status_code == 503
        assert db.sessions.find_one({}) is None
        assert code(browser, recovery[0]).status_code == 303


def test_where_it_is_required_no_tool_opens_before_it_is_on(db: Db) -> None:
    desk = Reception(
        db, SessionLimits(), app_page="https://callwise.test:8443", tool_pages={"mlflow": "https://callwise.test:8444"}
    )
    asked = {"x-forwarded-method": "GET", "x-forwarded-uri": "/", "x-forwarded-host": "callwise.test:8444"}
    token = signed_in(db, "Eve", Role.ENGINEER)
    for required, status in ((False, 200), (True, 401)):
        for browser in client(replace(desk, factor=FactorRules(KEYS, required))):
            browser.cookies.set(COOKIE, token)
            assert browser.get("/door/mlflow", headers=asked).status_code == status
    for browser in client(replace(desk, factor=FactorRules(KEYS, required=True))):
        browser.cookies.set(COOKIE, token)
        assert browser.get("/tools/mlflow?at=%2F").headers["location"] == "/"
        account = changes.existing(db, "eve")
        browser.cookies.set(COOKIE, enrolled(db, account))
        assert browser.get("/door/mlflow", headers=asked).status_code == 200


def enrolled(db: Db, account: Account) -> str:
    changed, _ = second_factor.turn_on(db, KEYS, account, SECRET, code_at(SECRET, now()), now())
    return sessions.open_session(db, changed, now(), SessionLimits())
