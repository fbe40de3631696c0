"""A later file has another phone number: it is counted, shown, and taken back by an undo."""

from __future__ import annotations

from typing import Any

import pytest

from core.calls.contacts import find, ways
from core.errors import Conflict
from core.lists.contact_changes import value_changes
from core.lists.undo_import import undo
from core.schema import Schema
from core.stores.mongo import Db
from tests.contract.core.lists.conftest import Bring
from tests.customers import CONTACT_KEYS

pytestmark = pytest.mark.mongo


@pytest.fixture
def reached(keyed: Schema) -> Schema:
    content = keyed.model_dump()
    content["columns"] = [
        *content["columns"],
        {"name": "who", "label": "Name", "type": "text", "role": "contact", "contact": "name", "optional": True},
        {"name": "mobile", "label": "Mobile", "type": "text", "role": "contact", "contact": "phone", "optional": True},
    ]
    return Schema.model_validate(content)


def numbers(db: Db, ref: str) -> list[str]:
    return [way.text for way in ways(db, CONTACT_KEYS, f"spring:{ref}")]


def everybody(db: Db) -> list[Any]:
    """All people and contacts, without fields that are empty: to readers those are as fields that are not there."""
    found = [*db.prospects.find(sort=[("_id", 1)]), *db.contacts.find(sort=[("_id", 1)])]
    return [{name: value for name, value in one.items() if value not in (None, [])} for one in found]


MAY = [
    {"customer": "a", "who": "Ada Prøve", "mobile": "0151 555001"},
    {"customer": "b", "who": "Bo Prøve", "mobile": "0151 555002"},
    {"customer": "c", "who": "Chi Prøve", "mobile": ""},
]
JUNE = [
    {"customer": "a", "who": "Ada Prøve", "mobile": "0151 555009"},
    {"customer": "b", "who": "Bo Prøve", "mobile": ""},
    {"customer": "c", "who": "Chi Prøve", "mobile": ""},
    {"customer": "d", "who": "Di Prøve", "mobile": "0151 555004"},
]


def test_another_number_is_a_change_that_is_counted_and_shown(db: Db, bring: Bring, reached: Schema) -> None:
    bring("may", *MAY, schema=reached)
    june = bring("june", *JUNE, schema=reached)
    assert (june.inserted, june.changed, june.unchanged, dict(june.changes)) == (1, 2, 1, {"mobile": 2})
    assert (numbers(db, "a"), numbers(db, "b")) == (["Ada Prøve", "0151 555009"], ["Bo Prøve"])
    shown = [(c.column, c.old, c.new, c.file) for c in value_changes(db, CONTACT_KEYS, "spring:a")]
    assert shown == [("mobile", "0151 555001", "0151 555009", "june.csv")]
    before = everybody(db)
    again = bring("june", *JUNE, schema=reached)
    assert (again.inserted, again.changed, again.unchanged) == (0, 0, 4)
    assert everybody(db) == before


def test_a_second_row_with_another_number_is_rejected_and_an_equal_one_is_not(
    db: Db, bring: Bring, reached: Schema
) -> None:
    other = {**MAY[0], "mobile": "0151 555007"}
    may = bring("may", MAY[0], MAY[0], other, schema=reached)
    assert (may.inserted, may.unchanged, may.rejected) == (1, 1, 1)
    assert numbers(db, "a") == ["Ada Prøve", "0151 555001"]
    june = bring("june", other, other, MAY[0], schema=reached)
    assert (june.changed, june.unchanged, june.rejected) == (1, 1, 1)
    assert numbers(db, "a") == ["Ada Prøve", "0151 555007"]


def test_a_file_that_changed_a_number_is_something_that_followed(db: Db, bring: Bring, reached: Schema) -> None:
    may = bring("may", *MAY, schema=reached)
    bring("june", JUNE[0], schema=reached)
    with pytest.raises(Conflict, match=r"later files changed its people \(june\.csv\)"):
        undo(db, may.entry, by="Mia")


@pytest.mark.parametrize("place", [*range(1, 9), 99])
def test_everybody_is_reached_as_before_wherever_the_undo_is_killed(
    db: Db, bring: Bring, dying: Any, place: int, reached: Schema
) -> None:
    bring("may", *MAY, schema=reached)
    before = everybody(db)
    june = bring("june", *JUNE, schema=reached)
    if not dying(place, lambda: undo(db, june.entry, by="Mia")):
        undo(db, june.entry, by="Max")
    assert everybody(db) == before
    assert [*find(db, CONTACT_KEYS, "0151555001", 5), *find(db, CONTACT_KEYS, "0151555009", 5)] == ["spring:a"]


@pytest.mark.parametrize("place", [*range(1, 12), 99])
def test_a_killed_import_keeps_the_numbers_before_it(
    db: Db, bring: Bring, dying: Any, place: int, reached: Schema
) -> None:
    bring("may", *MAY, schema=reached)
    if not dying(place, lambda: bring("june", *JUNE, schema=reached)):
        db.imports.update_many({"state": "running"}, {"$set": {"state": "stopped"}})  # as after minutes of silence
        bring("june", *JUNE, schema=reached)
    assert [(c.old, c.new) for c in value_changes(db, CONTACT_KEYS, "spring:a")] == [("0151 555001", "0151 555009")]
    assert numbers(db, "d") == ["Di Prøve", "0151 555004"]


def zones(db: Db) -> dict[str, str]:
    return {str(one["ref"]): str(one.get("zone")) for one in db.prospects.find()}


def test_the_zone_follows_the_numbers_and_the_columns_with_places_and_an_undo_brings_it_back(
    db: Db, bring: Bring, reached: Schema
) -> None:
    content = reached.model_dump()
    place = {"name": "where", "label": "Where", "type": "text", "role": "contact", "optional": True}
    content["columns"] = [
        *content["columns"],
        {**place, "contact": "country"},
        {**place, "name": "clock", "contact": "time_zone"},
    ]
    placed = Schema.model_validate(content)
    may = [
        {"customer": "a", "who": "Ada", "mobile": "+49 1512 5550001", "where": "", "clock": ""},
        {"customer": "b", "who": "Bo", "mobile": "0664 1234567", "where": "AT", "clock": ""},
        {"customer": "c", "who": "Chi", "mobile": "+1 212 555 0123", "where": "US", "clock": "Asia/Tokyo"},
        {"customer": "d", "who": "Di", "mobile": "12", "where": "DE", "clock": ""},
        {"customer": "e", "who": "Ed", "mobile": "+49 1512 5550005", "where": "Germany", "clock": ""},
    ]
    said = bring("may", *may, schema=placed)
    first = {"a": "Europe/Berlin", "b": "Europe/Vienna", "c": "Asia/Tokyo", "d": "-"}
    assert (said.inserted, said.rejected, zones(db)) == (4, 1, first), "Germany is no country's two letters"
    before = everybody(db)
    june = [
        {"customer": "a", "who": "Ada", "mobile": "+1 212 555 0123", "where": "", "clock": ""},
        {"customer": "b", "who": "Bo", "mobile": "", "where": "AT", "clock": ""},
        {"customer": "c", "who": "Chi", "mobile": "+1 212 555 0123", "where": "US", "clock": ""},
        {"customer": "d", "who": "Di", "mobile": "030 1234567", "where": "DE", "clock": ""},
    ]
    third = bring("june", *june, schema=placed)
    later = {"a": "America/New_York", "b": "-", "c": "America/New_York", "d": "Europe/Berlin"}
    assert zones(db) == later
    names = [{"customer": "a", "who": "Ada Neu"}]
    last = bring("july", *names, schema=reached)
    assert zones(db) == later, "a file without numbers says nothing of them"
    assert numbers(db, "b") == ["Bo", "AT"]
    undo(db, last.entry, by="mia")
    undo(db, third.entry, by="mia")
    assert zones(db) == first
    assert everybody(db) == before
