"""Passkeys are offered where a browser has them, and elsewhere the page says why not."""

import pytest

from app.second_factor.relying_party import RelyingParty, relying_party


@pytest.mark.parametrize(
    ("app_page", "asked", "origin"),
    [
        ("https://calls.example.org:8443", "http://calls.example.org:8443", "https://calls.example.org:8443"),
        ("https://Calls.Example.org:443/", "http://calls.example.org", "https://calls.example.org"),
        ("https://calls.example.org", "https://CALLS.example.org:443", "https://calls.example.org"),
        ("https://localhost:8443", "http://localhost:8443", "https://localhost:8443"),
        ("https://callwise", "http://callwise", "https://callwise"),
        (None, "http://localhost:18500", "http://localhost:18500"),
    ],
)
def test_a_name_with_https_and_localhost_have_passkeys(app_page: str | None, asked: str, origin: str) -> None:
    party = relying_party(app_page, asked)
    assert isinstance(party, RelyingParty)
    assert party.origin == origin
    assert party.id in ("calls.example.org", "localhost", "callwise")


@pytest.mark.parametrize(
    ("app_page", "asked", "why"),
    [
        ("https://192.0.2.7:8443", "http://192.0.2.7:8443", "only for a name"),
        ("https://[2001:db8::7]:8443", "http://[2001:db8::7]:8443", "only for a name"),
        ("https://127.0.0.1:8443", "http://127.0.0.1:8443", "only for a name"),
        ("http://calls.example.org", "http://calls.example.org", "over https"),
        ("https://calls.example.org:8443", "http://localhost:8443", "belong to https://calls.example.org:8443"),
        ("https://calls.example.org:8443", "http://192.0.2.7:8443", "belong to https://calls.example.org:8443"),
        ("https://calls.example.org", "http://calls.example.org:8443", "belong to https://calls.example.org"),
        ("https://calls.example.org", "http://evil.example.net", "belong to https://calls.example.org"),
        (None, "http://127.0.0.1:18500", "Open the app at http://localhost:18500"),
        (None, "http://[::1]:18500", "Open the app at http://localhost:18500"),
        (None, "http://192.0.2.7:18500", "only for a name"),
        (None, "https://calls.example.org", "CALLWISE_APP_PAGE does not name it"),
        (None, "http://", "CALLWISE_APP_PAGE does not name it"),
        (None, "http://localhost:no-port", "does not say"),
        (None, "http://[", "does not say"),
    ],
)
def test_elsewhere_the_reason_is_told(app_page: str | None, asked: str, why: str) -> None:
    reason = relying_party(app_page, asked)
    assert isinstance(reason, str), reason
    assert why in reason
