"""Names and numbers are encrypted: those of an earlier release, and again after the key was replaced."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pymongo.collection import Collection

from bootstrap.migrations import sealed_contacts
from core.calls import contacts
from core.calls.contact_keys import ContactKeys
from core.errors import SettingsError
from core.lists import contact_sealing
from core.lists.contact_changes import value_changes
from core.schema import Schema
from core.stores.mongo import Db
from tests import customers
from tests.contract.core.lists.conftest import Bring

pytestmark = pytest.mark.mongo

PLAIN: dict[str, Any] = {
    "_id": "spring:a",
    "campaign": "spring",
    "ref": "a",
    "values": [{"column": "mobile", "kind": "phone", "text": "+49 151 5550002"}],
    "search": ["15550002"],
    "import": "may",
    "history": [
        {
            "import": "june",
            "file": "june.csv",
            "at": 1,
            "was": [{"column": "mobile", "kind": "phone", "text": "0151 1"}],
        }
    ],
}
KEYS = customers.CONTACT_KEYS


def texts(db: Db, keys: ContactKeys) -> list[str]:
    return [way.text for way in contacts.ways(db, keys, "spring:a")]


def test_nothing_that_is_stored_has_a_name_or_a_number(db: Db, bring: Bring, keyed: Schema) -> None:
    content = keyed.model_dump()
    content["columns"] = [
        *content["columns"],
        {"name": "who", "label": "Name", "type": "text", "role": "contact", "contact": "name"},
        {"name": "mobile", "label": "Mobile", "type": "text", "role": "contact", "contact": "phone"},
        {"name": "mail", "label": "E-mail", "type": "text", "role": "contact", "contact": "email"},
    ]
    reached = Schema.model_validate(content)
    bring("may", {"customer": "a", "who": "Zoe Unheard", "mobile": "0151 5550002", "mail": "z@u.org"}, schema=reached)
    bring("june", {"customer": "a", "who": "Zoe Newname", "mobile": "0151 5550003", "mail": "z@u.org"}, schema=reached)
    assert texts(db, KEYS) == ["Zoe Newname", "0151 5550003", "z@u.org"]
    assert contacts.find(db, KEYS, "newname", 9) == ["spring:a"]
    everything = json.dumps([list(db[name].find()) for name in db.list_collection_names()], default=str).casefold()
    assert "spring:a" in everything
    for word in ("zoe", "unheard", "newname", "5550002", "5550003", "z@u.org"):
        assert word not in everything, word


def test_what_an_earlier_release_kept_is_encrypted_once(db: Db, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALLWISE_CONTACT_KEY", customers.CONTACT_KEY)
    db.contacts.insert_one(PLAIN)
    assert sealed_contacts.run(db, lambda: None) == 1
    assert sealed_contacts.run(db, lambda: None) == 0
    [stored] = db.contacts.find()
    assert not {"values"} & stored.keys()
    assert "5550002" not in json.dumps(stored)
    assert "0151" not in json.dumps(stored)
    assert texts(db, KEYS) == ["+49 151 5550002"]
    assert contacts.find(db, KEYS, "0151/5550002", 9) == ["spring:a"]
    [change] = value_changes(db, KEYS, "spring:a")
    assert (change.old, change.new, stored["import"]) == ("0151 1", "+49 151 5550002", "may")


def test_without_a_key_nothing_is_migrated_where_there_is_somebody(db: Db, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CALLWISE_CONTACT_KEY", raising=False)
    assert sealed_contacts.run(db, lambda: None) == 0
    db.contacts.insert_one(PLAIN)
    with pytest.raises(SettingsError, match="CALLWISE_CONTACT_KEY is not set"):
        sealed_contacts.run(db, lambda: None)
    assert db.contacts.find_one() == PLAIN


def test_a_replaced_key_reads_and_finds_at_once_and_is_the_only_one_after_the_set_up(db: Db) -> None:
    old, both, new = ContactKeys("old"), ContactKeys("new,old"), ContactKeys("new")
    db.contacts.insert_one(PLAIN)
    assert contact_sealing.renew(db, old) == 1
    assert not contact_sealing.needs_former(db, old)
    assert contact_sealing.needs_former(db, both)
    assert texts(db, both) == ["+49 151 5550002"]
    assert contacts.find(db, both, "+49151 5550002", 9) == ["spring:a"]

    assert contact_sealing.renew(db, both) == 1
    assert contact_sealing.renew(db, both) == 0
    assert not contact_sealing.needs_former(db, both)
    assert texts(db, new) == ["+49 151 5550002"]
    assert contacts.find(db, new, "+49151 5550002", 9) == ["spring:a"]
    assert contacts.find(db, old, "+49151 5550002", 9) == []
    with pytest.raises(SettingsError, match="another CALLWISE_CONTACT_KEY"):
        texts(db, old)


def test_a_renewal_that_is_killed_goes_on(db: Db, monkeypatch: pytest.MonkeyPatch) -> None:
    db.contacts.insert_many([{**PLAIN, "_id": f"spring:{number}"} for number in range(3)])
    monkeypatch.setattr(contact_sealing, "AT_ONCE", 1)
    writes, once = [0], Collection.bulk_write

    def dying(self: Any, *args: Any, **more: Any) -> Any:
        writes[0] += 1
        if writes[0] == 2:
            raise KeyboardInterrupt
        return once(self, *args, **more)

    with monkeypatch.context() as patched:
        patched.setattr(Collection, "bulk_write", dying)
        with pytest.raises(KeyboardInterrupt):
            contact_sealing.renew(db, KEYS)
    assert contact_sealing.renew(db, KEYS) == 2
    assert contact_sealing.renew(db, KEYS) == 0
    assert all("sealed" in one for one in db.contacts.find())


def sealed(
    db: Db, ref: str, key: str, text: str = "+49 151 5550002", history: list[dict[str, Any]] | None = None
) -> None:
    """A contact as it is kept under `key`."""
    ours, values = ContactKeys(key), [{"column": "mobile", "kind": "phone", "text": text}]
    kept = {"sealed": ours.seal(values), "search": ours.words(["15550002"]), "history": history or []}
    db.contacts.insert_one({"_id": f"spring:{ref}", "campaign": "spring", "ref": ref, "import": "may", **kept})


def test_names_under_a_lost_key_stop_no_others_and_are_told_at_each_start(db: Db) -> None:
    sealed(db, "a", "lost")
    sealed(db, "b", "old")
    for _ in range(2):
        with pytest.raises(SettingsError, match="opens the names and numbers of 1 people"):
            contact_sealing.renew(db, ContactKeys("new,old"))
    assert [way.text for way in contacts.ways(db, ContactKeys("new"), "spring:b")] == ["+49 151 5550002"]
    assert texts(db, ContactKeys("lost")) == ["+49 151 5550002"], "it is as it was"
    assert not contact_sealing.needs_former(db, ContactKeys("new,old")), "no key that is there opens them"


def test_a_key_that_is_put_back_brings_its_names_under_the_first_one(db: Db) -> None:
    sealed(db, "a", "right")
    with pytest.raises(SettingsError):
        contact_sealing.renew(db, ContactKeys("wrong"))
    assert contact_sealing.needs_former(db, ContactKeys("wrong,right"))
    assert contact_sealing.renew(db, ContactKeys("wrong,right")) == 1
    assert not contact_sealing.needs_former(db, ContactKeys("wrong,right"))
    assert texts(db, ContactKeys("wrong")) == ["+49 151 5550002"]


def test_an_earlier_value_is_renewed_too_and_a_lost_one_takes_no_other_with_it(db: Db) -> None:
    def was(key: str) -> dict[str, Any]:
        ours = ContactKeys(key)
        values = [{"column": "mobile", "kind": "phone", "text": f"under {key}"}]
        return {"import": "june", "file": "june.csv", "at": 1, "was": ours.seal(values), "search": []}

    sealed(db, "a", "new", history=[was("lost"), was("old")])
    keys = ContactKeys("new,old")
    assert contact_sealing.needs_former(db, keys), "an undo would bring the earlier value back"
    assert contact_sealing.renew(db, keys) == 1
    assert not contact_sealing.needs_former(db, keys)
    assert texts(db, ContactKeys("new")) == ["+49 151 5550002"]
    [stored] = db.contacts.find()
    opened = [ContactKeys("new").opens(entry["was"]) for entry in stored["history"]]
    assert opened == [False, True]
    assert ContactKeys("lost").opens(stored["history"][0]["was"])


def test_a_new_file_takes_the_place_of_what_no_key_opens(db: Db, bring: Bring, keyed: Schema) -> None:
    content = keyed.model_dump()
    column = {"name": "mobile", "label": "Mobile", "type": "text", "role": "contact", "contact": "phone"}
    reached = Schema.model_validate({**content, "columns": [*content["columns"], column]})
    bring("may", {"customer": "a", "mobile": "+49 151 5550002"}, schema=reached, contact_keys=ContactKeys("lost"))
    report = bring("june", {"customer": "a", "mobile": "+49 151 5550003"}, schema=reached)
    assert (report.changed, report.rejected) == (1, 0)
    assert texts(db, KEYS) == ["+49 151 5550003"]
    assert list(value_changes(db, KEYS, "spring:a")) == []


def test_a_file_with_names_is_refused_whole_without_a_key(db: Db, bring: Bring, keyed: Schema) -> None:
    content = keyed.model_dump()
    column = {"name": "who", "label": "Name", "type": "text", "role": "contact", "contact": "name"}
    reached = Schema.model_validate({**content, "columns": [*content["columns"], column]})
    with pytest.raises(SettingsError, match="CALLWISE_CONTACT_KEY is not set"):
        bring("may", {"customer": "a", "who": "Zoe"}, schema=reached, contact_keys=None)
    assert (db.prospects.find_one(), db.imports.find_one()) == (None, None)


def test_numbers_that_cannot_be_called_are_kept_and_counted(db: Db, bring: Bring, keyed: Schema) -> None:
    content = keyed.model_dump()
    column = {
        "name": "mobile",
        "label": "Mobile",
        "type": "text",
        "role": "contact",
        "contact": "phone",
        "region": "DE",
    }
    reached = Schema.model_validate({**content, "columns": [*content["columns"], column]})
    rows = [{"customer": "a", "mobile": "0151 5550002"}, {"customer": "b", "mobile": "ask the wife"}]
    report = bring("may", *rows, schema=reached)
    assert (report.inserted, dict(report.wrong_numbers)) == (2, {"mobile": 1})
    assert report.document()["wrong_numbers"] == [{"column": "mobile", "rows": 1}]
    assert [way.number for way in contacts.ways(db, KEYS, "spring:a")] == ["+491515550002"]
    assert [(way.text, way.number) for way in contacts.ways(db, KEYS, "spring:b")] == [("ask the wife", "")]

    moved = Schema.model_validate({**content, "columns": [*content["columns"], {**column, "region": "AT"}]})
    again = bring("june", *rows, schema=moved)
    assert (again.changed, dict(again.changes)) == (1, {"mobile": 1}), "the same file is another number in Austria"
    assert [way.number for way in contacts.ways(db, KEYS, "spring:a")] == ["+431515550002"]
