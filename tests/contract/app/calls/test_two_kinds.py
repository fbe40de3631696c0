"""An agent calls in all campaign kinds, and holds one person at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from app.calls.offered import held_elsewhere
from app.shell.appliance import Appliance
from core.calls import claims
from core.calls.lifecycle import CallRules
from core.clock import now
from core.kinds.kind import Kind
from core.schema import Schema
from core.stores.mongo import Db, ensure_indexes

pytestmark = pytest.mark.mongo


@pytest.fixture
def houses(db: Db, schema: Schema) -> Iterator[tuple[Appliance, Appliance]]:
    """The shipped kind and another, each with a person in its campaign."""
    nowhere: Any = None
    there = Kind("car-loans", schema).database(db)
    ensure_indexes(there)
    first = Appliance(db=db, store=nowhere, schema=schema, rules=CallRules(), model="m")
    other = Appliance(db=there, store=nowhere, schema=schema, rules=CallRules(), model="m-car-loans", kind="car-loans")
    for house in (first, other):
        house.db.campaigns.insert_one({"_id": "spring", "title": "spring", "created_at": now()})
        house.db.prospects.insert_one(
            {"_id": "spring:0000001", "campaign": "spring", "ref": "0000001", "status": "open", "score": 0.5,
             "claim": None, "calls": 0, "due": None, "again": None}
        )  # fmt: skip
    yield replace(first, others=lambda: [other]), replace(other, others=lambda: [first])
    db.client.drop_database(there.name)


def test_whom_an_agent_holds_is_found_from_every_other_kind(houses: tuple[Appliance, Appliance]) -> None:
    first, other = houses
    assert held_elsewhere(first, "spring", "ann") is None
    assert claims.claim(other.db, "spring", "ann") is not None
    found = held_elsewhere(first, "spring", "ann")
    assert found is not None
    assert (found[0].kind, found[1]) == ("car-loans", "spring")
    assert held_elsewhere(other, "spring", "ann") is None
    assert held_elsewhere(first, "spring", "bob") is None
    claims.release(other.db, "spring:0000001", "ann")
    assert held_elsewhere(first, "spring", "ann") is None


def test_who_is_held_here_comes_before_who_is_held_elsewhere(houses: tuple[Appliance, Appliance]) -> None:
    first, other = houses
    assert claims.claim(first.db, "spring", "ann") is not None
    assert claims.claim(other.db, "spring", "ann") is not None
    assert held_elsewhere(first, "spring", "ann") is held_elsewhere(other, "spring", "ann") is None


def test_whom_an_agent_holds_in_another_campaign_of_the_kind_is_found(houses: tuple[Appliance, Appliance]) -> None:
    first, _ = houses
    assert claims.claim(first.db, "spring", "ann") is not None
    found = held_elsewhere(first, "autumn", "ann")
    assert found is not None
    assert (found[0].kind, found[1]) == ("", "spring")
