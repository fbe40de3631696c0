"""Signing in with the company's single sign-on, at a provider on loopback."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.testclient import TestClient

from app.access import admission
from app.access.door import Guard, Reception
from app.access.door import routes as own_routes
from app.access.identity import COOKIE
from app.access.sessions import account_of
from app.access.single_sign_on import BACK, GO, provider_of, routes
from app.shell.appliance import SessionLimits
from core.accounts import changes as account_changes
from core.accounts import directory
from core.accounts.account import Account, Role
from core.accounts.directory import all_accounts, find
from core.clock import now
from core.errors import SettingsError
from core.settings.loading import load
from core.settings.people import AppSettings
from core.stores.mongo import Db
from tests import oidc_provider
from tests.oidc_provider import Provider

pytestmark = pytest.mark.mongo

MIA = {"sub": "42", "email": "Mia@Example.org", "name": "Mia Wallace"}


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with oidc_provider.running() as found:
        yield found


@pytest.fixture(autouse=True)
def honest(provider: Provider) -> None:
    provider.spoil = {}


def settings(provider: Provider, **more: str) -> AppSettings:
    return load(
        AppSettings,
        {
            "CALLWISE_SSO_METADATA": provider.metadata,
            "CALLWISE_SSO_CLIENT_ID": oidc_provider.CLIENT,
            "CALLWISE_SSO_CLIENT_SECRET": oidc_provider.SECRET,
            "CALLWISE_SSO_TITLE": "Example",
            **{f"CALLWISE_SSO_{name.upper()}": value for name, value in more.items()},
        },
    )


def browser(db: Db, provider: Provider, **more: str) -> TestClient:
    found = provider_of(settings(provider, **more))
    assert found is not None

    def reception() -> Reception:
        return Reception(db, SessionLimits(), found.title)

    app = Starlette(
        routes=[*own_routes(reception), *routes(reception, lambda: found)],
        middleware=[Middleware(Guard, reception=reception), Middleware(SessionMiddleware, secret_key="of the tests")],
    )
    return TestClient(app, follow_redirects=False)


def sign_in(client: TestClient, provider: Provider, onward: str = "/results", **claims: Any) -> httpx.Response:
    asked = client.get(GO, params={"next": onward})
    assert asked.headers["location"].startswith(f"{provider.address}/authorize?")
    answer: httpx.Response = client.get(BACK, params=provider.agree(asked.headers["location"], **claims))
    return answer


def whose(db: Db, done: httpx.Response) -> Account | None:
    return account_of(db, done.cookies.get(COOKIE), now(), SessionLimits())


def test_the_button_is_there_where_it_leads_somewhere(db: Db, provider: Provider) -> None:
    page = browser(db, provider).get("/sign-in?next=%2Fresults").text
    assert "Sign in with Example" in page
    assert f'href="{GO}?next=%2Fresults"' in page
    assert provider_of(load(AppSettings, {})) is None


def test_an_account_is_made_at_the_first_sign_in_and_found_at_the_next(db: Db, provider: Provider) -> None:
    client = browser(db, provider)
    for _ in range(2):
        done = sign_in(client, provider, **MIA)
        assert (done.status_code, done.headers["location"]) == (303, "/results")
        found = whose(db, done)
        assert found is not None
        assert (found.name, found.shown, found.role) == ("mia@example.org", "Mia Wallace", Role.AGENT)
        assert not found.has_password
        assert not found.must_change
        client.cookies.delete(COOKIE)
    assert len(all_accounts(db)) == 1
    moved = sign_in(client, provider, **{**MIA, "email": "mia.w@example.org", "name": "Mia W"})
    assert whose(db, moved) == found, "who it is, is the subject, and not the address"


def test_of_two_first_sign_ins_at_once_comes_one_account(db: Db, monkeypatch: pytest.MonkeyPatch) -> None:
    claims = {"iss": "https://id.example.org", "sub": "7", "email": "mia@example.org", "name": "Mia"}
    made = directory.add

    def beaten(*told: Any, **more: Any) -> Account:
        """The other tab is quicker by a moment."""
        monkeypatch.setattr(directory, "add", made)
        admission._create(db, claims, "https://id.example.org|7", Role.AGENT)
        return made(*told, **more)

    monkeypatch.setattr(directory, "add", beaten)
    found = admission._create(db, claims, "https://id.example.org|7", Role.AGENT)
    assert [one.name for one in all_accounts(db)] == [found.name] == ["mia@example.org"]


def test_nobody_gets_into_an_account_by_having_its_name_elsewhere(db: Db, provider: Provider) -> None:
    local = directory.add(db, "mia@example.org", "Mia Wallace", Role.ENGINEER, by="tests", password="x" * 20)
    found = whose(db, sign_in(browser(db, provider), provider, **MIA))
    assert found is not None
    assert found.name.startswith("sso-")
    assert found.shown.startswith("Mia Wallace ")
    assert found.role is Role.AGENT
    assert find(db, "mia@example.org") == local


@pytest.mark.parametrize(
    "claims",
    [
        {"email": "mia@elsewhere.org"},
        {"email": "mia@notexample.org"},
        {"email": "mia@example.org@elsewhere.org"},
        {"email": ""},
        {"email": "mia@example.org", "email_verified": False},
    ],
)
def test_an_address_of_another_domain_is_not_let_in(db: Db, provider: Provider, claims: dict[str, Any]) -> None:
    client = browser(db, provider, domains="example.org example.com")
    done = sign_in(client, provider, **{**MIA, **claims})
    assert done.status_code == 403
    assert "may not sign in here" in done.text
    assert COOKIE not in done.cookies
    assert all_accounts(db) == []
    assert sign_in(client, provider, **MIA).status_code == 303


@pytest.mark.parametrize(
    ("groups", "role"),
    [
        (["sales"], Role.MANAGER),
        (["it", "sales"], Role.ENGINEER),
        ("sales", Role.MANAGER),
        (["others"], None),
        ([], None),
        (None, None),
    ],
)
def test_roles_come_from_a_claim(db: Db, provider: Provider, groups: object, role: Role | None) -> None:
    client = browser(db, provider, claim="groups", roles="sales=manager it=engineer", default_role="none")
    done = sign_in(client, provider, **MIA, groups=groups)
    found = whose(db, done)
    assert (found.role if found else None) is role
    assert done.status_code == (303 if role else 403)


def test_another_group_is_another_role_from_the_next_sign_in_on(db: Db, provider: Provider) -> None:
    directory.add(db, "root", "Root", Role.ENGINEER, by="tests")
    client = browser(db, provider, claim="groups", roles="sales=manager it=engineer")
    before = sign_in(client, provider, **MIA, groups=["it"])
    client.cookies.delete(COOKIE)
    after = whose(db, sign_in(client, provider, **MIA, groups=["others"]))
    assert after is not None
    assert after.role is Role.AGENT
    assert whose(db, before) is None, "and what was open with the old one has ended"


def test_a_role_given_in_the_app_stays_where_no_claim_gives_roles(db: Db, provider: Provider) -> None:
    client = browser(db, provider)
    sign_in(client, provider, **MIA)
    account_changes.set_role(db, "mia@example.org", Role.MANAGER, by="tests")
    client.cookies.delete(COOKIE)
    found = whose(db, sign_in(client, provider, **MIA))
    assert found is not None
    assert found.role is Role.MANAGER


def test_a_disabled_account_stays_out(db: Db, provider: Provider) -> None:
    client = browser(db, provider)
    sign_in(client, provider, **MIA)
    account_changes.set_disabled(db, "mia@example.org", True, by="tests")
    client.cookies.delete(COOKIE)
    done = sign_in(client, provider, **MIA)
    assert (done.status_code, whose(db, done)) == (403, None)


@pytest.mark.parametrize(
    "spoil", [{"nonce": "another"}, {"aud": "another"}, {"iss": "https://another.example"}, {"exp": 1}]
)
def test_an_id_token_that_does_not_hold_opens_nothing(db: Db, provider: Provider, spoil: dict[str, Any]) -> None:
    provider.spoil = spoil
    done = sign_in(browser(db, provider), provider, **MIA)
    assert done.status_code == 403
    assert "single sign-on failed" in done.text
    assert all_accounts(db) == []


def test_what_was_not_begun_here_is_not_ended_here(db: Db, provider: Provider) -> None:
    asked = browser(db, provider).get(GO).headers["location"]
    other = browser(db, provider)
    assert other.get(BACK, params=provider.agree(asked, **MIA)).status_code == 403
    assert other.get(BACK, params={"error": "access_denied", "state": "x"}).status_code == 403
    assert other.get(BACK).status_code == 403
    assert all_accounts(db) == []


def test_a_provider_that_is_away_is_said(db: Db, provider: Provider) -> None:
    away = Provider(address="http://127.0.0.1:9", key=provider.key)
    done = browser(db, away).get(GO)
    assert done.status_code == 503
    assert "single sign-on failed" in done.text


def test_one_never_goes_on_to_elsewhere(db: Db, provider: Provider) -> None:
    done = sign_in(browser(db, provider), provider, "https://elsewhere.example", **MIA)
    assert done.headers["location"] == "/"


@pytest.mark.parametrize(
    "more", [{"client_secret": ""}, {"roles": "sales=chief"}, {"roles": "sales"}, {"default_role": "chief"}]
)
def test_settings_that_make_no_sense_are_named(provider: Provider, more: dict[str, str]) -> None:
    with pytest.raises(SettingsError, match="CALLWISE_SSO"):
        provider_of(settings(provider, **more))
