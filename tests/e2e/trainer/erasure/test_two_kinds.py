"""A person in two campaign kinds is erased from both, with one request and one receipt."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from core.kinds.kind import Kind, settings_of
from core.kinds.registry import add, retire
from core.privacy.requests import Status, get, request_erasure
from core.schema.person import Person
from core.settings.group import ROOT
from core.stores.mongo import Db
from core.stores.object_store import ObjectStore
from tests.e2e.trainer.erasure.conftest import KEY, START, House
from tests.made_up_outcomes import made_up, store
from trainer import main
from trainer.data.snapshot import PROSPECT
from trainer.pipeline.training import take_snapshot

pytestmark = pytest.mark.mongo

ROWS = 120
CONTENT = (ROOT / "tests" / "schemas" / "bank-full.yaml").read_text(encoding="utf-8")
BY_REFERENCE = CONTENT.replace("outcome: {", "reference: customer\noutcome: {", 1)


@pytest.fixture(params=[BY_REFERENCE, CONTENT], ids=["by reference", "by row"])
def kind(request: pytest.FixtureRequest, house: House) -> Iterator[Kind]:
    """A second kind that has the person's reference, or a number of a row that looks like it, and a neighbour."""
    kind, _ = add(house.db, house.schema, request.param, by="ann")
    db = kind.database(house.db)
    frame = made_up(kind.schema, ROWS, seed=3)
    frame.loc[ROWS - 1, PROSPECT], frame.loc[ROWS - 2, PROSPECT] = f"spring:{house.ref}", f"spring:{house.neighbour}"
    store(db, kind.schema, frame)
    db.campaigns.insert_one({"_id": "spring", "title": "spring", "created_at": START})
    for ref in (house.ref, house.neighbour):
        db.prospects.update_one({"_id": f"spring:{ref}"}, {"$set": {"ref": ref}})
        db.predictions.insert_one(house.logs(f"of {ref}", prospect=f"spring:{ref}"))
    yield kind
    db.client.drop_database(db.name)


def holds(db: Db, ref: str) -> dict[str, int]:
    """How many documents the kind has of somebody."""
    fields = {"prospects": "_id", "outcomes": "prospect", "predictions": "prospect"}
    return {name: db[name].count_documents({field: f"spring:{ref}"}) for name, field in fields.items()}


def erased(house: House, person: Person) -> dict[str, int]:
    """Make passes until the erasure is done; what its receipt says was removed."""
    request = request_erasure(house.db, KEY, person, by="mia", keep_out=False, clock=house.watch)
    for _ in range(5):
        house.eraser.run()
        house.watch.later(minutes=3)
        found = get(house.db, request.id)
        if found.status is Status.DONE:
            return dict(found.receipt["removed"])
    raise AssertionError(get(house.db, request.id))


def test_a_person_leaves_every_kind_in_which_references_mean_people(house: House, kind: Kind) -> None:
    db, own = kind.database(house.db), settings_of(house.settings, kind)
    trainer = main.compose(house.settings, kind.name)
    _, before = take_snapshot(trainer)
    rejects = ObjectStore(own, own.s3_bucket_datasets)
    rejects.put("imports/spring/ab-rejects.csv", f"_row,_column,_rule,customer\r\n3,age,old,{house.ref}\r\n".encode())
    removed = erased(house, house.person)
    everybody = {"prospects": 1, "outcomes": 1, "predictions": 1}
    assert holds(db, house.neighbour) == everybody
    assert holds(house.db, house.ref) == dict.fromkeys(everybody, 0)
    tags = {snapshot.tag: snapshot.successor for snapshot in trainer.data.snapshots()}
    in_both = bool(kind.schema.reference)
    assert holds(db, house.ref) == (dict.fromkeys(everybody, 0) if in_both else everybody)
    assert bool(tags[before.tag]) == in_both
    assert (house.ref.encode() in rejects.get("imports/spring/ab-rejects.csv")) != in_both
    assert (removed["prospects"], removed["rejects"]) == ((3, 2) if in_both else (2, 1))


def test_a_row_of_one_kind_is_nobody_in_the_other(house: House, kind: Kind) -> None:
    if kind.schema.reference:
        pytest.skip("here people have references")
    here = holds(house.db, house.ref)
    removed = erased(house, Person(house.ref, "spring", kind.name))
    assert holds(kind.database(house.db), house.ref) == {"prospects": 0, "outcomes": 0, "predictions": 0}
    assert holds(house.db, house.ref) == here
    assert (removed["prospects"], removed["do_not_call"]) == (1, 0)


def test_a_kind_that_is_out_of_use_is_searched_as_well(house: House, kind: Kind) -> None:
    db = kind.database(house.db)
    for name in ("campaigns", "prospects", "outcomes"):  # a prediction came from the spool after the deletion
        db[name].delete_many({})
    db.deletions.insert_one({"_id": "spring:1", "campaign": "spring"})
    retire(house.db, house.schema, kind.name, by="ann")
    erased(house, house.person)
    assert holds(db, house.ref)["predictions"] == (0 if kind.schema.reference else 1)
    assert holds(db, house.neighbour)["predictions"] == 1
