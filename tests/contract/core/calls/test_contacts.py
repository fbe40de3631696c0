"""How people are reached: kept apart, found by any spelling, erased with the person."""

from __future__ import annotations

import pytest

from core.calls import contacts
from core.clock import now
from core.lists import contact_changes
from core.lists.changes import Origin
from core.privacy.documents import collections
from core.privacy.place import Subject
from core.schema import Schema
from core.schema.column import Value
from core.schema.person import Person
from core.stores.mongo import Db
from tests import customers

KIND, KEYS = customers.KIND, customers.CONTACT_KEYS
MAY = Origin("may", "may.csv", now())
NAMED = Schema.model_validate(
    {
        **KIND,
        "columns": [
            *KIND["columns"],
            {"name": "full.name", "label": "Name", "type": "text", "role": "contact", "contact": "name"},
            {
                "name": "mail",
                "label": "E-mail",
                "type": "text",
                "role": "contact",
                "contact": "email",
                "optional": True,
            },
        ],
    }
)


@pytest.fixture
def listed(db: Db) -> Db:
    db.campaigns.insert_one({"_id": "spring"})
    people: list[tuple[str, dict[str, Value]]] = [
        ("1", {"full.name": "Chi Prøve", "mobile": "+49 1512 5550001", "mail": None}),
        ("2", {"full.name": "Bo Müller", "mobile": "0049-1512/5550002", "mail": "Bo@Example.org"}),
        ("3", {"full.name": "Bo Пример", "mobile": None, "mail": None}),
    ]
    documents = [contacts.document(NAMED, f"spring:{ref}", "spring", ref, values) for ref, values in people]
    contact_changes.write(db, KEYS, [one for one in documents if one], MAY)
    return db


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("01512 5550001", ["spring:1"]),
        ("+4915125550002", ["spring:2"]),
        ("bo", ["spring:2", "spring:3"]),
        ("MULLER bo", ["spring:2"]),
        ("пример", ["spring:3"]),
        ("bo@example.ORG", ["spring:2"]),
        ("nobody", []),
        ("5550", []),
        ("  ", []),
    ],
)
def test_a_person_is_found_by_any_spelling(listed: Db, text: str, found: list[str]) -> None:
    assert contacts.find(listed, KEYS, text, 10) == found


def test_the_ways_are_shown_as_the_file_has_them(listed: Db) -> None:
    ways = contacts.ways(listed, KEYS, "spring:2")
    assert [(way.column, way.text) for way in ways] == [
        ("mobile", "0049-1512/5550002"), ("full.name", "Bo Müller"), ("mail", "Bo@Example.org"),
    ]  # fmt: skip
    assert [way.number for way in contacts.ways(listed, KEYS, "spring:1")] == ["+4915125550001", ""]
    assert contacts.ways(listed, KEYS, "spring:9") == []


def test_a_later_file_replaces_them_and_may_be_repeated(listed: Db) -> None:
    new = contacts.document(NAMED, "spring:1", "spring", "1", {"full.name": "Chi Neu"})
    assert new is not None
    for _ in range(2):
        contact_changes.write(listed, KEYS, [new], MAY)
    assert contacts.find(listed, KEYS, "prøve", 10) == []
    assert contacts.find(listed, KEYS, "neu", 10) == ["spring:1"]


def test_a_file_that_lacks_a_column_leaves_it_and_a_blank_removes_it(listed: Db) -> None:
    def bring(**values: Value) -> list[str]:
        given = contacts.document(NAMED, "spring:2", "spring", "2", values)
        assert given is not None
        contact_changes.write(listed, KEYS, [given], MAY)
        return [way.text for way in contacts.ways(listed, KEYS, "spring:2")]

    assert bring(mobile="0151 999") == ["0151 999", "Bo Müller", "Bo@Example.org"]
    assert bring(mail=None) == ["0151 999", "Bo Müller"]
    assert contacts.find(listed, KEYS, "bo@example.org", 10) == []
    assert contacts.document(NAMED, "spring:2", "spring", "2", {}) is None, "the file has no contact column"


def test_they_are_erased_with_the_person(listed: Db) -> None:
    subject = Subject(Person("2"))
    place = next(one for one in collections(listed) if one.name == "contacts")
    assert place.count(subject) == 1
    place.erase(subject)
    assert (place.count(subject), contacts.find(listed, KEYS, "bo", 10)) == (0, ["spring:3"])
