"""The erasure key was replaced: people are recognised under the former key too, and new pseudonyms have the new one."""

from __future__ import annotations

import pytest

from core.clock import now
from core.imports.kept_out import Doorkeeper, is_kept_out, keep_out
from core.privacy.requests import request_erasure
from core.schema import Schema
from core.schema.person import Person, Pseudonyms
from core.stores.mongo import Db
from trainer.privacy.erase_again import request_again
from trainer.privacy.row_fingerprints import RowFingerprints

pytestmark = pytest.mark.mongo
OLD, NEW = "the-former-key", "the-new-key"
BOTH = f"{NEW},{OLD}"


def test_who_was_erased_before_and_after_stays_out(db: Db) -> None:
    for key, ref in ((OLD, "C-7"), (NEW, "C-8")):
        keep_out(db, Pseudonyms(key).pseudonym(Person(ref)), receipt="a-1", at=now())
    door = Doorkeeper(db, BOTH)
    assert [ref for ref in ("C-6", "C-7", "C-8", "c-7") if door.keeps_out(ref, None)] == ["C-7", "C-8", "c-7"]
    assert not Doorkeeper(db, NEW).keeps_out("C-7", None), "so the former key is kept"


def test_a_new_erasure_has_the_new_key(db: Db) -> None:
    asked = request_erasure(db, BOTH, Person("C-7"), by="mia", keep_out=True)
    assert asked.pseudonym == Pseudonyms(NEW).pseudonym(Person("C-7"))
    keep_out(db, asked.pseudonym, receipt=asked.id, at=now())
    assert [is_kept_out(db, one) for one in Pseudonyms(BOTH).pseudonyms(Person("7"))] == [False, False]
    assert any(is_kept_out(db, one) for one in Pseudonyms(BOTH).pseudonyms(Person("C-7")))


def test_an_erasure_that_is_under_way_under_the_former_key_is_not_asked_for_twice(db: Db) -> None:
    first = request_erasure(db, OLD, Person("C-7"), by="mia", keep_out=False)
    again = request_erasure(db, BOTH, Person("C-7"), by="tom", keep_out=True)
    assert (again.id, again.by, again.keep_out) == (first.id, "mia", True)
    assert db.erasures.count_documents({}) == 1


def test_receipts_of_the_former_key_find_whom_a_restore_brought_back(db: Db, schema: Schema) -> None:
    db.prospects.insert_one({"_id": "spring:2", "campaign": "spring", "ref": "2"})
    ours = schema.model_copy(update={"reference": "customer"})
    receipt = {"number": "x-1", "pseudonym": Pseudonyms(OLD).pseudonym(Person("2")), "kept_out": True}
    assert [one.person for one in request_again(db, ours, BOTH, [receipt], by="ann")] == [Person("2")]
    assert request_again(db, ours, NEW, [receipt], by="ann") == []


def test_rows_that_were_found_under_the_former_key_are_found_again(schema: Schema) -> None:
    row = {column.name: 1 for column in schema.features}
    traces = RowFingerprints(Pseudonyms(OLD), schema).of_all([row])
    assert RowFingerprints(Pseudonyms(BOTH), schema).is_row(row, traces)
    assert RowFingerprints(Pseudonyms(BOTH), schema).is_made_from(row, traces)
    assert not RowFingerprints(Pseudonyms(NEW), schema).is_row(row, traces)
