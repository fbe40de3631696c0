"""One person is one person in every spelling of their key: in a file, on the do-not-call list, and after an erasure."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.imports.rehearsal import rehearse
from core.clock import now
from core.do_not_call import do_not_call_list
from core.files.campaign_file import CampaignFile
from core.imports import kept_out
from core.imports.import_report import Report
from core.imports.importer import ImportRequest, import_campaign
from core.schema import Schema
from core.schema.person import Person, Pseudonyms
from core.stores.mongo import Db

KEY = "k" * 40
Bring = Callable[..., Report]


@pytest.fixture
def keyed(schema: Schema) -> Schema:
    return schema.model_copy(update={"reference": "customer"})


@pytest.fixture
def write(person: dict[str, Any], tmp_path: Path) -> Callable[[list[str]], CampaignFile]:
    def write(keys: list[str]) -> CampaignFile:
        path = tmp_path / "people.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, ["customer", *person])
            writer.writeheader()
            writer.writerows({"customer": key, **person, "y": ""} for key in keys)
        return CampaignFile.open(path)

    return write


@pytest.fixture
def bring(db: Db, keyed: Schema, write: Any, tmp_path: Path) -> Bring:
    def bring(keys: list[str], campaign: str = "spring") -> Report:
        request = ImportRequest(write(keys), campaign, erasure_key=KEY)
        return import_campaign(db, keyed, request, rejects=tmp_path / "rejects.csv")

    return bring


def test_all_spellings_are_one_person_who_keeps_the_first(db: Db, bring: Bring) -> None:
    report = bring(["00412", "412", "412.0", " 00412 ", "A-7", "a-7", "\u200bA-7", "AbC", "aBc"])
    assert (report.inserted, report.unchanged, report.rejected) == (4, 5, 0)
    shown = {p["_id"]: p.get("written") for p in db.prospects.find()}
    assert shown == {"spring:412": "00412", "spring:a-7": "A-7", "spring:AbC": None, "spring:aBc": None}


def test_who_must_not_be_called_is_not_called_under_another_spelling(db: Db, bring: Bring) -> None:
    do_not_call_list.add_people(db, ["412.0"], by="Mia", why="asked")
    bring(["00412", "00413"])
    assert {p["ref"]: p["status"] for p in db.prospects.find()} == {"412": "off", "413": "open"}


@pytest.mark.parametrize("written", ["00412", "412", "412.0"])
def test_who_was_erased_stays_out_under_another_spelling(db: Db, bring: Bring, written: str) -> None:
    pseudonym = Pseudonyms(KEY).pseudonym(Person("00412"))
    kept_out.keep_out(db, pseudonym, receipt="a-1", at=now())
    report = bring([written, "00413"])
    assert (report.kept_out, report.inserted) == (1, 1)


def test_a_campaign_of_an_earlier_release_keeps_its_keys(db: Db, bring: Bring) -> None:
    db.campaigns.insert_one({"_id": "spring", "title": "Spring"})
    bring(["00412"])
    assert [p["_id"] for p in db.prospects.find()] == ["spring:00412"]


def test_damaged_keys_are_said_before_the_import(db: Db, keyed: Schema, write: Any) -> None:
    request = ImportRequest(write(["00412", "412", "4.47701E+11", "00099", "98"]), "spring", erasure_key=KEY)
    keys = rehearse(db, keyed, request).keys
    assert (keys.rounded, keys.respelt, keys.shortened) == (1, 1, 2)
    assert len(list(keys.sentences())) == 3
