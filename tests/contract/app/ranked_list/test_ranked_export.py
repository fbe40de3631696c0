"""The ranked list as a file of each format, read back."""

from __future__ import annotations

import csv
import errno
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pyarrow.parquet as pq
import pytest

from app.ranked_list import export_files
from app.ranked_list.export_files import FORMATS, Exported, write
from app.ranked_list.export_rows import ExportRequest, rows
from app.shell.appliance import Appliance
from core.calls.filters import EVERYBODY, CallFilter
from core.calls.lifecycle import CallRules
from core.errors import InputError
from core.schema import Schema
from core.stores.events import Event
from core.stores.mongo import Db
from core.stores.object_store import ObjectStore

pytestmark = pytest.mark.mongo

CSV, XLSX, PARQUET = FORMATS
AT = datetime(2026, 11, 26, 9, 30, tzinfo=UTC)


@pytest.fixture
def house(db: Db, schema: Schema, person: dict[str, Any]) -> Appliance:
    """Five people: two in the list, one not ranked, one called and sold, one whose key is a formula."""
    features = {c.name: c.parse(person[c.name]) for c in schema.features}
    people = [("p1", 0.2, "open"), ("=1+1", 0.7, "open"), ("p3", None, "open"), ("p4", 0.5, "done"), ("p5", 0.6, "off")]
    db.campaigns.insert_one({"_id": "spring"})
    for ref, score, status in people:
        db.prospects.insert_one(
            {"_id": f"spring:{ref}", "campaign": "spring", "ref": ref, "score": score, "status": status, "claim": None,
             "features": {**features, "age": 20 if ref == "p1" else 41}, "score_version": "7" if score else None,
             **({"calls": 2} if ref == "p4" else {})}
        )  # fmt: skip
    for n, (result, undone) in enumerate((("no answer", None), ("sold", None), ("refused", {"by": "Ann"})), 1):
        call = {"_id": f"spring:p4:{n}", "prospect": "spring:p4", "campaign": "spring", "ref": "p4", "call": n}
        db.calls.insert_one({**call, "result": result, "agent": "@Ann", "at": AT, "undone": undone})
    store: ObjectStore = None  # type: ignore[assignment]
    return Appliance(db=db, store=store, schema=schema, rules=CallRules(), model="prospect-scorer")


def exported(house: Appliance, form: export_files.Format, folder: Path, **asked: Any) -> Exported:
    usual = {"call_filter": EVERYBODY, "all_statuses": False, "floors": [0.7, 0.5, 0.2]}
    what = ExportRequest("spring", **{**usual, **asked})
    return write(house, what, form, folder, who="Mia", clock=lambda: AT)


def sheet(path: Path) -> list[list[str]]:
    """The cells of the first sheet, and a proof that none is a formula."""
    name = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
    with zipfile.ZipFile(path) as book:
        found = ElementTree.fromstring(book.read("xl/worksheets/sheet1.xml"))
    assert found.find(f".//{name}f") is None
    return [["".join(cell.itertext()) for cell in row.iter(f"{name}c")] for row in found.iter(f"{name}row")]


def test_a_csv_has_the_best_first_and_runs_nothing(house: Appliance, tmp_path: Path) -> None:
    done = exported(house, CSV, tmp_path, all_statuses=True)
    assert (done.rows, done.name) == (5, "spring-list-20261126-0930-model-7.csv")
    table = list(csv.DictReader(done.path.open(encoding="utf-8-sig", newline="")))
    assert [(r["rank"], r["person"], r["status"]) for r in table] == [
        ("1", "'=1+1", "open"), ("2", "p5", "off"), ("3", "p4", "done"), ("4", "p1", "open"), ("5", "p3", "open")
    ]  # fmt: skip
    assert [r["band"] for r in table] == ["Top 10%", "", "", "Upper half", ""]
    sold = table[2]
    assert (sold["calls_made"], sold["last_result"], sold["last_agent"]) == ("2", "sold", "'@Ann")
    assert sold["last_call_at"].startswith("2026-11-26T09:30:00")
    assert (table[0]["age"], table[0]["cons.conf.idx"]) == ("41", "-36.4")


def test_the_columns_of_the_call_are_those_of_a_call_now_or_of_the_last_one(house: Appliance, tmp_path: Path) -> None:
    sold = house.db.calls.find_one({"_id": "spring:p4:2"}) or {}
    house.db.calls.replace_one({"_id": "spring:p4:2"}, {**sold, "at": AT.replace(month=8, day=12)})
    done = exported(house, CSV, tmp_path, all_statuses=True)
    table = csv.DictReader(done.path.open(encoding="utf-8-sig", newline=""))
    found = {row["person"]: (row["month"], row["day_of_week"], row["campaign"]) for row in table}
    now = ("nov", "thu", "1")
    assert found == {"'=1+1": now, "p1": now, "p3": now, "p4": ("aug", "wed", "2"), "p5": ("may", "mon", "1")}


def test_a_sheet_has_text_as_text(house: Appliance, tmp_path: Path) -> None:
    done = exported(house, XLSX, tmp_path)
    lines = sheet(done.path)
    assert lines[0][:4] == ["rank", "person", "score", "band"]
    assert [line[:3] for line in lines[1:]] == [["1", "=1+1", "0.7"], ["2", "p1", "0.2"], ["3", "p3", "open"]]


def test_parquet_keeps_types(house: Appliance, tmp_path: Path) -> None:
    table = pq.read_table(exported(house, PARQUET, tmp_path, all_statuses=True).path)
    assert table.column("person").to_pylist() == ["=1+1", "p5", "p4", "p1", "p3"]
    assert table.column("score").to_pylist() == [0.7, 0.6, 0.5, 0.2, None]
    assert table.column("last_call_at").to_pylist()[2] == AT
    assert str(table.schema.field("age").type) == "int64"


def test_the_filter_holds_for_all_and_not_only_for_the_best(house: Appliance, tmp_path: Path) -> None:
    done = exported(house, CSV, tmp_path, call_filter=CallFilter({"job": "technician"}, {"age": 30}, 0.3, 0.9))
    assert [r["person"] for r in csv.DictReader(done.path.open(encoding="utf-8-sig"))] == ["'=1+1"]
    with pytest.raises(InputError, match="Nobody is on this list"):
        exported(house, CSV, tmp_path, call_filter=CallFilter({"job": "student"}))


def test_what_a_sheet_cannot_hold_is_refused_before_it_is_written(
    house: Appliance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export_files, "XLSX_ROWS", 4)
    assert exported(house, XLSX, tmp_path).rows == 3
    with pytest.raises(InputError, match="An Excel sheet holds 3 people, and this list has 5"):
        exported(house, XLSX, tmp_path, all_statuses=True)
    assert exported(house, CSV, tmp_path, all_statuses=True).rows == 5


def test_a_full_disk_is_told_and_is_no_export(
    house: Appliance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, fields: object) -> Any:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setitem(export_files._WRITERS, "xlsx", full)
    with pytest.raises(InputError, match="does not fit on the app's disk"):
        exported(house, XLSX, tmp_path)
    assert house.db.events.find_one({}) is None


def test_who_took_what_is_in_the_event_log(house: Appliance, tmp_path: Path) -> None:
    exported(house, CSV, tmp_path)
    told = house.db.events.find_one({"what": Event.LIST_EXPORTED})
    assert told is not None
    assert (told["who"], told["subject"]) == ("Mia", "spring")
    assert told["details"] == {
        "file": "spring-list-20261126-0930-model-7.csv", "rows": 3, "everybody": False, "filtered": False,
        "versions": ["7"],
    }  # fmt: skip


def test_many_are_read_a_few_at_a_time_and_stay_in_order(db: Db, house: Appliance) -> None:
    features = {"age": 30}
    db.prospects.insert_many(
        {"_id": f"big:{n:05d}", "campaign": "big", "ref": f"{n:05d}", "score": (n * 7919 % 2500) / 2500,
         "status": ("open", "paused")[n % 2], "claim": None, "features": features}
        for n in range(2_500)
    )  # fmt: skip
    found = list(rows(db, house.schema, ExportRequest("big", EVERYBODY, all_statuses=True, floors=()), AT))
    assert [row[0] for row in found] == list(range(1, 2_501))
    scores = [row[2] for row in found]
    assert scores == sorted(scores, reverse=True)
