"""The pages with a passkey, as a browser's script fills in their forms, and as one without scripts shows them."""

from __future__ import annotations

import base64
import hashlib
import re
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

from app.access import second_step, sessions
from app.access.door import Guard, Reception, routes
from app.access.identity import COOKIE
from app.access.sign_in_page import POLICY
from app.second_factor import confirmation, own_passkeys, second_step_page
from app.shell.appliance import SessionLimits
from core.accounts import changes, passkeys, passwords, second_factor
from core.accounts.account import Account, Role
from core.accounts.directory import add
from core.accounts.one_time_codes import KeyRing, code_at
from core.accounts.second_factor import FactorRules
from core.clock import now
from core.stores.mongo import Db
from tests.authenticator import Authenticator, options_on
from tests.people import PASSWORD

pytestmark = pytest.mark.mongo
HOME = "https://calls.example.org:8443"
OWN = {"origin": HOME, "sec-fetch-site": "same-origin"}
KEYS, SECRET = KeyRing("a key of these tests"), b"12345678901234567890"
PAGE, LIMITS = "/account/passkey", SessionLimits()


@pytest.fixture
def ann(db: Db, monkeypatch: pytest.MonkeyPatch) -> Account:
    monkeypatch.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))
    return add(db, "ann", "Ann", Role.ENGINEER, by="tests", password=PASSWORD, must_change=False)


@pytest.fixture
def phone() -> Authenticator:
    return Authenticator(HOME)


@pytest.fixture
def browser(db: Db, ann: Account) -> Iterator[TestClient]:
    yield from client(Reception(db, LIMITS, app_page=HOME, factor=FactorRules(KEYS)))


@pytest.fixture
def hers(db: Db, browser: TestClient, ann: Account) -> TestClient:
    """A browser in which Ann is signed in."""
    browser.cookies.set(COOKIE, sessions.open_session(db, ann, now(), LIMITS))
    return browser


def client(desk: Reception, home: str = HOME) -> Iterator[TestClient]:
    parts = (routes, second_step_page.routes, own_passkeys.routes)
    app = Starlette(
        routes=[route for part in parts for route in part(lambda: desk)],
        middleware=[Middleware(Guard, reception=lambda: desk)],
    )
    with TestClient(app, base_url=home, follow_redirects=False) as made:
        made.headers["accept"] = "text/html"
        yield made


def post(browser: TestClient, path: str, headers: dict[str, str] = OWN, **fields: str) -> httpx.Response:
    kind = {"content-type": "application/x-www-form-urlencoded"}
    answer: httpx.Response = browser.post(path, content=urlencode(fields), headers={**kind, **headers})
    return answer


def password(browser: TestClient) -> httpx.Response:
    return post(browser, "/sign-in", name="ann", password=PASSWORD, next="/results")


def confirm(browser: TestClient, **fields: str) -> httpx.Response:
    return post(browser, f"{PAGE}/confirm", OWN, **{"password": PASSWORD, **fields})


def enrol(browser: TestClient, phone: Authenticator, name: str = "my phone") -> httpx.Response:
    return post(browser, f"{PAGE}/add", name=name, passkey=phone.create(options_on(browser.get(PAGE).text)))


def enrolled(browser: TestClient, phone: Authenticator) -> list[str]:
    """Ann has a passkey; these are her recovery codes."""
    assert confirm(browser).status_code == 303
    done = enrol(browser, phone)
    assert done.status_code == 200, done.text
    [codes] = re.findall(r"<pre>(.*?)</pre>", done.text, re.DOTALL)
    return str(codes).split()


def runs_one_script(page: httpx.Response) -> bool:
    """Whether the policy lets the page's one script run, and nothing else."""
    [script] = re.findall(r"<script>(.*?)</script>", page.text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return page.headers["content-security-policy"] == f"{POLICY}; script-src 'sha256-{digest}'"


# --- one's own passkeys --------------------------------------------------------------------------------------------


def test_the_password_then_the_passkey_then_the_recovery_codes(
    hers: TestClient, db: Db, ann: Account, phone: Authenticator
) -> None:
    shown = hers.get(PAGE)
    assert 'name="password"' in shown.text
    assert 'name="code"' not in shown.text
    elsewhere = sessions.open_session(db, ann, now(), LIMITS)
    codes = enrolled(hers, phone)
    assert len(codes) == 10
    assert sessions.account_of(db, elsewhere, now(), LIMITS) is None
    account = sessions.account_of(db, hers.cookies[COOKIE], now(), LIMITS)
    assert account is not None, "she stays signed in here"
    assert account.passkeys == 1
    listed = hers.get(PAGE)
    assert "my phone" in listed.text
    assert runs_one_script(listed)
    assert not any(code in listed.text for code in codes)


def test_before_it_is_known_who_asks_nothing_is_shown_and_nothing_changes(
    hers: TestClient, db: Db, ann: Account, phone: Authenticator
) -> None:
    enrolled(hers, phone)
    [stored] = passkeys.passkeys_of(db, "ann")
    left_open = sessions.open_session(db, changes.existing(db, "ann"), now(), LIMITS)
    hers.cookies.clear()
    hers.cookies.set(COOKIE, left_open)
    assert "my phone" not in hers.get(PAGE).text
    for path, fields in (("add", {"name": "x", "passkey": "{}"}), ("remove", {"key": stored.key})):
        done = post(hers, f"{PAGE}/{path}", OWN, **fields)
        assert (done.status_code, done.headers["location"]) == (303, PAGE)
    assert passkeys.passkeys_of(db, "ann") == [stored]
    for fields in ({"password": "wrong"}, {"code": "000000"}, {}, {"passkey": "{}"}, {"passkey": "{}", "code": "1"}):
        assert confirm(hers, **fields).status_code == 401
    assert post(hers, f"{PAGE}/remove", key=stored.key).headers["location"] == PAGE
    assert passkeys.passkeys_of(db, "ann") == [stored]


def test_a_passkey_or_a_recovery_code_shows_who_asks(hers: TestClient, db: Db, phone: Authenticator) -> None:
    codes = enrolled(hers, phone)
    for proof in ("passkey", "code"):
        db.attempts.delete_many({"_id": {"$regex": "^confirmed:"}})
        asked = hers.get(PAGE)
        assert runs_one_script(asked)
        given = phone.get(options_on(asked.text)) if proof == "passkey" else codes[0]
        assert confirm(hers, **{proof: given}).status_code == 303
        assert "my phone" in hers.get(PAGE).text


def test_who_asks_is_forgotten_after_some_minutes(hers: TestClient, db: Db, ann: Account) -> None:
    confirm(hers)
    token = hers.cookies[COOKIE]
    before = now() + confirmation.LASTS - timedelta(minutes=1)
    assert confirmation.confirmed(db, token, ann, before)
    assert not confirmation.confirmed(db, token, ann, before + timedelta(minutes=2))
    assert not confirmation.confirmed(db, "another session", ann, now())


def test_an_answer_for_confirming_signs_nobody_in(hers: TestClient, db: Db, phone: Authenticator) -> None:
    enrolled(hers, phone)
    db.attempts.delete_many({"_id": {"$regex": "^confirmed:"}})
    answer = phone.get(options_on(hers.get(PAGE).text))
    password(hers)
    assert post(hers, "/sign-in/code", passkey=answer).status_code == 401


def test_one_is_removed_and_with_the_last_the_second_factor(hers: TestClient, db: Db, phone: Authenticator) -> None:
    enrolled(hers, phone)
    [stored] = passkeys.passkeys_of(db, "ann")
    done = post(hers, f"{PAGE}/remove", key="another")
    assert done.status_code == 400
    assert "no such passkey" in done.text
    assert post(hers, f"{PAGE}/remove", key=stored.key).status_code == 303
    assert not changes.existing(db, "ann").second_factor
    assert "no passkey yet" in hers.get(PAGE).text


def test_a_passkey_that_is_not_accepted_is_told(hers: TestClient, db: Db, phone: Authenticator) -> None:
    confirm(hers)
    options = options_on(hers.get(PAGE).text)
    assert (
        post(hers, f"{PAGE}/add", name="x", passkey=phone.create(options, origin="https://evil.net")).status_code == 400
    )
    done = post(hers, f"{PAGE}/add", name="x", passkey=phone.create(options))
    assert done.status_code == 400
    assert "This passkey was not accepted." in done.text, "the challenge was used up"
    done = enrol(hers, phone, "<script>" + "x" * 40)
    assert done.status_code == 400
    assert "needs a name" in done.text
    assert passkeys.passkeys_of(db, "ann") == []
    assert enrol(hers, phone, "<b>mine</b>").status_code == 200
    assert "<b>mine</b>" not in hers.get(PAGE).text


@pytest.mark.parametrize("headers", [{}, {"origin": "https://elsewhere.example"}, {"sec-fetch-site": "cross-site"}])
@pytest.mark.parametrize("path", ["confirm", "add", "remove"])
def test_a_form_from_elsewhere_is_not_taken(
    hers: TestClient, db: Db, phone: Authenticator, headers: dict[str, str], path: str
) -> None:
    enrolled(hers, phone)
    [stored] = passkeys.passkeys_of(db, "ann")
    fields = {"password": PASSWORD, "name": "x", "passkey": "{}", "key": stored.key}
    assert post(hers, f"{PAGE}/{path}", headers=headers, **fields).status_code == 403
    assert passkeys.passkeys_of(db, "ann") == [stored]


def test_without_a_session_there_is_no_page(browser: TestClient, db: Db) -> None:
    assert browser.get(PAGE).headers["location"] == "/sign-in?next=%2Faccount%2Fpasskey"
    for path in ("confirm", "add", "remove"):
        assert post(browser, f"{PAGE}/{path}").status_code == 401


def test_who_has_a_first_password_or_the_single_sign_on_has_no_page(browser: TestClient, db: Db) -> None:
    new = add(db, "bob", "Bob", Role.MANAGER, by="tests", password=PASSWORD)
    browser.cookies.set(COOKIE, sessions.open_session(db, new, now(), LIMITS))
    assert browser.get(PAGE).headers["location"] == "/"
    sue = add(db, "sue", "Sue", Role.MANAGER, by="tests", subject="https://id.example|1")
    browser.cookies.clear()
    browser.cookies.set(COOKIE, sessions.open_session(db, sue, now(), LIMITS))
    shown = browser.get(PAGE)
    assert shown.status_code == 403
    assert "single sign-on" in shown.text
    assert post(browser, f"{PAGE}/confirm", password=PASSWORD).status_code == 403


@pytest.mark.parametrize("home", ["https://192.0.2.7:8443", "http://calls.example.org"])
def test_where_a_browser_has_none_the_page_says_why(db: Db, ann: Account, home: str) -> None:
    for browser in client(Reception(db, LIMITS, app_page=home, factor=FactorRules(KEYS)), home):
        browser.cookies.set(COOKIE, sessions.open_session(db, ann, now(), LIMITS))
        shown = browser.get(PAGE)
        assert shown.status_code == 403
        assert "A browser has passkeys only for" in shown.text
        assert "<script" not in shown.text


# --- the second step -----------------------------------------------------------------------------------------------


def test_a_passkey_is_the_second_step(hers: TestClient, db: Db, phone: Authenticator) -> None:
    enrolled(hers, phone)
    hers.cookies.clear()
    done = password(hers)
    assert done.headers["location"] == "/sign-in/code?next=%2Fresults"
    shown = hers.get(done.headers["location"])
    assert runs_one_script(shown)
    assert "Recovery code" in shown.text
    done = post(hers, "/sign-in/code", passkey=phone.get(options_on(shown.text)), next="/results")
    assert (done.status_code, done.headers["location"]) == (303, "/results")
    account = sessions.account_of(db, hers.cookies[COOKIE], now(), LIMITS)
    assert account is not None
    assert account.name == "ann"


def test_a_wrong_passkey_is_told_and_the_page_asks_again(hers: TestClient, db: Db, phone: Authenticator) -> None:
    codes = enrolled(hers, phone)
    hers.cookies.clear()
    password(hers)
    options = options_on(hers.get("/sign-in/code").text)
    stranger = Authenticator(HOME, id=phone.id)
    done = post(hers, "/sign-in/code", passkey=stranger.get(options))
    assert done.status_code == 401
    assert "This passkey was not accepted. Try again." in done.text
    assert post(hers, "/sign-in/code", passkey=phone.get(options)).status_code == 401, "its challenge is used up"
    assert COOKIE not in hers.cookies
    for _ in range(3):
        done = post(hers, "/sign-in/code", code="wrong")
    done = post(hers, "/sign-in/code", code=codes[0])
    assert done.status_code == 429
    assert 0 < int(done.headers["retry-after"]) <= 15
    assert post(hers, "/sign-in/code", passkey=phone.get(options_on(done.text))).status_code == 303


def test_without_scripts_a_code_does(hers: TestClient, phone: Authenticator) -> None:
    codes = enrolled(hers, phone)
    hers.cookies.clear()
    password(hers)
    shown = hers.get("/sign-in/code").text
    [button] = re.findall(r"<button[^>]*data-passkey[^>]*>", shown)
    assert button.endswith(" hidden>")
    assert post(hers, "/sign-in/code", code=codes[0], next="/").status_code == 303


def test_an_account_with_codes_alone_has_a_page_without_a_script(browser: TestClient, db: Db, ann: Account) -> None:
    before = now() - timedelta(minutes=2)
    second_factor.turn_on(db, KEYS, ann, SECRET, code_at(SECRET, before), before)
    password(browser)
    shown = browser.get("/sign-in/code")
    assert "<script" not in shown.text
    assert shown.headers["content-security-policy"] == POLICY


def test_under_another_name_a_code_does_and_the_page_says_why(db: Db, ann: Account, phone: Authenticator) -> None:
    desk = Reception(db, LIMITS, app_page=HOME, factor=FactorRules(KEYS))
    for browser in client(desk):
        browser.cookies.set(COOKIE, sessions.open_session(db, ann, now(), LIMITS))
        enrolled(browser, phone)
    other = "https://calls.example.net:8443"
    for browser in client(desk, other):
        done = post(browser, "/sign-in", headers={"origin": other}, name="ann", password=PASSWORD)
        assert done.status_code == 303
        shown = browser.get("/sign-in/code")
        assert f"Passkeys belong to {HOME}." in shown.text
        assert "<script" not in shown.text
        step = browser.cookies[second_step.COOKIE]
    for browser in client(replace(desk, app_page=other), other):
        browser.cookies.set(second_step.COOKIE, step)
        options = options_on(browser.get("/sign-in/code").text)
        done = post(
            browser, "/sign-in/code", headers={"origin": other}, passkey=phone.get(options, rp_id="calls.example.org")
        )
        assert done.status_code == 401, "a passkey stays with its name"
