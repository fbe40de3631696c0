"""Files of anybody's columns, rehearsed and brought in, on a real database."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.imports.rehearsal import rehearse
from app.matching.column_matching import Sample, propose
from core.do_not_call import do_not_call_list
from core.errors import CallwiseError
from core.files.campaign_file import CampaignFile
from core.imports import column_mapping
from core.imports.column_mapping import ColumnMapping, store_mapping, stored_mapping
from core.imports.import_report import Report
from core.imports.importer import ImportRequest, import_campaign
from core.schema import Schema
from core.stores.mongo import Db
from tests.contract.core.calls.test_call_rights import beyond
from tests.proposed import mapping_of
from tests.questions import listened_to

pytestmark = pytest.mark.mongo

Person = dict[str, Any]
Write = Callable[..., CampaignFile]
FOREIGN = {
    "age": "Customer Age",
    "job": "Beruf",
    "marital": "Marital Status",
    "euribor3m": "Euribor 3M",
    "pdays": "=Days",
}


@pytest.fixture
def keyed(schema: Schema) -> Schema:
    """The schema of a company that has a key of its own for each person."""
    return Schema.model_validate({**schema.model_dump(), "reference": "customer"})


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(rows: list[Person], name: str = "people.csv") -> CampaignFile:
        path = tmp_path / name
        with path.open("w", encoding="cp1252", newline="") as file:
            writer = csv.DictWriter(file, rows[0].keys(), delimiter=";")
            writer.writeheader()
            writer.writerows(rows)
        return CampaignFile.open(path)

    return write


@pytest.fixture
def foreign(person: Person) -> Callable[..., Person]:
    """A person as another company's program writes them."""

    def foreign(**values: str) -> Person:
        own = {**person, "y": "", "job": "Technician", "marital": "MARRIED ", "euribor3m": "4,857", "pdays": "never"}
        return {FOREIGN.get(name, name): value for name, value in {**own, **values}.items()} | {"Name": "J\xf6rg"}

    return foreign


def proposed(schema: Schema, file: CampaignFile) -> ColumnMapping:
    sample = Sample.from_rows(file)
    found = mapping_of(schema, sample, propose(schema, sample))
    return ColumnMapping(
        {**found.columns, "job": "Beruf", "pdays": "=Days"}, {**found.values, "pdays": {"never": "999"}}, found.numbers
    )


def bring(db: Db, schema: Schema, file: CampaignFile, mapping: ColumnMapping, folder: Path) -> Report:
    return import_campaign(db, schema, ImportRequest(file, "spring", mapping), rejects=folder / "rejects.csv")


def test_a_foreign_file_comes_in_as_the_schema_has_it(
    db: Db, schema: Schema, write: Write, foreign: Any, tmp_path: Path
) -> None:
    file = write([foreign(), foreign(age="30", job="Blue Collar", marital="single", pdays="5")])
    report = bring(db, schema, file, proposed(schema, file), tmp_path)
    assert (report.inserted, report.rejected) == (2, 0)
    first, second = (p["features"] for p in db.prospects.find(sort=[("_id", 1)]))
    assert {n: first[n] for n in ("age", "job", "marital", "euribor3m", "pdays")} == {
        "age": 41, "job": "technician", "marital": "married", "euribor3m": 4.857, "pdays": 999
    }  # fmt: skip
    assert (second["job"], second["pdays"]) == ("blue-collar", 5)


def test_rejects_keep_the_file_s_own_columns_and_mended_fill_the_gaps(
    db: Db, schema: Schema, write: Write, foreign: Any, tmp_path: Path
) -> None:
    file = write([foreign(), foreign(age="young"), foreign(job="=cmd()"), foreign(age="12", pdays="-x")])
    mapping = proposed(schema, file)
    store_mapping(db, schema, file, mapping, by="Mia")
    assert bring(db, schema, file, mapping, tmp_path).rejected == 3
    content = (tmp_path / "rejects.csv").read_text(encoding="utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(content)))
    assert list(rows[0])[:6] == ["_row", "_line", "_column", "_rule", "_found", "_file"]
    assert [(r["_row"], r["_column"], r["_found"]) for r in rows] == [
        ("2", "Customer Age", "young"), ("3", "Beruf", "'=cmd()"), ("4", "Customer Age", "12")
    ]  # fmt: skip
    assert {r["_file"] for r in rows} == {file.sha256}
    assert (rows[1]["Beruf"], rows[1]["Name"], rows[0]["Marital Status"]) == ("'=cmd()", "J\xf6rg", "MARRIED ")

    rows[0]["Customer Age"], rows[1]["Beruf"] = "33", "Student"
    mended = write(rows, "mended.csv")
    before = stored_mapping(db, schema, mended.header)
    assert before is not None
    assert before[1]["by"] == "Mia"
    again = bring(db, schema, mended, before[0], tmp_path)
    assert (again.accepted, again.rejected, again.origin) == (2, 1, file.sha256)
    assert sorted(p["row"] for p in db.prospects.find()) == [1, 2, 3]
    logged = db.imports.find_one({"sha256": file.sha256})
    assert logged is not None
    noted = logged["mended"]
    assert (noted["in"], noted["still"], noted["file"]) == (2, 1, mended.sha256)
    left = list(csv.DictReader((tmp_path / "rejects.csv").open(encoding="utf-8-sig")))
    assert [(r["_row"], r["_file"]) for r in left] == [("4", file.sha256)]
    twice = bring(db, schema, mended, before[0], tmp_path)
    assert (twice.inserted, twice.unchanged, twice.rejected) == (0, 2, 1)


def test_a_rehearsal_says_what_the_import_then_does_and_writes_nothing(
    db: Db, keyed: Schema, write: Write, foreign: Any, tmp_path: Path
) -> None:
    do_not_call_list.add_people(db, ["c4"], by="Mia", why="asked by letter")
    rows = [
        {**foreign(age=age, y=y), "customer": ref}
        for ref, age, y in [
            ("c1", "30", ""), ("c2", "young", ""), ("c3", "31", "yes"), ("c1", "30", ""), ("c1", "77", ""),
            ("c4", "40", ""), ("", "40", ""), ("c5", "41", ""),
        ]
    ]  # fmt: skip
    file = write(rows)
    mapping = proposed(keyed, file)
    bring(db, keyed, write([rows[-1]], "earlier.csv"), mapping, tmp_path)
    before = list(db.prospects.find())
    found = rehearse(db, keyed, ImportRequest(file, "spring", mapping))
    assert list(db.prospects.find()) == before
    expected = found.report
    assert found.whole
    assert (found.called, found.repeated, found.barred) == (1, 2, 1)
    assert dict(found.invalid_values["age"]) == {"young": 1}
    assert [row.prospect["ref"] for row in found.first] == ["c1", "c3", "c1", "c1", "c4", "c5"]
    done = bring(db, keyed, file, mapping, tmp_path)
    for name in ("inserted", "unchanged", "rejected", "rules"):
        assert getattr(done, name) == getattr(expected, name), name
    assert (done.inserted, done.unchanged, done.rejected) == (3, 2, 3)
    barred = db.prospects.find_one({"_id": "spring:c4"})
    assert barred is not None
    assert barred["status"] == "off"


def test_a_rehearsal_of_the_beginning_says_that_it_is_one(db: Db, schema: Schema, write: Write, foreign: Any) -> None:
    file = write([foreign() for _ in range(5)])
    request = ImportRequest(file, "spring", proposed(schema, file))
    found = rehearse(db, schema, request, most=3, first=2)
    assert (found.report.rows, len(found.first), found.whole) == (3, 2, False)
    assert rehearse(db, schema, request, most=5).whole


def test_an_import_that_is_ended_goes_on_when_it_is_begun_again(
    db: Db, schema: Schema, write: Write, foreign: Any, tmp_path: Path
) -> None:
    class Ended(CallwiseError):
        pass

    def end(rows: int) -> None:
        if rows >= 2_000:
            raise Ended("enough")

    file = write([foreign(age="12" if n == 5 else "40") for n in range(2_500)])
    request, rejects = ImportRequest(file, "spring", proposed(schema, file)), tmp_path / "rejects.csv"
    with pytest.raises(Ended):
        import_campaign(db, schema, request, rejects=rejects, progress=end)
    assert db.prospects.count_documents({}) == 2_000
    assert not rejects.exists()
    report = import_campaign(db, schema, request, rejects=rejects)
    assert (report.inserted, report.unchanged, report.rejected) == (499, 2_000, 1)


def test_the_kept_mapping_is_that_of_the_last_file(db: Db, schema: Schema, write: Write, foreign: Any) -> None:
    file = write([foreign()])
    assert stored_mapping(db, schema, file.header) is None
    mapping = proposed(schema, file)
    store_mapping(db, schema, file, mapping, by="Mia")
    other = ColumnMapping({**mapping.columns, "age": "Name"}, mapping.values, mapping.numbers)
    store_mapping(db, schema, file, other, by="Tom")
    found = stored_mapping(db, schema, reversed(file.header))
    assert found is not None
    assert (found[0], found[1]["by"]) == (other, "Tom")
    assert db.mappings.count_documents({}) == 1


def test_the_app_may_do_what_imports_and_lists_do(
    db: Db, keyed: Schema, write: Write, foreign: Any, tmp_path: Path
) -> None:
    file = write([{**foreign(), "customer": "c1"}, {**foreign(y="yes"), "customer": "c2"}])
    with listened_to(db) as (heard, questions):
        column_mapping.store_mapping(heard, keyed, file, proposed(keyed, file), by="Mia")
        bring(heard, keyed, file, proposed(keyed, file), tmp_path)
        do_not_call_list.add_people(heard, ["c1"], by="Mia", why="asked")
        do_not_call_list.remove_person(heard, "c1", by="Mia", why="a mistake")
    assert beyond("app", questions) == set()
