"""A campaign is deleted with everything of it, wherever the deletion is killed; nothing else is touched."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from core.calls import campaigns, do_not_call
from core.calls.claims import claim, release
from core.calls.lifecycle import Result
from core.calls.recording import CallReport, record
from core.clock import now
from core.errors import Conflict, InputError
from core.lists import deletion
from core.lists.deletion import Status
from core.schema import Schema
from core.stores.mongo import Db
from core.stores.object_store import ObjectStore
from tests.contract.core.lists.conftest import Bring
from trainer.data.snapshot import read_outcomes
from trainer.privacy.campaigns import Campaigns

pytestmark = [pytest.mark.mongo, pytest.mark.s3]

HELD = ("calls", "contacts", "outcomes", "prospects", "predictions", "imports", "campaigns")


@pytest.fixture
def two(db: Db, bring: Bring, objects: ObjectStore) -> None:
    """Two campaigns of the same people, called, scored, and with rejected rows."""
    for campaign in ("spring", "spring-2"):
        bring(campaign, {"customer": "a", "y": "yes"}, {"customer": "b"}, {"customer": "c"}, campaign=campaign)
        db.predictions.insert_one({"_id": f"{campaign}-r:0", "prospect": f"{campaign}:b", "at": now()})
        db.contacts.insert_one({"_id": f"{campaign}:a", "campaign": campaign, "ref": "a", "values": [], "search": []})
        record(db, f"{campaign}:b", "Ann", CallReport(Result.SOLD))
        objects.put(f"imports/{campaign}/x-rejects.csv", b"_row", "text/csv")
    record(db, "spring:c", "Ann", CallReport(Result.DO_NOT_CALL, everywhere=True))


def counts(db: Db, campaign: str) -> dict[str, int]:
    key = "_id" if campaign else ""
    found = {name: list(db[name].find()) for name in HELD}
    own = {"predictions": "prospect", "campaigns": key}
    return {
        name: sum(str(d.get(own.get(name, "campaign"))).partition(":")[0] == campaign for d in documents)
        for name, documents in found.items()
    }


def ask(db: Db, typed: str = "spring", why: str = "the contract ended") -> deletion.Deletion:
    return deletion.ask(db, "spring", typed=typed, by="Mia", why=why)


@pytest.mark.usefixtures("two")
@pytest.mark.parametrize("place", [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 99])
def test_it_goes_as_a_whole_wherever_it_is_killed(
    db: Db, objects: ObjectStore, keyed: Schema, tmp_path: Path, dying: Any, place: int
) -> None:
    other = counts(db, "spring-2")
    events = db.events.count_documents({})

    def delete() -> None:
        ask(db)
        worker = Campaigns(db, objects, tmp_path / "lock", quiet=timedelta(0))
        while worker.run():
            pass

    if not dying(place, delete):
        delete_rest(db, objects, tmp_path)
    assert counts(db, "spring") == dict.fromkeys(HELD, 0)
    assert counts(db, "spring-2") == other
    assert objects.keys("imports/") == ["imports/spring-2/x-rejects.csv"]
    assert do_not_call.entry_of(db, "c") is not None, "a wish holds for every campaign"
    assert set(read_outcomes(db, keyed)["source_campaign"]) == {"spring-2"}
    (done,) = deletion.newest(db, 5)
    assert done.status is Status.DONE
    receipt = done.receipt()
    assert (receipt["by"], receipt["why"], receipt["title"]) == ("Mia", "the contract ended", "spring")
    assert receipt["deleted"] == {
        "calls": 2, "contacts": 1, "outcomes": 2, "prospects": 3, "predictions": 1, "imports": 1, "rejects": 1,
    }  # fmt: skip
    assert db.events.count_documents({"what": "campaign deleted"}) == 1
    assert db.events.count_documents({}) == events + 1


def delete_rest(db: Db, objects: ObjectStore, folder: Path) -> None:
    """As it goes on after a kill: the manager asks again if nothing says that they asked, and the worker runs again."""
    found = db.campaigns.find_one({"_id": "spring"})
    if found is not None and not found.get("deleting"):
        ask(db)
    worker = Campaigns(db, objects, folder / "lock", quiet=timedelta(0))
    while worker.run():
        pass


@pytest.mark.usefixtures("two")
def test_its_name_and_a_reason_confirm_it(db: Db) -> None:
    with pytest.raises(InputError, match=r"is not 'spring'.*Nothing was deleted"):
        ask(db, typed="Spring")
    with pytest.raises(InputError, match="reason"):
        ask(db, why=" ")
    assert deletion.newest(db, 5) == []
    assert campaigns.campaigns_for(db, "Ann") == {"spring": "spring", "spring-2": "spring-2"}


@pytest.mark.usefixtures("two")
def test_nobody_is_on_the_phone_and_no_file_comes_in(db: Db, bring: Bring) -> None:
    bring("more", {"customer": "d"})
    held = claim(db, "spring", "Ann")
    assert held is not None
    with pytest.raises(Conflict, match="Ann"):
        ask(db)
    release(db, held["_id"], "Ann")
    ask(db)
    with pytest.raises(Conflict, match=r"is closed"):
        claim(db, "spring", "Ann")
    with pytest.raises(Conflict, match="being deleted"):
        bring("late", {"customer": "e"})
    assert db.prospects.count_documents({"ref": "e"}) == 0


@pytest.mark.usefixtures("two")
def test_what_was_written_behind_a_pass_goes_with_the_next(db: Db, objects: ObjectStore, tmp_path: Path) -> None:
    ask(db)
    worker = Campaigns(db, objects, tmp_path / "lock", quiet=timedelta(0))
    worker.run()
    db.predictions.insert_one({"_id": "late:0", "prospect": "spring:a", "at": now()})
    while worker.run():
        pass
    assert counts(db, "spring")["predictions"] == 0


@pytest.mark.usefixtures("two")
def test_the_name_is_free_again(db: Db, bring: Bring, objects: ObjectStore, tmp_path: Path) -> None:
    ask(db)
    delete_rest(db, objects, tmp_path)
    assert bring("again", {"customer": "a"}).inserted == 1
    assert campaigns.campaigns_for(db, "Ann")["spring"] == "spring"
