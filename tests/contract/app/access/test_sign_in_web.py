"""What the web server lets past, and whom it lets in: its own routes and middleware, around a page that is made up."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlencode

import httpx
import pytest
from argon2 import PasswordHasher
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from app.access.door import Guard, Reception, routes
from app.access.identity import COOKIE
from app.access.sessions import account_of
from app.access.sign_in_page import local_address, words
from app.shell.appliance import SessionLimits
from core.accounts import passwords
from core.accounts.account import Role
from core.accounts.directory import add
from core.clock import now
from core.errors import Unavailable
from core.stores.mongo import Db
from tests.people import PASSWORD, signed_in

pytestmark = pytest.mark.mongo
OWN = {"origin": "http://testserver", "sec-fetch-site": "same-origin"}
PAGE = {"accept": "text/html"}


async def anything(_request: Request) -> Response:
    return PlainTextResponse("data of the appliance")


@pytest.fixture
def browser(db: Db, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    monkeypatch.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))
    add(db, "ann", "Ann", Role.AGENT, by="tests", password=PASSWORD, must_change=False)
    yield from client(Reception(db, SessionLimits()))


def client(reception: Reception | None) -> Iterator[TestClient]:
    def found() -> Reception:
        if reception is None:
            raise Unavailable("MongoDB is away")
        return reception

    app = Starlette(
        routes=[*routes(found), Route("/{path:path}", anything, methods=["GET", "PUT", "POST"])],
        middleware=[Middleware(Guard, reception=found)],
    )
    with TestClient(app, follow_redirects=False) as made:
        yield made


def post(browser: TestClient, headers: dict[str, str] = OWN, **fields: str) -> httpx.Response:
    form = {"name": "ann", "password": PASSWORD, **fields}
    kind = {"content-type": "application/x-www-form-urlencoded"}
    answer: httpx.Response = browser.post("/sign-in", content=urlencode(form), headers={**kind, **headers})
    return answer


@pytest.mark.parametrize(
    "path", ["/", "/campaigns?x=1", "/media/abc.csv", "/_stcore/upload_file/a/b", "/_stcore/metrics", "/sign-inx"]
)
def test_nothing_is_had_without_a_session(browser: TestClient, path: str) -> None:
    for cookies in ({}, {COOKIE: ""}, {COOKIE: "guessed"}):
        browser.cookies.clear()
        browser.cookies.update(cookies)
        assert browser.get(path).status_code == 401
        assert browser.put(path, headers=PAGE).status_code == 401
        page = browser.get(path, headers=PAGE)
        assert page.status_code == 303
        assert "data" not in page.text


def test_a_session_opens_everything(browser: TestClient, db: Db) -> None:
    browser.cookies.set(COOKIE, signed_in(db, "Ann"))
    assert browser.get("/media/abc.csv").text == "data of the appliance"
    assert browser.get("/sign-in?next=%2Fresults").headers["location"] == "/results"


@pytest.mark.parametrize("path", ["/static/js/index.js", "/_stcore/health", "/_stcore/host-config", "/favicon.png"])
def test_what_holds_no_data_is_open(browser: TestClient, path: str) -> None:
    assert browser.get(path).status_code == 200


def test_a_right_password_is_answered_with_a_cookie_that_no_script_reads(browser: TestClient, db: Db) -> None:
    done = post(browser, next="/results?campaign=spring")
    assert (done.status_code, done.headers["location"]) == (303, "/results?campaign=spring")
    [cookie, device] = done.headers.get_list("set-cookie")
    assert device.startswith("callwise_device=")
    assert {"httponly", "samesite=lax", "path=/", "max-age=7776000"} <= set(device.lower().split("; "))
    assert "httponly" in cookie.lower()
    assert "samesite=lax" in cookie.lower()
    assert "path=/" in cookie.lower()
    assert "secure" not in cookie.lower(), "over http a browser would not keep it"
    assert "max-age" not in cookie.lower()
    token = cookie.split(";")[0].partition("=")[2]
    found = account_of(db, token, now(), SessionLimits())
    assert found is not None
    assert found.name == "ann"


def test_behind_https_the_cookie_is_for_https(browser: TestClient) -> None:
    browser.base_url = browser.base_url.copy_with(scheme="https")
    cookies = post(browser, headers={"origin": "https://testserver"}).headers.get_list("set-cookie")
    assert ["secure" in cookie.lower() for cookie in cookies] == [True, True]


def test_a_wrong_password_is_told_and_never_written_back(browser: TestClient) -> None:
    done = post(browser, name='<script>"', password="hunter2hunter2")
    assert done.status_code == 401
    assert "set-cookie" not in done.headers
    text = done.text
    assert "Incorrect login name or password" in text
    assert "<script>" not in text
    assert "&lt;script&gt;&quot;" in text
    assert "hunter2" not in text


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"origin": "https://elsewhere.example"},
        {"origin": "http://testserver:81"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "same-origin", "origin": "https://elsewhere.example"},
        {"sec-fetch-site": "cross-site", "origin": "http://testserver"},
    ],
)
def test_a_form_from_elsewhere_is_not_taken(browser: TestClient, db: Db, headers: dict[str, str]) -> None:
    assert post(browser, headers=headers).status_code == 403
    assert db.sessions.find_one({}) is None
    assert db.attempts.find_one({}) is None


def test_a_huge_form_and_one_that_is_none(browser: TestClient) -> None:
    assert post(browser, password="x" * 20_000).status_code == 413
    assert browser.post("/sign-in", content=b"\xff\xfe", headers=OWN).status_code == 401
    assert browser.post("/sign-in", content=b"&".join([b"a=1"] * 50), headers=OWN).status_code == 401


@pytest.mark.parametrize(
    ("asked", "goes"),
    [
        (None, "/"),
        ("", "/"),
        ("/results?x=1", "/results?x=1"),
        ("https://elsewhere.example", "/"),
        ("//elsewhere.example", "/"),
        ("/\\elsewhere.example", "/"),
        ("/x\\y", "/"),
        ("/\t/elsewhere.example", "/"),
        ("/sign-in?next=/", "/"),
        ("/sign-out", "/"),
        ("javascript:alert(1)", "/"),
    ],
)
def test_one_goes_on_to_this_app_and_nowhere_else(asked: str | None, goes: str) -> None:
    assert local_address(asked) == goes


def test_after_too_many_failures_it_says_when_to_come_back(browser: TestClient) -> None:
    for _ in range(5):
        assert post(browser, password="wrong").status_code == 401
    done = post(browser)
    assert done.status_code == 429
    assert 0 < int(done.headers["retry-after"]) <= 15


def test_without_the_database_the_page_says_so_and_no_data_is_given() -> None:
    for browser in client(None):
        assert browser.get("/media/abc.csv").status_code == 503
        assert browser.get("/", headers=PAGE).status_code == 200, "its run asks again, and says what is wrong"
        for done in (browser.get("/sign-in"), post(browser)):
            assert done.status_code == 503
            assert "set-cookie" not in done.headers


def test_the_page_speaks_the_language_of_the_browser_where_it_is_there() -> None:
    assert words("xx-YY, en;q=0.5")[0] == "en"
    assert words("")[0] == "en"
    assert words("../../etc/passwd, *")[0] == "en"
