"""A manager takes a kind out of use that has no campaign."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from streamlit.testing.v1 import AppTest

from core.clock import now
from core.kinds.registry import add, kinds
from core.schema import read_schema
from core.settings.group import ROOT
from core.stores.mongo import Db
from tests.people import sit_down
from tests.screens import Draw, drawn, texts

pytestmark = pytest.mark.mongo
SHIPPED = read_schema(ROOT / "data" / "schema.yaml")


@pytest.fixture(autouse=True)
def page(db: Db, monkeypatch: pytest.MonkeyPatch) -> Iterator[Draw]:
    with drawn(db, monkeypatch, "campaigns") as draw:
        yield draw


def draw_campaigns_of(name: str) -> None:
    """Runs as a script of its own, so it imports what it needs."""
    from app import main
    from app.access import identity
    from app.access.boundary import boundary
    from app.campaigns import page

    houses = main.wiring().all()
    identity.begin(houses[0])
    with boundary():
        page.page(next((house for house in houses if house.kind == name), houses[0]))


def test_a_kind_without_campaigns_is_taken_out_of_use_and_brought_back(db: Db) -> None:
    content = (ROOT / "tests" / "schemas" / "bank-full.yaml").read_text(encoding="utf-8")
    kind, _ = add(db, SHIPPED, content, by="Mia")
    kind.database(db).campaigns.insert_one({"_id": "spring", "title": "Spring", "created_at": now()})
    test = AppTest.from_function(draw_campaigns_of, default_timeout=60, args=(kind.name,))
    sit_down(test, db, "Mia").run()
    assert not test.exception
    assert "retire-kind-go" not in [button.key for button in test.button], "it has a campaign"
    kind.database(db).campaigns.delete_many({})
    test.run()
    test.button(key="retire-kind-go").click().run()
    assert not test.exception
    assert "is out of use" in texts(test)
    assert [one.name for one in kinds(db, SHIPPED)] == [SHIPPED.name]
    test.run()
    assert "retire-kind-go" not in [button.key for button in test.button], "the shipped kind stays"

    test.button(key=f"bring-back-{kind.name}").click().run()
    assert not test.exception
    assert "is in use again" in texts(test)
    assert [(one.name, one.versions) for one in kinds(db, SHIPPED)][1:] == [(kind.name, kind.versions)]
    test.run()
    assert f"bring-back-{kind.name}" not in [button.key for button in test.button]
