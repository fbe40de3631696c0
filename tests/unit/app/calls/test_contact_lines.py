"""The card's numbers and addresses: what can be called is a link, and what cannot says so."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import cast

import pytest
from streamlit.testing.v1 import AppTest

from app.calls.contact_lines import known_ways
from app.shell.appliance import Appliance
from core.calls import contacts
from core.calls.contacts import Way
from core.errors import SettingsError
from core.lists import contact_changes
from core.lists.changes import ValueChange


def shown() -> list[str]:
    def script() -> None:
        from app.calls.contact_lines import draw_contact_lines
        from core.calls.contacts import Way
        from core.schema.column import Contact

        ways = [
            Way("mobile", Contact.PHONE, "0151 555 0002", "+491515550002"),
            Way("office", Contact.PHONE, "030 123456"),
            Way("home", Contact.PHONE, "ask the wife", is_wrong=True),
            Way("mail", Contact.EMAIL, "bo@example.org"),
        ]
        draw_contact_lines({"ref": "7"}, ways)

    test = AppTest.from_function(script, default_timeout=60).run()
    assert not test.exception
    return [str(element.value).replace("\\", "") for element in test.markdown]


def test_a_number_is_a_link_and_one_that_nobody_can_call_says_so() -> None:
    mobile, office, home, mail = shown()
    assert mobile.endswith("[0151 555 0002](tel:+491515550002)")
    assert office.endswith("[030 123456](tel:030123456)"), "whoever is in that country can call it"
    assert home.endswith("ask the wife :small[cannot be called as it is written]")
    assert mail.endswith("[bo@example.org](mailto:bo@example.org)")


def test_where_no_key_opens_the_names_the_call_goes_on_without(monkeypatch: pytest.MonkeyPatch) -> None:
    def another_key(*_: object) -> list[Way]:
        raise SettingsError("stored under another key")

    monkeypatch.setattr(contacts, "ways", another_key)
    house = SimpleNamespace(db=None, contact_keys=None, schema=SimpleNamespace(contacts=("a column",)))
    assert known_ways(cast(Appliance, house), {"_id": "spring:7"}) is None


def test_earlier_names_that_no_key_opens_are_not_left_out_in_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    def as_far_as_the_key_opens(*_: object) -> Iterator[ValueChange]:
        yield ValueChange("mobile", "0151 1", "0151 2", "june.csv", datetime(2026, 6, 1, tzinfo=UTC))
        raise SettingsError("stored under another key")

    def script() -> None:
        from types import SimpleNamespace
        from typing import cast

        from app.lists.value_history import draw_value_history
        from app.shell.appliance import Appliance

        schema = SimpleNamespace(contacts=("mobile",), by_name={})
        house = SimpleNamespace(db=None, contact_keys=None, schema=schema)
        draw_value_history(cast(Appliance, house), {"_id": "spring:7"})

    monkeypatch.setattr(contact_changes, "value_changes", as_far_as_the_key_opens)
    test = AppTest.from_function(script, default_timeout=60).run()
    assert not test.exception
    assert len(test.table[0].value) == 1
    (caption,) = test.caption
    assert "cannot be read: their key is another one" in caption.value
