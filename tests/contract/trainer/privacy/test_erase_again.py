"""After a restore, receipts alone are enough to find and erase again whom it brought back."""

from __future__ import annotations

import json

import pytest

from core.errors import InputError
from core.imports.kept_out import Doorkeeper, let_in
from core.privacy.requests import under_way
from core.schema import Schema
from core.schema.person import Person, Pseudonyms
from core.stores.mongo import Db
from trainer.privacy.erase_again import keep_out_again, receipts_in, request_again

pytestmark = pytest.mark.mongo

KEY = "a-key-of-this-test"


def receipt(person: Person, *, kept_out: bool = True) -> dict[str, object]:
    return {"number": "x-1", "pseudonym": Pseudonyms(KEY).pseudonym(person), "kept_out": kept_out}


def people(db: Db) -> None:
    for key in ("spring:1", "spring:2", "autumn:2", "autumn:3"):
        campaign, _, ref = key.partition(":")
        db.prospects.insert_one({"_id": key, "campaign": campaign, "ref": ref})


def test_those_of_the_receipts_are_asked_for_once_each(db: Db, schema: Schema) -> None:
    people(db)
    ours = schema.model_copy(update={"reference": "customer"})
    receipts = [receipt(Person("2")), receipt(Person("3"), kept_out=False), receipt(Person("gone"))]
    for _ in range(2):
        asked = request_again(db, ours, KEY, receipts, by="ann")
        assert {(one.person, one.keep_out) for one in asked} == {(Person("2"), True), (Person("3"), False)}
    assert len(under_way(db)) == 2


def test_without_a_reference_column_it_is_the_row_of_the_campaign(db: Db, schema: Schema) -> None:
    people(db)
    asked = request_again(db, schema, KEY, [receipt(Person("2", "autumn")), receipt(Person("1"))], by="ann")
    assert [one.person for one in asked] == [Person("2", "autumn")]


def test_who_is_on_no_list_is_kept_out_of_the_next_file(db: Db, schema: Schema) -> None:
    ours = schema.model_copy(update={"reference": "customer"})
    receipts = [receipt(Person("gone")), receipt(Person("may come"), kept_out=False)]
    for _ in range(2):
        assert request_again(db, ours, KEY, receipts, by="ann") == []
        assert keep_out_again(db, receipts) == 1
    door = Doorkeeper(db, KEY)
    assert door.keeps_out("gone", None)
    assert not door.keeps_out("may come", None)


def test_who_was_let_in_since_is_not_kept_out_again(db: Db) -> None:
    theirs = receipt(Person("back"))
    keep_out_again(db, [theirs])
    let_in(db, str(theirs["pseudonym"]), by="ann")
    keep_out_again(db, [theirs])
    assert not Doorkeeper(db, KEY).keeps_out("back", None)


def test_receipts_stand_one_after_the_other() -> None:
    given = [receipt(Person("1")), receipt(Person("2"))]
    assert list(receipts_in("\n".join(json.dumps(one, indent=2) for one in given) + "\n\n")) == given
    assert list(receipts_in("  ")) == []


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"number": 1}', '{"number": "a-1", "pseudonym": "a", "kept_out": true} x']
)
def test_what_is_no_receipt_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="is not a receipt"):
        list(receipts_in(text))
