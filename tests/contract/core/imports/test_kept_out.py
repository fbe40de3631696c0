"""Who was erased for good does not come in by another import, and leaves no trace in what an import keeps."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.clock import now
from core.errors import SettingsError
from core.files.campaign_file import CampaignFile
from core.imports import kept_out
from core.imports.import_report import Report
from core.imports.importer import ImportRequest, import_campaign
from core.schema import Schema
from core.schema.person import Person, Pseudonyms
from core.stores.mongo import Db

pytestmark = pytest.mark.mongo

KEY = "a-key-of-this-test"
Import = Callable[..., Report]


@pytest.fixture
def imported(db: Db, schema: Schema, person: dict[str, Any], tmp_path: Path) -> Import:
    """Imports a file of people with these references; one whose reference begins with `bad` breaks a rule."""

    def run(*refs: str, reference: str | None = "customer", key: str | None = KEY) -> Report:
        path = tmp_path / "people.csv"
        with path.open("w", newline="") as file:
            writer = csv.DictWriter(file, [*person, "customer"])
            writer.writeheader()
            for ref in refs:
                writer.writerow({**person, "customer": ref, **({"age": "7"} if ref.startswith("bad") else {})})
        ours = schema.model_copy(update={"reference": reference})
        request = ImportRequest(CampaignFile.open(path), "spring", erasure_key=key)
        return import_campaign(db, ours, request, rejects=tmp_path / "rejects.csv")

    return run


def keep(db: Db, person: Person) -> str:
    pseudonym = Pseudonyms(KEY).pseudonym(person)
    kept_out.keep_out(db, pseudonym, receipt="a-1", at=now())
    return pseudonym


def test_somebody_kept_out_does_not_come_in_and_the_others_do(db: Db, imported: Import) -> None:
    keep(db, Person("C-7"))
    report = imported("C-6", "C-7", "C-8")
    assert (report.rows, report.inserted, report.kept_out, report.rejected) == (3, 2, 1, 0)
    assert sorted(found["_id"] for found in db.prospects.find()) == ["spring:c-6", "spring:c-8"]
    assert [found["row"] for found in db.prospects.find().sort("_id")] == [1, 3]  # rows keep their numbers
    assert db.outcomes.count_documents({}) == 2


def test_a_row_of_theirs_that_breaks_a_rule_is_not_kept_for_mending(db: Db, imported: Import, tmp_path: Path) -> None:
    keep(db, Person("bad-7"))
    report = imported("bad-6", "bad-7")
    assert (report.rejected, report.kept_out) == (1, 1)
    text = (tmp_path / "rejects.csv").read_text()
    assert "bad-6" in text
    assert "bad-7" not in text


def test_who_is_let_in_comes_with_the_next_import(db: Db, imported: Import) -> None:
    pseudonym = keep(db, Person("C-7"))
    kept_out.let_in(db, pseudonym, by="mia")
    keep(db, Person("C-7"))  # the same erasure, gone on with after a crash, does not undo it
    assert imported("C-7").inserted == 1
    kept_out.keep_out(db, pseudonym, receipt="a-2", at=now())  # another one does
    assert kept_out.is_kept_out(db, pseudonym)


def test_without_a_reference_column_it_is_the_row_of_that_campaign(db: Db, imported: Import) -> None:
    keep(db, Person("0000002", "spring"))
    keep(db, Person("0000003", "autumn"))
    report = imported("x", "y", "z", reference=None)
    assert (report.inserted, report.kept_out) == (2, 1)
    assert sorted(found["_id"] for found in db.prospects.find()) == ["spring:0000001", "spring:0000003"]


def test_an_import_that_could_not_recognise_them_is_refused(db: Db, imported: Import) -> None:
    keep(db, Person("C-7"))
    with pytest.raises(SettingsError, match="no key to recognise them"):
        imported("C-7", key=None)
    assert db.campaigns.count_documents({}) == 0


def test_two_people_never_share_a_hash() -> None:
    people = [Person("1"), Person("1", "a"), Person("a:1"), Person("1", "a:"), Person(":1", "a"), Person("2")]
    assert len({Pseudonyms(KEY).pseudonym(one) for one in people}) == len(people)
    assert Pseudonyms("another key").pseudonym(people[0]) != Pseudonyms(KEY).pseudonym(people[0])


@pytest.mark.parametrize(
    ("person", "theirs", "others"),
    [
        (Person("7"), ["spring:7", "autumn:7", "7"], ["spring:17", "spring:7:1", "17", "spring:"]),
        (Person("7", "spring"), ["spring:7"], ["autumn:7", "7", "spring:77"]),
        (Person("a:7"), ["spring:a:7"], ["a:7", "spring:7"]),
    ],
)
def test_whose_a_key_is(person: Person, theirs: list[str], others: list[str]) -> None:
    assert [key for key in [*theirs, *others] if person.has(key)] == theirs
