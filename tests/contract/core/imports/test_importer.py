import csv
import io
import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from app.imports.rejected_rows import Rejected
from bootstrap.setup.kinds import bundled_indicators
from core.calls.lifecycle import Result
from core.calls.recording import CallReport, record
from core.errors import InputError
from core.files.campaign_file import CampaignFile
from core.imports.import_report import Report
from core.imports.importer import ImportRequest, import_campaign
from core.schema import Schema
from core.schema.economy import indicators
from core.schema.outcome import Outcome
from core.settings.group import ROOT
from core.stores.mongo import Db
from trainer.data.snapshot import read_outcomes

Person = dict[str, Any]
Import = Callable[..., Report]


def as_csv(people: list[Person], separator: str = ";") -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(people[0]), delimiter=separator, quoting=csv.QUOTE_NONNUMERIC)
    writer.writeheader()
    writer.writerows(people)
    return text.getvalue()


@pytest.fixture
def run(db: Db, schema: Schema, tmp_path: Path) -> Import:
    def run(path: Path, outcomes_until: int | None = None) -> Report:
        request = ImportRequest(CampaignFile.open(path), "spring", outcomes_until=outcomes_until)
        return import_campaign(db, schema, request, rejects=tmp_path / "rejects.csv")

    return run


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    def write(people: list[Person], name: str = "campaign.csv") -> Path:
        path = tmp_path / name
        if name.endswith(".parquet"):
            pd.DataFrame(people).to_parquet(path)
        elif name.endswith(".zip"):
            with zipfile.ZipFile(path, "w") as archive:
                archive.writestr("notes.txt", "none")
                archive.writestr("inner/sample.csv", as_csv(people[:1]))
                archive.writestr("inner/full.csv", as_csv(people))
        else:
            path.write_text(as_csv(people, "," if name.startswith("comma") else ";"))
        return path

    return write


@pytest.mark.parametrize("name", ["semicolon.csv", "comma.csv", "campaign.zip", "campaign.parquet"])
def test_every_form_of_file_comes_in_the_same(db: Db, run: Import, write: Any, person: Person, name: str) -> None:
    report = run(write([person, {**person, "age": "50", "y": "yes"}, {**person, "y": ""}], name))
    assert (report.inserted, report.rejected, report.outcomes) == (3, 0, 2)
    second = db.prospects.find_one({"_id": "spring:0000002"})
    assert second is not None
    assert second["features"]["age"] == 50
    assert "duration" not in second["features"]
    assert db.outcomes.count_documents({"positive": True}) == 1
    assert db.prospects.count_documents({"status": "open"}) == 1


def test_words_of_no_outcome_yet_leave_people_to_be_called(
    db: Db, schema: Schema, write: Any, person: Person, tmp_path: Path
) -> None:
    words = {"positive": ["sold", "upsold"], "negative": ["refused", "moved"], "undecided": ["not reached"]}
    other = schema.model_copy(update={"outcome": Outcome.model_validate({**schema.outcome.model_dump(), **words})})
    said = ["sold", "upsold", "refused", "moved", "not reached", "", "dead"]
    path = write([{**person, "age": str(20 + n), "y": word} for n, word in enumerate(said)])
    request = ImportRequest(CampaignFile.open(path), "spring")
    report = import_campaign(db, other, request, rejects=tmp_path / "rejects.csv")
    assert (report.inserted, report.outcomes, report.rejected) == (6, 4, 1)
    assert [one["positive"] for one in db.outcomes.find(sort=[("_id", 1)])] == [True, True, False, False]
    assert [one["row"] for one in db.prospects.find({"status": "open"}, sort=[("row", 1)])] == [5, 6]
    assert "'dead' is not one of sold, upsold, refused, moved, not reached, or empty" in report.examples[0].rule


def test_importing_twice_changes_nothing(db: Db, run: Import, write: Any, person: Person) -> None:
    path = write([{**person, "age": str(20 + n)} for n in range(30)])
    run(path)
    before = list(db.prospects.find(sort=[("_id", 1)])), list(db.outcomes.find(sort=[("_id", 1)]))
    again = run(path)
    assert (again.inserted, again.unchanged, again.outcomes, again.rejected) == (0, 30, 0, 0)
    assert (list(db.prospects.find(sort=[("_id", 1)])), list(db.outcomes.find(sort=[("_id", 1)]))) == before


def test_bad_rows_are_named_and_the_good_ones_go_in(
    db: Db, run: Import, write: Any, person: Person, tmp_path: Path
) -> None:
    report = run(
        write(
            [
                person,
                {**person, "age": "12"},
                {**person, "job": "pilot"},
                {**person, "y": "maybe"},
                {**person, "euribor3m": ""},
                person,
            ]
        )
    )
    assert (report.rows, report.inserted, report.rejected) == (6, 2, 4)
    assert [(r.row, r.column) for r in report.examples] == [(2, "age"), (3, "job"), (4, "y"), (5, "euribor3m")]
    assert "'12' is not a whole number from 17 to 110" in report.examples[0].rule
    assert db.prospects.count_documents({}) == 2
    rows = list(csv.DictReader((tmp_path / "rejects.csv").open(encoding="utf-8-sig")))
    assert [row["_row"] for row in rows] == ["2", "3", "4", "5"]
    assert rows[1]["job"] == "pilot"


def test_the_mended_reject_file_fills_the_gaps(db: Db, run: Import, write: Any, person: Person, tmp_path: Path) -> None:
    run(write([person, {**person, "age": "12"}, {**person, "age": "33"}]))
    mended = tmp_path / "mended.csv"
    mended.write_text((tmp_path / "rejects.csv").read_text(encoding="utf-8-sig"))
    lines = list(csv.DictReader(mended.open()))
    lines[0]["age"] = "21"
    mended.write_text(as_csv(lines))
    report = run(mended)
    assert (report.inserted, report.rejected) == (1, 0)
    assert [d["features"]["age"] for d in db.prospects.find(sort=[("_id", 1)])] == [41, 21, 33]
    assert not (tmp_path / "rejects.csv").exists()


def test_another_record_under_a_taken_key_is_refused(db: Db, run: Import, write: Any, person: Person) -> None:
    run(write([person]))
    report = run(write([{**person, "age": "77"}], "other.csv"))
    assert (report.inserted, report.unchanged, report.rejected) == (0, 0, 1)
    assert "another record already has the key" in report.examples[0].rule
    found = db.prospects.find_one({})
    assert found is not None
    assert found["features"]["age"] == 41


def test_a_finished_history_can_be_played_as_under_way(db: Db, run: Import, write: Any, person: Person) -> None:
    people = [{**person, "age": str(20 + n), "y": "yes"} for n in range(10)]
    report = run(write(people), outcomes_until=6)
    assert (report.inserted, report.outcomes) == (10, 6)
    assert db.prospects.count_documents({"status": "open"}) == 4
    run(write(people))
    assert db.prospects.count_documents({"status": "open"}) == 0
    assert db.outcomes.count_documents({}) == 10


def test_time_follows_the_file_over_the_turn_of_the_year(db: Db, run: Import, write: Any, person: Person) -> None:
    run(write([{**person, "month": month} for month in ("may", "may", "dec", "mar")]))
    times = [d["at"] for d in db.outcomes.find(sort=[("_id", 1)])]
    assert times == sorted(times)
    assert [(t.year, t.month) for t in times] == [(2008, 5), (2008, 5), (2008, 12), (2009, 3)]


def test_a_row_with_too_many_cells_is_named(run: Import, write: Any, person: Person) -> None:
    path = write([person, person])
    path.write_text(path.read_text().rstrip("\r\n") + ";1;2\n")
    report = run(path)
    assert [(r.row, r.rule) for r in report.examples] == [(2, "the row has more cells than the header")]


def test_a_row_with_too_many_cells_stays_rejected_until_it_is_mended(
    db: Db, run: Import, write: Any, person: Person, tmp_path: Path
) -> None:
    path = write([person, {**person, "age": "12"}, person])
    path.write_text(path.read_text().rstrip("\r\n") + ";1;=2\n")
    run(path)
    content = (tmp_path / "rejects.csv").read_bytes()
    again = tmp_path / "again.csv"
    again.write_bytes(content)
    assert [r.rule for r in run(again).examples][1] == "the row has more cells than the header"
    assert (tmp_path / "rejects.csv").read_bytes().splitlines()[2] == content.splitlines()[2]
    # Mending another row on the screen does not bring it in either.
    rejected = Rejected.from_file(content)
    table = rejected.table(rejected.columns)
    table.loc[0, "age"] = "21"
    again.write_bytes(rejected.mended(table))
    report = run(again)
    assert (report.inserted, report.rejected) == (1, 1)
    assert [found["row"] for found in db.prospects.find(sort=[("row", 1)])] == [1, 2]


def test_who_was_decided_here_has_one_outcome_whatever_a_file_says_later(
    db: Db, run: Import, write: Any, person: Person
) -> None:
    people = [{**person, "age": str(30 + n), "y": ""} for n in range(2)]
    run(write(people))
    first, second = (str(found["_id"]) for found in db.prospects.find(sort=[("row", 1)]))
    record(db, first, "Ann", CallReport(Result.NO_ANSWER))
    db.prospects.update_one({"_id": first}, {"$set": {"status": "open", "due": None}})  # the pause is over
    record(db, first, "Ann", CallReport(Result.SOLD))
    report = run(write([{**one, "y": "no"} for one in people]))
    assert (report.unchanged, report.outcomes) == (2, 1)
    found = {(one["prospect"], one["call"], one["positive"]) for one in db.outcomes.find()}
    assert found == {(first, 2, True), (second, 1, False)}
    assert db.prospects.count_documents({"status": "done"}) == 2


def test_a_row_with_too_few_cells_is_named(run: Import, write: Any, person: Person) -> None:
    path = write([person])
    path.write_text(path.read_text() + '41;"technician"\n')
    report = run(path)
    assert report.rejected == 1
    assert report.examples[0].row == 2
    assert "is empty" in report.examples[0].rule


def test_a_missing_column_stops_before_anything_is_written(db: Db, run: Import, write: Any, person: Person) -> None:
    del person["job"]
    with pytest.raises(InputError, match=r"has no column 'job'.*Nothing was imported"):
        run(write([person]))
    assert db.prospects.count_documents({}) == 0
    assert db.campaigns.count_documents({}) == 0


@pytest.fixture
def snapshot(db: Db, schema: Schema) -> None:
    """The bundled indicators, May 2008 to November 2010."""
    bundled_indicators(db, ROOT / "data" / "indicators.csv", schema)


def without_indicators(person: Person, schema: Schema) -> Person:
    return {name: value for name, value in person.items() if name not in {c.name for c in indicators(schema)}}


@pytest.mark.usefixtures("snapshot")
def test_a_file_may_leave_the_indicators_to_the_economy(
    db: Db, run: Import, write: Any, person: Person, schema: Schema
) -> None:
    bare = without_indicators(person, schema)
    path = write([bare, {**bare, "month": "jun"}, {**bare, "y": ""}])
    report = run(path)
    assert (report.inserted, report.outcomes, report.rejected) == (3, 2, 0)
    features = db.prospects.find_one({"_id": "spring:0000001"})
    assert features is not None
    assert set(features["features"]) == set(schema.feature_names) - {c.name for c in indicators(schema)}
    # Training has what was known at each call; importing again after a revision is importing the same.
    assert list(read_outcomes(db, schema)["nr.employed"]) == [5191.0, 5228.1]
    assert db.campaigns.find_one({"_id": "spring", "economy": True})
    db.indicators.delete_many({"period": {"$gt": "2009"}})
    again = run(path)
    assert (again.inserted, again.unchanged, again.rejected) == (0, 3, 0)


@pytest.mark.usefixtures("snapshot")
def test_a_file_that_has_them_keeps_its_own(db: Db, run: Import, write: Any, person: Person, schema: Schema) -> None:
    run(write([{**person, "euribor3m": "4.321"}]))
    assert list(read_outcomes(db, schema)["euribor3m"]) == [4.321]
    campaign = db.campaigns.find_one({"_id": "spring"})
    assert campaign is not None
    assert "economy" not in campaign


@pytest.mark.usefixtures("snapshot")
def test_a_file_may_have_some_of_them(db: Db, run: Import, write: Any, person: Person, schema: Schema) -> None:
    del person["nr.employed"]
    run(write([{**person, "euribor3m": "4.321"}]))
    row = read_outcomes(db, schema).iloc[0]
    assert (row["euribor3m"], row["nr.employed"]) == (4.321, 5191.0)


def test_a_call_of_which_nothing_was_known_is_rejected_with_the_column(
    db: Db, run: Import, write: Any, person: Person, schema: Schema
) -> None:
    bare = without_indicators(person, schema)
    report = run(write([bare, {**bare, "y": ""}]))
    assert (report.inserted, report.rejected) == (1, 1), "whom nobody has called yet is ranked once something is known"
    assert [(r.row, r.column, r.rule) for r in report.examples] == [
        (1, "cons.conf.idx", "is not in the file, and no value of it was known at the time of the call")
    ]
    assert list(report.rules.items()) == [((r.column, r.rule), 1) for r in report.examples]


@pytest.mark.usefixtures("snapshot")
def test_a_call_long_after_all_that_was_known_is_rejected(
    run: Import, write: Any, person: Person, schema: Schema
) -> None:
    bare = without_indicators(person, schema)
    months = [m for year in range(5) for m in ("may", "dec")]
    report = run(write([{**bare, "month": month} for month in months]))
    assert [r.row for r in report.examples] == [9, 10]
    assert report.examples[0].rule.endswith("at the time of the call but one of 2010-11")


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("empty.csv", b"", "is empty"),
        ("broken.zip", b"PK\x03\x04 not really", "not a complete zip"),
        ("broken.parquet", b"PAR1 not really", "not a Parquet file"),
    ],
)
def test_a_file_that_holds_no_table_is_refused(tmp_path: Path, name: str, content: bytes, says: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=says):
        CampaignFile.open(tmp_path / name)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        CampaignFile.open(tmp_path / "none.csv")


@pytest.mark.nightly  # the suite loop imports the same file each time, and counts its rows
def test_the_published_file_comes_in_whole(db: Db, run: Import) -> None:
    if "BANK_MARKETING_ZIP" not in os.environ:
        pytest.skip("BANK_MARKETING_ZIP does not name the published file; scripts/get-data fetches it")
    report = run(Path(os.environ["BANK_MARKETING_ZIP"]), outcomes_until=20_000)
    assert (report.inserted, report.outcomes, report.rejected) == (41_188, 20_000, 0)


def test_a_key_that_no_score_can_be_had_under_is_an_error_of_its_row(
    db: Db, schema: Schema, person: Person, write: Any, tmp_path: Path
) -> None:
    """A batch is scored in one request, which such a key has refused as a whole."""
    named = schema.model_copy(update={"reference": "client"})
    most = 256 - len("spring:")
    keys = ["A-1", "A\x002", "A" * most, "B" * (most + 1), "bell\x07", "\u00a0A-3\u00a0"]
    file = CampaignFile.open(write([{"client": key, **person, "y": ""} for key in keys]))
    rejects = tmp_path / "rejects.csv"
    report = import_campaign(db, named, ImportRequest(file, "spring"), rejects=rejects)
    assert {found["ref"] for found in db.prospects.find()} == {"a-1", "a" * most, "a-3"}
    assert [(reject.row, reject.column) for reject in report.examples] == [
        (2, "client"),
        (4, "client"),
        (5, "client"),
    ]
    assert str(report.examples[0].rule) == "'A\\x002' is not a key of 1 to 249 printable characters"
    assert report.rules == {("client", "must be a key of 1 to 249 printable characters"): 3}
    assert len(report.examples[1].rule) < 150
