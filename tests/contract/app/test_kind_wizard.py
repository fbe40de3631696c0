"""A manager makes a kind from a file that nobody has seen, and its people are on a list of its own."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.calls import contacts
from core.kinds.registry import kinds
from core.proposal.rules.outcome_words import Result
from core.schema import read_schema
from core.settings.group import ROOT
from core.stores.mongo import Db
from tests.customers import CONTACT_KEYS, exported
from tests.screens import Draw, drawn, tables, texts

pytestmark = pytest.mark.mongo
SHIPPED = read_schema(ROOT / "data" / "schema.yaml")


@pytest.fixture
def page(db: Db, monkeypatch: pytest.MonkeyPatch) -> Iterator[Draw]:
    with drawn(db, monkeypatch, "campaigns") as draw:
        yield draw


def chosen(page: Draw) -> AppTest:
    test = page()
    test.file_uploader(key="kind_file_0").set_value(("customers.csv", exported(), "text/csv")).run()
    assert not test.exception
    return test


def test_a_file_becomes_a_kind_with_its_people(page: Draw, db: Db) -> None:
    test = chosen(page)
    outcome = next(box for box in test.selectbox if box.key and box.key.startswith("kind-outcome-"))
    assert outcome.value == "Converted"
    reference = next(box for box in test.selectbox if box.key and box.key.startswith("kind-reference-"))
    assert reference.value == "Customer ID"
    assert "Status after call" in texts(test), "it gives the outcome away, and that is said"
    assert "a first training needs 1,000" in texts(test)
    assert "K-00000" in tables(test), "the first rows as they will be read"

    visits = next(box for box in test.selectbox if box.label == "Meaning of Visits")
    visits.select(next(one for one in visits.options if "people to read" in one)).run()
    next(box for box in test.text_input if box.label == "What you call it").set_value("Warm customers").run()
    next(box for box in test.radio if box.label == "When were the calls in this file made?").set_value("one day").run()
    next(box for box in test.date_input if box.label == "Day").set_value(date(2026, 3, 2)).run()
    test.button(key="kind_go").click().run()
    assert not test.exception
    assert "is made" in texts(test), texts(test)

    made = kinds(db, SHIPPED)[-1]
    assert (made.name, made.title, made.schema.reference) == ("warm-customers", "Warm customers", "Customer ID")
    assert made.schema.in_files["Visits"].role == "people_only"
    assert not made.schema.in_files["Status after call"].is_feature
    theirs = made.database(db)
    assert theirs.prospects.count_documents({}) == 120
    assert theirs.outcomes.count_documents({}) == 80
    assert {(one["at"].date(), one["dated"]) for one in theirs.outcomes.find()} == {(date(2026, 3, 2), True)}
    one = theirs.prospects.find_one({"row": 2})
    assert one is not None
    assert one["features"]["Joined"] == "2024-02-02"
    assert set(one["features"]) & {"Full Name", "Mobile", "Visits", "Status after call"} == set()
    assert [way.text for way in contacts.ways(theirs, CONTACT_KEYS, one["_id"])] == ["Ada Prøve 1", "+49 1512 5550001"]
    assert db.prospects.count_documents({}) == 0, "nothing of it is in the shipped kind"


def test_without_a_clear_outcome_the_page_asks(page: Draw) -> None:
    test = page()
    rows = [f"{n},{'ab'[n % 2]},{'cd'[n % 2]}" for n in range(40)]
    body = "\n".join(["id,first,second", *rows]).encode()
    test.file_uploader(key="kind_file_0").set_value(("odd.csv", body, "text/csv")).run()
    assert not test.exception
    outcome = next(box for box in test.selectbox if box.key and box.key.startswith("kind-outcome-"))
    assert outcome.value is None
    assert "it could be" in texts(test)


def doubtful(rows: int = 60) -> bytes:
    """A file whose cells tell neither the decimal sign nor the order of dates, with an outcome of several words."""
    words = ["sold", "not interested", "moved away", "Not reached", ""]
    lines = ["id,town,income,joined,result"]
    for n in range(rows):
        town = "Rare" if n == 7 else ("Here", "There")[n % 2]
        date = f"{1 + n % 12:02d}/{1 + n % 11:02d}/2024"
        lines.append(f'C-{n:03d},{town},"{1 + n % 9},{100 + n}",{date},{words[n % 5]}')
    return "\n".join(lines).encode()


def box(test: AppTest, label: str) -> Any:
    return next(one for one in (*test.selectbox, *test.text_input, *test.toggle, *test.number_input)
                if one.label.startswith(label))  # fmt: skip


def test_words_readings_and_details_are_taken_as_the_manager_says(page: Draw, db: Db) -> None:
    test = page()
    test.file_uploader(key="kind_file_0").set_value(("leads.csv", doubtful(), "text/csv")).run()
    box(test, "Which column says").select("result").run()
    assert not test.exception
    assert not any(one.key == "kind_go" for one in test.button), "nothing is proposed before the words are known"

    box(test, "moved away (12 rows)").select(Result.REFUSAL)
    next(one for one in test.button if one.label == "Take these meanings").click().run()
    assert "Say it for not interested, too." in texts(test)
    box(test, "not interested (12 rows)").select(Result.REFUSAL)
    next(one for one in test.button if one.label == "Take these meanings").click().run()
    assert not test.exception
    assert test.button(key="kind_go").disabled, "two columns can be read in two ways"
    assert "because they can be read in two ways: income, joined." in texts(test)

    income = box(test, "How its numbers are written")
    assert income.value is None
    assert [one for one in income.options if "(1,100 = 1100)" in one], income.options
    income.select_index(next(n for n, one in enumerate(income.options) if one.startswith("1,234.5"))).run()
    box(test, "How its dates are written").select(False).run()
    assert not test.exception
    assert not test.button(key="kind_go").disabled
    assert "60 rows were checked" in texts(test)

    labels = [one for one in test.text_input if one.label == "What agents read"]
    next(one for one in labels if one.value == "Income").set_value("Income a month").run()
    box(test, "New words may appear").set_value(False).run()
    next(one for one in test.number_input if one.label == "Largest").set_value(9_000).run()
    assert "whole number from 0 to 9000" in tables(test), "what is beyond the limit is rejected, and that is shown"
    next(one for one in test.number_input if one.label == "Largest").set_value(20_000).run()
    assert "from 0 to 9000" not in tables(test)
    test.button(key="kind_go").click().run()
    assert not test.exception
    assert "is made" in texts(test), texts(test)

    made = kinds(db, SHIPPED)[-1]
    outcome = made.schema.outcome
    assert (outcome.positive, set(outcome.negative)) == (("sold",), {"not interested", "moved away"})
    assert outcome.undecided == ("Not reached",)
    own = made.schema.in_files
    assert (own["income"].type, own["income"].decimal, own["income"].thousands) == ("integer", ".", ",")
    assert (own["income"].label, own["income"].maximum, own["joined"].day_first) == ("Income a month", 20_000, False)
    assert (own["town"].open, set(own["town"].categories)) == (False, {"Here", "There", "Rare"})

    theirs = made.database(db)
    one = theirs.prospects.find_one({"row": 1})
    assert one is not None
    assert (one["features"]["income"], one["features"]["joined"]) == (1100, "2024-01-01")
    assert theirs.prospects.count_documents({}) == 60
    assert theirs.outcomes.count_documents({"positive": True}) == 12
    assert theirs.outcomes.count_documents({"positive": False}) == 24
    assert theirs.prospects.count_documents({"status": "open"}) == 24, "Not reached, and those without a word"


def test_limits_that_contradict_each_other_are_said(page: Draw) -> None:
    test = chosen(page)
    next(one for one in test.number_input if one.label == "Largest").set_value(-5).run()
    assert not test.exception
    assert "The smallest number of 'Visits' is above the largest" in texts(test)
