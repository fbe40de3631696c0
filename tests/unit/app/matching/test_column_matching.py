"""What is proposed for headers that no schema has ever seen."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.matching.column_matching import Confidence, Proposal, Sample, propose, unused_columns
from app.matching.value_matching import spellings
from core.errors import InputError
from core.files.campaign_file import CampaignFile
from core.imports.column_mapping import ColumnMapping, normal, signature
from core.imports.reject_file import MARKS
from core.schema import Schema
from core.values.dates import DateReading
from core.values.numbers import NumberReading
from tests.proposed import mapping_of

Look = Callable[..., dict[str, Proposal]]


@pytest.fixture
def sample(tmp_path: Path) -> Callable[..., Sample]:
    def sample(rows: list[dict[str, Any]]) -> Sample:
        path = tmp_path / "people.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, rows[0].keys(), delimiter=";")
            writer.writeheader()
            writer.writerows(rows)
        return Sample.from_rows(CampaignFile.open(path))

    return sample


@pytest.fixture
def look(schema: Schema, sample: Callable[..., Sample]) -> Look:
    return lambda rows: {proposal.column: proposal for proposal in propose(schema, sample(rows))}


def renamed(person: dict[str, Any], **names: str) -> dict[str, Any]:
    return {names.get(name, name): value for name, value in person.items()}


def test_the_schema_s_own_names_are_certain(look: Look, person: dict[str, Any]) -> None:
    found = look([person, {**person, "age": "30"}])
    assert {p.confidence for p in found.values()} == {Confidence.CERTAIN}
    assert all(p.column == p.source and p.fit == 1.0 for p in found.values())


@pytest.mark.parametrize(
    ("column", "header", "sure"),
    [
        ("age", "AGE", Confidence.CERTAIN),
        ("age", " Age ", Confidence.CERTAIN),
        ("day_of_week", "Day Of-Week", Confidence.CERTAIN),
        ("day_of_week", "dayOfWeek", Confidence.CERTAIN),
        ("emp.var.rate", "Emp_Var_Rate", Confidence.CERTAIN),
        ("marital", "Marital status", Confidence.CERTAIN),
        ("marital", "MaritalStatus", Confidence.CERTAIN),
        ("age", "Customer age (years)", Confidence.LIKELY),
        ("education", "eductaion", Confidence.LIKELY),
        ("job", "Beruf", Confidence.LIKELY),
        ("poutcome", "Ergebnis damals", Confidence.LIKELY),
        ("day_of_week", "Weekday", Confidence.LIKELY),
        ("pdays", "Days since last contact", Confidence.LIKELY),
    ],
)
def test_a_column_is_known_by_name_label_or_values(
    look: Look, person: dict[str, Any], column: str, header: str, sure: Confidence
) -> None:
    people = [person, {**person, "job": "retired", "poutcome": "success", "day_of_week": "fri"}]
    found = look([renamed(one, **{column: header}) for one in people])
    assert (found[column].source.strip(), found[column].confidence) == (" ".join(header.split()), sure)
    assert all(p.source == name for name, p in found.items() if name != column)


def test_numbers_alone_say_nothing(look: Look, person: dict[str, Any]) -> None:
    found = look([renamed(person, age="c1", campaign="c2", previous="c3")])
    assert [found[name].source for name in ("age", "campaign", "previous")] == ["", "", ""]
    assert found["age"].confidence is Confidence.NONE


def test_a_name_that_fits_with_values_that_do_not_is_no_column(look: Look, person: dict[str, Any]) -> None:
    people = [{**renamed(person, job="x"), "Name of the job agency": f"Agency {n}", "x": "?"} for n in range(5)]
    assert look(people)["job"].source == ""


def test_no_column_of_the_file_is_proposed_twice(look: Look, person: dict[str, Any]) -> None:
    found = look([{**person, "Age ": "1", "AGE": "2", "Housing": "no", "LOAN": "yes"}])
    sources = [p.source for p in found.values() if p.source]
    assert len(sources) == len(set(sources))
    assert found["age"].source == "age"


def test_what_is_known_only_after_the_call_is_never_used(
    schema: Schema, sample: Callable[..., Sample], person: dict[str, Any]
) -> None:
    looked = sample([{**renamed(person, duration="Length of the call"), "Notes": "x"}])
    mapping = mapping_of(schema, looked, propose(schema, looked))
    assert "Length of the call" not in mapping.columns.values()
    assert unused_columns(schema, looked, mapping) == [
        ("Length of the call", "known only after the call"),
        ("Notes", ""),
    ]


def test_decimal_commas_are_found_where_they_are(
    schema: Schema, sample: Callable[..., Sample], person: dict[str, Any]
) -> None:
    looked = sample([{**person, "euribor3m": "4,857", "cons.price.idx": "1.093,994", "cons.conf.idx": "-36.4"}])
    proposals = propose(schema, looked)
    numbers = mapping_of(schema, looked, proposals).numbers
    assert (numbers["euribor3m"].decimal, numbers["cons.conf.idx"].decimal) == (",", ".")
    assert {p.column: p.fit for p in proposals}["euribor3m"] == 1.0


@pytest.mark.parametrize(
    ("words", "text", "value", "why"),
    [
        (("married", "single"), "Married", "married", "the same word"),
        (("married", "single"), "MARRIED", "married", "the same word"),
        (("blue-collar", "admin."), "Blue Collar", "blue-collar", "the same word"),
        (("jan", "jun", "jul"), "June", "jun", "the same word, cut short"),
        (("jan", "jun", "jul"), "Ju", "", ""),
        (("yes", "no", "unknown"), "Y", "yes", "means the same"),
        (("yes", "no", "unknown"), "nein", "no", "means the same"),
        (("yes", "no", "unknown"), "n/a", "unknown", "means the same"),
        (("yes", "no", "unknown"), "unknwon", "unknown", "nearly the same word"),
        (("married", "single"), "verheiratet", "", ""),
        (("married", "single"), "7", "", ""),
        (("a b", "a-b"), "A B", "", ""),
    ],
)
def test_a_spelling_is_read_as_the_word_it_plainly_is(words: tuple[str, ...], text: str, value: str, why: str) -> None:
    (found,) = spellings(words, {text: 3, words[0]: 5, "": 2})
    assert (found.text, found.rows, found.value, found.why) == (text, 3, value, why)


def test_codes_of_numbers_are_known_by_their_meaning(look: Look, person: dict[str, Any]) -> None:
    found = look([{**person, "pdays": "never"}, {**person, "pdays": "5"}])["pdays"]
    assert [(s.text, s.value) for s in found.spellings] == [("never", "999")]
    assert found.fit == 1.0


class TestMapping:
    def test_it_comes_back_from_its_document(self) -> None:
        numbers, dates = {"age": NumberReading(",", ".", "€")}, {"since": DateReading(True)}
        mapping = ColumnMapping({"emp.var.rate": "A", "age": "B"}, {"job": {"x.y": "admin."}}, numbers, dates)
        assert ColumnMapping.from_document(mapping.document()) == mapping
        assert ColumnMapping.from_document(mapping.document()).hash == mapping.hash

    def test_it_reads_a_record_as_the_schema_has_it(self, schema: Schema) -> None:
        mapping = ColumnMapping(
            {"job": "Beruf", "euribor3m": "E", "pdays": "D"},
            {"job": {"Pilot": "technician"}, "pdays": {"never": "999"}},
            {"euribor3m": NumberReading(",", ".")},
        )
        read = mapping.reader(schema, ["Beruf", "E", "D"]).record
        assert read({"Beruf": " Pilot ", "E": "1 234,5", "D": "never"}) == {
            "job": "technician", "euribor3m": "1234.5", "pdays": "999"
        }  # fmt: skip
        assert read({"Beruf": "ADMIN ", "E": 2.5, "D": None}) == {"job": "admin.", "euribor3m": 2.5, "pdays": None}
        assert read({"Beruf": "spy", "E": "x", "D": "1"})["job"] == "spy"

    def test_only_indicators_and_the_outcome_may_be_left_out(self, schema: Schema, tmp_path: Path) -> None:
        path = tmp_path / "people.csv"
        path.write_text("age,job\n")
        file = CampaignFile.open(path)
        with pytest.raises(InputError, match="has no column 'marital'"):
            ColumnMapping({"age": "age", "job": "job"}).require(schema, file)
        with pytest.raises(InputError, match="cannot be both 'age' and 'job'"):
            ColumnMapping({"age": "age", "job": "age"}).require(schema, file)
        with pytest.raises(InputError, match="no column 'Alter' to read 'age'"):
            ColumnMapping({"age": "Alter"}).require(schema, file)

    def test_a_header_is_known_in_any_order_and_with_marks(self, schema: Schema) -> None:
        assert signature(schema, ["b", "a"]) == signature(schema, ["a", *MARKS, "b"])
        assert signature(schema, ["a"]) != signature(schema, ["a", "b"])
        other = Schema.model_validate({**schema.model_dump(), "name": "x"})
        assert signature(schema, ["a"]) != signature(other, ["a"])

    @pytest.mark.parametrize(
        ("text", "form"),
        [("  MaritalStatus ", "marital status"), ("Größe_2", "große 2"), ("emp.var.rate", "emp var rate"), ("?!", "")],
    )
    def test_names_are_compared_by_letters_and_digits(self, text: str, form: str) -> None:
        assert normal(text) == form.replace("ß", "ss").replace("ö", "o")
