"""Kinds as they are stored: by name, once, in versions by content; and each with a database of its own."""

from collections.abc import Iterator

import pytest

from core.calls import do_not_call
from core.clock import now
from core.do_not_call import wish_sweep
from core.errors import Conflict, NotFound, SchemaError
from core.kinds.change import Needs
from core.kinds.kind import Kind
from core.kinds.registry import add, find, kinds, record_shipped, retire
from core.schema import Schema
from core.settings.group import ROOT
from core.stores.kind_database import APPLIANCE_WIDE, kind_of
from core.stores.mongo import COLLECTIONS, Db

pytestmark = pytest.mark.mongo

CONTENT = (ROOT / "tests" / "schemas" / "bank-full.yaml").read_text(encoding="utf-8")
CONTENT = CONTENT.replace("outcome: {", "reference: customer\noutcome: {", 1)
SHIPPED = (ROOT / "data" / "schema.yaml").read_text(encoding="utf-8")
WITH_PILOTS = CONTENT.replace("unemployed, unknown]}", "unemployed, pilot, unknown]}", 1)


@pytest.fixture
def other(db: Db, schema: Schema) -> Iterator[Kind]:
    kind, _ = add(db, schema, CONTENT, by="ann")
    yield kind
    db.client.drop_database(kind.database(db).name)


def test_a_kind_is_stored_once_and_each_change_is_a_version(db: Db, schema: Schema, other: Kind) -> None:
    again, needed = add(db, schema, CONTENT, by="bob")
    assert (again, needed.needs) == (other, Needs.NOTHING)
    changed, needed = add(db, schema, WITH_PILOTS, by="bob")
    assert needed.needs is Needs.TRAINING
    assert "'pilot'" in needed.why[0]
    stored = find(db, schema, "bank-marketing-full")
    assert [(version.hash, version.by) for version in stored.versions] == [
        (other.schema.hash, "ann"),
        (changed.schema.hash, "bob"),
    ]
    assert stored.versions[0].at <= stored.versions[1].at <= now()
    assert stored.schema == changed.schema
    assert stored.made_with(other.schema.hash) == other.schema
    assert stored.made_with("another hash") is None
    events = list(db.events.find({"subject": "bank-marketing-full"}).sort("_id"))
    assert [(event["who"], event["what"]) for event in events] == [
        ("ann", "campaign kind added"),
        ("bob", "campaign kind changed"),
    ]


def test_the_shipped_kind_comes_first_with_its_versions(db: Db, schema: Schema, other: Kind) -> None:
    for _ in range(2):
        record_shipped(db, schema, SHIPPED, by="setup")
    first, second = kinds(db, schema)
    assert (first.name, first.shipped, [one.hash for one in first.versions]) == (schema.name, True, [schema.hash])
    assert second == other
    assert find(db, schema, None).name == find(db, schema, schema.name).name == schema.name


def test_a_refused_change_leaves_the_kind_as_it_was(db: Db, schema: Schema, other: Kind) -> None:
    with pytest.raises(Conflict, match="would lose the word 'student'"):
        add(db, schema, CONTENT.replace("student,", ""), by="ann")
    without = CONTENT.replace(
        "  - {name: balance, label: Yearly balance, type: integer, role: profile, unit: EUR}\n", ""
    )
    assert without != CONTENT
    with pytest.raises(Conflict, match="the champion needs it"):
        add(db, schema, without, by="ann", champion=lambda kind: kind.schema)
    assert find(db, schema, other.name) == other
    assert add(db, schema, without, by="ann")[1].needs is Needs.NOTHING


def test_names_do_not_collide(db: Db, schema: Schema, other: Kind) -> None:
    with pytest.raises(Conflict, match="the one that CALLWISE_SCHEMA names"):
        add(db, schema, CONTENT.replace("bank-marketing-full", schema.name), by="ann")
    with pytest.raises(Conflict, match="another kind has this name"):
        record_shipped(db, other.schema, CONTENT, by="setup")
    with pytest.raises(NotFound, match=f"The kinds are: {schema.name}, {other.name}"):
        find(db, schema, "car-loans")
    with pytest.raises(SchemaError, match="line 2, column 7, name"):
        add(db, schema, CONTENT.replace("bank-marketing-full", "Car Loans"), by="ann")


def test_a_kind_has_its_own_collections_and_shares_only_what_is_the_appliances(db: Db, other: Kind) -> None:
    theirs = other.database(db)
    assert (kind_of(db), kind_of(theirs)) == ("", other.name)
    for name in COLLECTIONS:
        theirs[name].insert_one({"_id": "mark"} if name != "users" else {"_id": "mark", "shown_key": "mark"})
        assert (db[name].find_one({"_id": "mark"}) is not None) == (name in APPLIANCE_WIDE), name
        assert getattr(theirs, name).find_one({"_id": "mark"}) is not None
    assert set(db.client[theirs.name].list_collection_names()) == COLLECTIONS - APPLIANCE_WIDE


def test_a_wish_in_one_kind_is_known_in_the_other(db: Db, other: Kind) -> None:
    theirs = other.database(db)
    do_not_call.add(theirs, "4711", by="ann", at=now(), call="spring:4711:1")
    wish = do_not_call.entry_of(db, "4711")
    assert wish is not None
    assert wish["by"] == "ann"


def test_a_wish_takes_the_person_off_the_other_kinds_lists(db: Db, other: Kind) -> None:
    theirs = other.database(db)
    for number, ref in enumerate(("4711", "4712")):
        db.campaigns.update_one({"_id": "autumn"}, {"$set": {"title": "autumn"}}, upsert=True)
        db.prospects.insert_one(
            {"_id": f"autumn:{ref}", "campaign": "autumn", "ref": ref, "status": "open", "calls": 0, "claim": None,
             "score": number / 10, "again": None, "due": None}
        )  # fmt: skip
    do_not_call.add(theirs, "4711", by="ann", at=now(), call="spring:4711:1")
    assert [wish_sweep.sweep(db, by_reference=True) for _ in range(2)] == [1, 0]
    left = {one["ref"]: one["status"] for one in db.prospects.find()}
    assert left == {"4711": "off", "4712": "open"}
    do_not_call.add(theirs, "4712", by="ann", at=now(), call="spring:4712:1")
    assert wish_sweep.sweep(db, by_reference=True) == 1


def test_where_people_have_no_reference_a_row_with_the_same_number_is_somebody_else(db: Db, schema: Schema) -> None:
    without = Kind("without", schema.model_copy(update={"reference": None})).database(db)
    do_not_call.add(db, "0000007", by="ann", at=now(), call="spring:0000007:1")
    assert do_not_call.entry_of(without, "0000007") is None


def test_a_retired_kind_is_out_of_use_and_comes_back_as_it_was(db: Db, schema: Schema, other: Kind) -> None:
    for _ in range(2):
        retire(db, schema, other.name, by="ann")
    assert [kind.name for kind in kinds(db, schema)] == [schema.name]
    with pytest.raises(NotFound):
        find(db, schema, other.name)
    assert [kind.name for kind in kinds(db, schema, retired=True)] == [schema.name, other.name]
    again, needed = add(db, schema, CONTENT, by="bob")
    assert (again.versions, needed.needs) == (other.versions, Needs.NOTHING)
    assert [kind.name for kind in kinds(db, schema)] == [schema.name, other.name]
    retire(db, schema, other.name, by="ann")
    changed, _needed = add(db, schema, WITH_PILOTS, by="bob")
    assert kinds(db, schema)[1] == changed
    events = [(event["who"], event["what"]) for event in db.events.find({"subject": other.name}).sort("_id")]
    assert events == [
        ("ann", "campaign kind added"),
        ("ann", "campaign kind retired"),
        ("bob", "campaign kind added"),
        ("ann", "campaign kind retired"),
        ("bob", "campaign kind changed"),
    ]


def test_a_kind_with_a_campaign_and_the_shipped_one_are_not_retired(db: Db, schema: Schema, other: Kind) -> None:
    other.database(db).campaigns.insert_one({"_id": "spring"})
    with pytest.raises(Conflict, match=r"has campaigns: spring.*Delete them first"):
        retire(db, schema, other.name, by="ann")
    with pytest.raises(Conflict, match="CALLWISE_SCHEMA names"):
        retire(db, schema, schema.name, by="ann")
    with pytest.raises(NotFound):
        retire(db, schema, "car-loans", by="ann")
    assert [kind.name for kind in kinds(db, schema)] == [schema.name, other.name]
