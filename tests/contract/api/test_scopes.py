"""Each operation of the document opens to the one scope that it names, and to no other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from api.access.scoped import SCOPE
from core.accounts import tokens
from core.accounts.tokens import Scope
from tests.contract.api.conftest import Api, Moving

BODIES: dict[str, Any] = {
    "/api/kinds/{kind}/claims": {"campaign": "autumn", "agent": "ann"},
    "/api/kinds/{kind}/claims/renewal": {"prospect": "autumn:1", "agent": "ann"},
    "/api/kinds/{kind}/claims/release": {"prospect": "autumn:1", "agent": "ann"},
    "/api/kinds/{kind}/results": {"prospect": "autumn:1", "agent": "ann", "call": 1, "result": "sold"},
    "/api/kinds/{kind}/wishes": {"reference": "7"},
    "/api/kinds/{kind}/erasures": {"reference": "7"},
    "/api/kinds/{kind}/campaigns/{campaign}/people": {"people": [{"id": "1", "opted": "yes"}]},
    "/api/kinds/{kind}/campaigns/{campaign}/people/{reference}": {"values": {"opted": "yes"}},
}
GIVEN = {"campaign": "autumn", "reference": "1", "entry": "autumn:0", "erasure": "x-1"}


def operations(api: Api) -> Iterator[tuple[str, str, Scope]]:
    document = api.client.get("/api/openapi.json").json()
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            assert operation["security"] == [{"token": []}], (method, path)
            yield method, path, Scope(operation[SCOPE])


def ask(api: Api, method: str, path: str, headers: dict[str, str]) -> Any:
    address = path.format(kind=api.schema.name, **GIVEN)
    if path.endswith(("/person", "/person-file")):
        address += "?reference=1"
    return api.client.request(method, address, json=BODIES.get(path), headers=headers)


def test_each_operation_is_refused_to_every_scope_but_its_own(api: Api) -> None:
    headers = {scope: api.token(scope, name=f"only-{number}") for number, scope in enumerate(Scope)}
    found = list(operations(api))
    assert {scope for _, _, scope in found} == set(Scope) - {Scope.CONTACTS}, "contacts opens no operation of its own"
    for method, path, needed in found:
        for scope in sorted(Scope, key=lambda one: one == needed):  # its own comes last: it may change something
            answer = ask(api, method, path, headers[scope])
            assert (answer.status_code == 403) == (scope != needed), (method, path, scope, answer.text)
            assert answer.status_code < 500, answer.text
            if scope != needed:
                assert answer.json()["type"] == "urn:callwise:forbidden"


@pytest.mark.parametrize("secret", ["", "cw_", "cw_unknown", "x" * 5_000, "cw_\u00e9"])
def test_without_a_token_nothing_opens(api: Api, secret: str) -> None:
    for method, path, _ in operations(api):
        headers = {"Authorization": f"Bearer {secret}".encode()} if secret else {}
        answer = ask(api, method, path, headers)  # type: ignore[arg-type]
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")


def test_a_token_ends_by_its_time_and_when_it_is_revoked(api: Api, clock: Moving) -> None:
    ends, revoked = api.token(Scope.FEED, name="ends", days=2), api.token(Scope.FEED, name="revoked")
    assert api.client.get("/api/changes", headers=revoked).status_code == 200
    tokens.revoke(api.db, "revoked", by="Eve")
    assert api.client.get("/api/changes", headers=revoked).status_code == 401
    clock.pass_by(days=1.9)
    assert api.client.get("/api/changes", headers=ends).status_code == 200
    clock.pass_by(days=0.2)
    assert api.client.get("/api/changes", headers=ends).status_code == 401


def test_the_last_use_is_shown_and_written_at_most_once_a_minute(api: Api, clock: Moving) -> None:
    headers = api.token(Scope.FEED)

    def used() -> Any:
        [token] = tokens.all_tokens(api.db)
        return token.used

    assert used() is None
    for _ in range(3):
        api.client.get("/api/changes", headers=headers)
    first = used()
    assert first is not None
    clock.pass_by(seconds=59)
    api.client.get("/api/changes", headers=headers)
    assert used() == first
    clock.pass_by(seconds=1)
    api.client.get("/api/changes", headers=headers)
    assert used() > first


def test_the_token_itself_is_stored_nowhere(api: Api) -> None:
    secret = api.token(Scope.FEED)["Authorization"].split()[1]
    api.client.get("/api/changes", headers={"Authorization": f"Bearer {secret}"})
    kept = str([list(api.db[name].find({})) for name in api.db.list_collection_names()])
    assert secret not in kept
    assert tokens.hashed(secret) in kept
    assert [event["what"] for event in api.db.events.find({})] == ["token made"]


def test_a_token_that_asks_too_often_waits(make_api: Any) -> None:
    api = make_api(CALLWISE_API_REQUESTS="3")
    busy, other = api.token(Scope.FEED, name="busy"), api.token(Scope.FEED, name="other")
    codes = [api.client.get("/api/changes", headers=busy).status_code for _ in range(4)]
    assert codes == [200, 200, 200, 429]
    refused = api.client.get("/api/changes", headers=busy)
    assert int(refused.headers["retry-after"]) >= 1
    assert api.client.get("/api/changes", headers=other).status_code == 200, "each token has its own budget"
