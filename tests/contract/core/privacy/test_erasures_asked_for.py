"""The monitor has people erased, and what does so has the rights it needs and no others."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.errors import Conflict
from core.files.campaign_file import CampaignFile
from core.imports import kept_out
from core.imports.column_mapping import ColumnMapping, store_mapping
from core.imports.reject_file import TAKEN
from core.privacy import requests as erasure_requests
from core.privacy.documents import collections, wishes
from core.privacy.place import Subject
from core.privacy.reject_files import RejectFiles
from core.privacy.requests import Status, get, request_erasure
from core.schema import Schema
from core.schema.person import Person
from core.stores.mongo import Db
from core.stores.object_store import ObjectStore
from monitor.flows.erasures import FLOW, Erasures
from tests.contract.core.calls.test_call_rights import beyond
from tests.fake_prefect import FakePrefect
from tests.questions import listened_to

pytestmark = pytest.mark.mongo

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)


def refused(_reason: str, _by: str) -> str:
    raise Conflict("Version 5 is on trial.")


def test_a_pass_is_asked_for_when_it_is_due_and_never_twice_at_once(db: Db) -> None:
    at, prefect = AT, FakePrefect(flow=FLOW, now=AT)
    job = Erasures(db, prefect.client(), refused, clock=lambda: at)
    assert job.run() == "nobody is to be erased"
    request = request_erasure(db, "key", Person("7"), by="mia", keep_out=True, clock=lambda: at)
    assert "1 to be erased" in job.run()
    (first,) = prefect.runs
    assert f"being erased by flow run {first}" in job.run()
    prefect.ends(first, "FAILED")
    job.run()
    assert list(prefect.runs) == [first]  # one run a minute, however often it is asked for
    at += timedelta(minutes=1)
    job.run()
    _, second = prefect.runs
    prefect.ends(second, "RUNNING")
    assert f"being erased by flow run {second}" in job.run()
    at += timedelta(hours=2)  # a worker that was killed with it
    job.run()
    _, _, third = prefect.runs
    assert prefect.runs[second]["state"]["type"] == "CRASHED"
    erasure_requests.write_progress(db, request, Status.WATCHING, passes=1, due=at + timedelta(minutes=2))
    assert "one more pass follows" in job.run()
    assert len(prefect.runs) == 3
    at += timedelta(minutes=2)
    prefect.ends(third, "COMPLETED")
    assert "1 to be erased" in job.run()


def test_whoever_asks_for_them_to_be_kept_out_is_heard_while_it_is_under_way(db: Db) -> None:
    first = request_erasure(db, "key", Person("7"), by="mia", keep_out=False)
    assert not request_erasure(db, "key", Person("7"), by="tom", keep_out=False).keep_out
    second = request_erasure(db, "key", Person("7"), by="tom", keep_out=True)
    assert (second.id, second.by, second.keep_out) == (first.id, "mia", True)
    assert request_erasure(db, "key", Person("7"), by="tom", keep_out=False).keep_out, (
        "and nobody takes that back by asking again"
    )


def test_a_training_is_asked_for_until_nothing_is_in_its_way(db: Db) -> None:
    request = request_erasure(db, "key", Person("7"), by="mia", keep_out=True)
    erasure_requests.complete(db, request, {"number": request.id})
    erasure_requests.request_training(db, request.id, by="mia")
    erasure_requests.request_training(db, request.id, by="eve")  # who asked first stands
    Erasures(db, FakePrefect(flow=FLOW).client(), refused).run()
    held = get(db, request.id).retrain
    assert (held["by"], held["run"], held["said"]) == ("mia", "", "Version 5 is on trial.")
    asked: list[tuple[str, str]] = []

    def taken(reason: str, by: str) -> str:
        asked.append((reason, by))
        return "Asked for a training."

    for _ in range(2):
        Erasures(db, FakePrefect(flow=FLOW).client(), taken).run()
    assert asked == [(f"a person was erased: {request.id}", "mia")]
    assert get(db, request.id).retrain["said"] == "Asked for a training."


def test_each_does_its_part_with_the_rights_it_has(db: Db) -> None:
    db.campaigns.insert_one({"_id": "spring"})
    for name, field in (
        ("calls", "prospect"),
        ("outcomes", "prospect"),
        ("predictions", "prospect"),
        ("changes", "prospect"),
    ):
        db[name].insert_one({"_id": f"{name}-1", field: "spring:7"})
    db.prospects.insert_one({"_id": "spring:7"})
    db.contacts.insert_one({"_id": "spring:7"})
    db.answers.insert_one({"_id": "answers-1", "prospects": ["spring:7", "spring:8"]})
    db.do_not_call.insert_one({"_id": "7", "lifted": None})
    db.barred_numbers.insert_one({"_id": "ab", "made": {"call": "spring:7:1", "prospect": "spring:7"}, "lifted": None})
    with listened_to(db) as (listened, questions):
        request = request_erasure(listened, "key", Person("7"), by="mia", keep_out=True)
        erasure_requests.request_training(listened, request.id, by="mia")
        kept_out.let_in(listened, request.pseudonym, by="mia")
    assert beyond("app", questions) == set()
    with listened_to(db) as (listened, questions):
        kept_out.keep_out(listened, request.pseudonym, receipt=request.id, at=AT)
        kept_out.keep_out(listened, request.pseudonym, receipt="another", at=AT)
        for place in (*collections(listened), wishes(listened)):
            assert place.count(request.subject) == 1
            place.erase(request.subject)
            assert place.count(request.subject) == 0
        erasure_requests.write_progress(listened, request, Status.ERASING, passes=1)
        erasure_requests.complete(listened, request, {"number": request.id})
    assert beyond("prefect-worker", questions) == set()
    with listened_to(db) as (listened, questions):
        Erasures(listened, FakePrefect(flow=FLOW).client(), lambda _reason, _by: "asked").run()
    assert beyond("monitor", questions) == set()
    for name in ("calls", "contacts", "outcomes", "predictions", "prospects", "do_not_call", "answers", "changes"):
        assert db[name].count_documents({}) == 0
    assert list(db.barred_numbers.find()) == [{"_id": "ab", "made": None, "lifted": None}], "the wish goes on"


def test_without_a_reference_column_a_rejected_row_is_found_by_its_number(
    db: Db, objects: ObjectStore, schema: Schema
) -> None:
    """In its own campaign, and not where it was rejected because its number was somebody else's already."""
    head, end = "_row,_column,_rule,age,job", "\r\n"
    rows = [
        "7,age,too old,200,student",
        f"7,,{TAKEN} 0000007 in this campaign,41,student",
        "17,age,too old,201,student",
    ]
    text = end.join([head, *rows, ""])
    for campaign in ("spring", "autumn"):
        objects.put(f"imports/{campaign}/0a1b2c3d-rejects.csv", text.encode())
    place, subject = RejectFiles(db, objects, schema), Subject(Person("0000007", "spring"))
    assert place.count(subject) == 1
    place.erase(subject)
    assert place.count(subject) == 0
    assert objects.get("imports/spring/0a1b2c3d-rejects.csv").decode() == end.join([head, *rows[1:], ""])
    assert objects.get("imports/autumn/0a1b2c3d-rejects.csv").decode() == text


def test_a_rejected_row_is_found_by_the_column_that_the_file_calls_otherwise(
    db: Db, objects: ObjectStore, schema: Schema, tmp_path: Path
) -> None:
    """As a spreadsheet may hold it, and nobody else's row goes: not even one that has the same number elsewhere."""
    keyed = schema.model_copy(update={"reference": "ref"})
    source = tmp_path / "people.csv"
    source.write_text("Customer,Alter\n+41,200\n")
    mapping = ColumnMapping({"ref": "Customer", "age": "Alter"})
    rows = ["1,Alter,too old,200,a,'+41-x,200", "2,Alter,too old,200,a,17,'+41-x"]
    text = "\r\n".join(["\ufeff_row,_column,_rule,_found,_file,Customer,Alter", *rows, ""])
    objects.put("imports/spring/0a1b2c3d-rejects.csv", text.encode())
    place, subject = RejectFiles(db, objects, keyed), Subject(Person("+41-x"))
    assert place.count(subject) == 2  # nobody knows yet which column it is
    store_mapping(db, keyed, CampaignFile.open(source), mapping, by="mia")
    assert place.count(subject) == 1
    place.erase(subject)
    assert place.count(subject) == 0
    left = objects.get("imports/spring/0a1b2c3d-rejects.csv").decode()
    assert left == "\r\n".join(["\ufeff_row,_column,_rule,_found,_file,Customer,Alter", rows[1], ""])
