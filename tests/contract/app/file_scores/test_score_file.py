"""A file is scored row by row, nothing is stored of it, and every row is in the result."""

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from app.file_scores import lines as module
from app.file_scores.lines import Line
from app.file_scores.result_file import opened
from app.file_scores.score_file import Tally, score_file
from bootstrap.setup.kinds import bundled_indicators
from core.clock import now
from core.errors import InputError, SettingsError
from core.files.campaign_file import CampaignFile
from core.files.reading import FileReading
from core.imports.kept_out import keep_out
from core.schema import Schema
from core.schema.column import Value
from core.schema.person import Person, Pseudonyms
from core.scoring import protocol
from core.settings.group import ROOT
from core.stores.mongo import Db

Record = dict[str, Any]
KEY = "k" * 32


class ByAge:
    """Scores by age, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[list[dict[str, Value]]] = []

    def what_if(self, rows: Sequence[Mapping[str, Value]]) -> list[protocol.Score]:
        self.asked.append([dict(row) for row in rows])
        return [protocol.Score(f"r:{n}", float(row["age"] or 0) / 100, "3", "champion") for n, row in enumerate(rows)]


def saved(people: list[Record], path: Path) -> CampaignFile:
    with path.open("w", newline="") as out:
        writer = csv.DictWriter(out, list(people[0]), delimiter=";")
        writer.writeheader()
        writer.writerows(people)
    return CampaignFile.open(path)


def result(
    db: Db, schema: Schema, file: CampaignFile, scorer: ByAge, **more: Any
) -> tuple[Tally, list[dict[str, str]]]:
    out = io.BytesIO()
    with opened(out, "csv") as write:
        tally = score_file(db, schema, scorer, file, write, **more)
    return tally, list(csv.DictReader(io.StringIO(out.getvalue().decode())))


@pytest.fixture
def people(person: Record) -> list[Record]:
    return [person | {"age": str(20 + n)} for n in range(7)]


@pytest.mark.mongo
def test_every_row_is_in_the_result_in_its_order_and_nothing_is_stored(
    db: Db, schema: Schema, people: list[Record], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BATCH", 3)
    people[2]["age"] = "young"
    people[5]["job"] = "wizard"
    scorer, told = ByAge(), []
    tally, lines = result(db, schema, saved(people, tmp_path / "p.csv"), scorer, progress=lambda t: told.append(str(t)))
    assert [int(line["row"]) for line in lines] == [1, 2, 3, 4, 5, 6, 7]
    assert [line["score"] for line in lines] == ["0.2", "0.21", "", "0.23", "0.24", "", "0.26"]
    assert {line["version"] for line in lines} == {"3", ""}
    assert lines[2]["rejected"].startswith("age: ")
    assert lines[5]["rejected"].startswith("job: ")
    assert str(tally) == "5 rows scored, 2 rejected"
    assert [len(rows) for rows in scorer.asked] == [2, 2, 1]
    assert told[-1] == str(tally)
    assert scorer.asked[0][0].keys() == set(schema.feature_names)
    assert [name for name in db.list_collection_names() if db[name].count_documents({})] == []


@pytest.mark.mongo
def test_indicators_that_the_file_lacks_are_those_of_now(
    db: Db, schema: Schema, people: list[Record], tmp_path: Path
) -> None:
    short = [{name: value for name, value in one.items() if name != "euribor3m"} for one in people]
    file, scorer = saved(short, tmp_path / "p.csv"), ByAge()
    with pytest.raises(InputError, match="euribor3m"):
        result(db, schema, file, scorer)
    bundled_indicators(db, ROOT / "data" / "indicators.csv", schema)
    result(db, schema, file, scorer)
    assert isinstance(scorer.asked[-1][0]["euribor3m"], float)


@pytest.mark.mongo
def test_who_was_erased_is_left_out_and_counted(db: Db, schema: Schema, people: list[Record], tmp_path: Path) -> None:
    named = [one | {"customer": f"C-{place}"} for place, one in enumerate(people)]
    file, ours = saved(named, tmp_path / "p.csv"), schema.model_copy(update={"reference": "customer"})
    keep_out(db, Pseudonyms(KEY).pseudonym(Person("C-3")), receipt="a-1", at=now())
    with pytest.raises(SettingsError, match="no key"):
        result(db, ours, file, ByAge())
    tally, lines = result(db, ours, file, ByAge(), erasure_key=KEY)
    assert [line["reference"] for line in lines] == ["C-0", "C-1", "C-2", "C-4", "C-5", "C-6"]
    assert str(tally) == "6 rows scored, 0 rejected, 1 of erased people left out"


@pytest.mark.mongo
def test_a_row_that_scoring_refuses_costs_that_row_alone(
    db: Db, schema: Schema, people: list[Record], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Refuses(ByAge):
        def what_if(self, rows: Sequence[Mapping[str, Value]]) -> list[protocol.Score]:
            if any(row["age"] == 23 for row in rows):
                raise InputError("is not liked", row=4, column="age")
            return super().what_if(rows)

    def refusal(_schema: Schema, row: Mapping[str, Value], _key: str) -> InputError | None:
        return InputError("is not liked", row=1, column="age") if row["age"] == 23 else None

    monkeypatch.setattr(protocol, "refusal", refusal)
    tally, lines = result(db, schema, saved(people, tmp_path / "p.csv"), Refuses())
    assert (str(tally), lines[3]["rejected"]) == ("6 rows scored, 1 rejected", "age: is not liked")
    assert [line["score"] for line in lines[4:]] == ["0.24", "0.25", "0.26"]


@pytest.mark.mongo
def test_two_rows_with_the_same_number_have_scores_of_their_own(
    db: Db, schema: Schema, people: list[Record], tmp_path: Path
) -> None:
    """As in a file put together from the rejects of two imports."""
    numbered = [one | {"_row": str(1 + place % 3)} for place, one in enumerate(people)]
    _, lines = result(db, schema, saved(numbered, tmp_path / "p.csv"), ByAge())
    assert [line["score"] for line in lines] == ["0.2", "0.21", "0.22", "0.23", "0.24", "0.25", "0.26"]


@pytest.mark.mongo
def test_a_reference_that_is_no_text_costs_its_row_alone(
    db: Db, schema: Schema, people: list[Record], tmp_path: Path
) -> None:
    path = tmp_path / "p.csv"
    saved([one | {"customer": f"C-{place}"} for place, one in enumerate(people)], path)
    path.write_bytes(path.read_bytes().replace(b"C-3", b"C-\x81"))
    ours = schema.model_copy(update={"reference": "customer"})
    tally, lines = result(db, ours, CampaignFile.open(path, FileReading(encoding="utf-8")), ByAge())
    assert str(tally) == "6 rows scored, 1 rejected"
    assert lines[3]["reference"].startswith("C-")


@pytest.mark.mongo
def test_a_parquet_result_has_types(db: Db, schema: Schema, people: list[Record], tmp_path: Path) -> None:
    people[1]["age"] = ""
    path = tmp_path / "out.parquet"
    with path.open("wb") as out, opened(out, "parquet") as write:
        score_file(db, schema, ByAge(), saved(people, tmp_path / "p.csv"), write)
    rows = pq.read_table(path).to_pylist()
    assert [row["score"] for row in rows] == [0.2, None, 0.22, 0.23, 0.24, 0.25, 0.26]
    assert rows[1]["rejected"].startswith("age: ")


@pytest.mark.mongo
def test_a_cell_that_a_spreadsheet_would_run_is_escaped(db: Db, schema: Schema, tmp_path: Path) -> None:
    out = io.BytesIO()
    with opened(out, "csv") as write:
        write([Line(1, "=1+1", 0.1 + 0.2, "3")])
    assert out.getvalue().decode().splitlines()[1] == "1,'=1+1,0.30000000000000004,3,"
