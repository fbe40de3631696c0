"""Somebody calls an agent, who finds them by name or number and takes them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import yaml

from core.calls import contacts
from core.lists import contact_changes
from core.lists.changes import Origin
from core.schema import Schema
from core.settings.group import ROOT
from core.stores.mongo import Db
from tests.customers import CONTACT_KEYS
from tests.screens import Draw, drawn, texts

pytestmark = pytest.mark.mongo
AT = datetime(2026, 3, 2, 9, tzinfo=UTC)


@pytest.fixture
def page(db: Db, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Draw]:
    content = yaml.safe_load((ROOT / "data" / "schema.yaml").read_text(encoding="utf-8"))
    content["reference"] = "customer"
    content["columns"] += [
        {"name": "who", "label": "Name", "type": "text", "role": "contact", "contact": "name", "optional": True},
        {"name": "phone", "label": "Phone", "type": "text", "role": "contact", "contact": "phone", "optional": True},
    ]
    path = tmp_path_factory.mktemp("schema") / "schema.yaml"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    schema = Schema.model_validate(content)
    db.campaigns.insert_one({"_id": "spring", "title": "Spring", "created_at": AT})
    for number, (ref, who, status) in enumerate([("k-1", "Ada Prøve", "open"), ("k-2", "Bo Prøve", "done")], 1):
        key = f"spring:{ref}"
        db.prospects.insert_one(
            {"_id": key, "campaign": "spring", "ref": ref, "row": number, "status": status, "score": None,
             "claim": None, "features": {}}
        )  # fmt: skip
        given = contacts.document(schema, key, "spring", ref, {"who": who, "phone": f"+49 1512 555000{number}"})
        assert given is not None
        contact_changes.write(db, CONTACT_KEYS, [given], Origin("may", "may.csv", AT))
    with drawn(db, monkeypatch, "calls", CALLWISE_SCHEMA=str(path)) as draw:
        yield draw


@pytest.mark.parametrize("text", ["ada", "01512 5550001", "K-1"])
def test_whoever_calls_is_found_and_taken(page: Draw, db: Db, text: str) -> None:
    test = page()
    test.text_input(key="search-text").set_value(text).run()
    assert "Ada Prøve" in texts(test)
    assert "still to be called" in texts(test)
    test.button(key="search-take-0").click().run()
    assert not test.exception
    one = db.prospects.find_one({"_id": "spring:k-1"})
    assert one is not None
    assert one["claim"]["by"] == "Ann"
    assert "Ada Prøve" in [element.value for element in test.subheader]


def test_whoever_was_called_is_shown_and_not_taken_and_nobody_is_said(page: Draw) -> None:
    test = page()
    test.text_input(key="search-text").set_value("bo").run()
    assert "· called" in texts(test)
    assert test.button(key="search-take-0").disabled
    test.text_input(key="search-text").set_value("Zoë").run()
    assert "Nobody in your campaigns is found by that." in texts(test)
