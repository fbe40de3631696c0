"""The page Campaigns where lists live: what a file changed, undo, withdrawal, deletion; and the card's history."""

from __future__ import annotations

import csv
import os
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
import yaml
from streamlit.testing.v1 import AppTest

from app.imports.questions import likely_reference
from app.matching.column_matching import Sample
from app.shell.appliance import Appliance
from core.calls.lifecycle import CallRules, Result
from core.calls.recording import CallReport, record
from core.files.campaign_file import CampaignFile
from core.files.records import Record
from core.imports import run_import
from core.imports.column_mapping import ColumnMapping
from core.imports.run_import import ImportJob
from core.lists import deletion
from core.lists.logged_import import Entry
from core.schema import read_schema
from core.settings.group import ROOT
from core.stores.mongo import Db
from core.stores.object_store import ObjectStore

pytestmark = [pytest.mark.mongo, pytest.mark.s3]

Bring = Callable[..., Entry]
Screen = Callable[[], AppTest]


@pytest.fixture
def house(db: Db, objects: ObjectStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Appliance:
    written = yaml.safe_load((ROOT / "data" / "schema.yaml").read_text(encoding="utf-8"))
    path = tmp_path / "schema.yaml"
    path.write_text(yaml.safe_dump(written | {"reference": "customer", "calendar": None}), encoding="utf-8")
    for name in ("S3_ENDPOINT_URL", "S3_ACCESS_KEY", "S3_SECRET_KEY"):
        monkeypatch.setenv(name, os.environ[name])
    monkeypatch.setenv("MONGODB_DATABASE", db.name)
    monkeypatch.setenv("S3_BUCKET_DATASETS", objects.bucket)
    monkeypatch.setenv("CALLWISE_SCHEMA", str(path))
    return Appliance(db=db, store=objects, schema=read_schema(path), rules=CallRules(), model="prospect-scorer")


@pytest.fixture
def bring(house: Appliance, person: dict[str, Any], tmp_path: Path) -> Bring:
    def bring(name: str, *people: dict[str, Any]) -> Entry:
        path = tmp_path / f"{name}.csv"
        rows = [{**person, "y": "", **one} for one in people]
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
        return run_import.import_file(house, ImportJob("spring", CampaignFile.open(path), "Ann", title="Spring"))

    return bring


@pytest.fixture
def page(house: Appliance) -> Screen:
    def script() -> None:
        from app import main
        from app.access.boundary import boundary
        from app.campaigns import page as campaigns_page

        with boundary():
            campaigns_page.page(main.wire())

    st.cache_data.clear()
    st.cache_resource.clear()
    return lambda: AppTest.from_function(script, default_timeout=60).run()


def said(test: AppTest) -> str:
    shown = [*test.success, *test.info, *test.warning, *test.error, *test.markdown, *test.caption]
    return "\n".join(e.value for e in shown).replace("\\", "")


def press(test: AppTest, key: str) -> AppTest:
    return test.button(key=key).click().run()


def test_the_report_says_what_changed_and_undoes_it(bring: Bring, page: Screen, db: Db) -> None:
    bring("may", {"customer": "a"}, {"customer": "b"}, {"customer": "c"})
    june = bring(
        "june",
        {"customer": "a", "age": "42", "y": "yes"},
        {"customer": "b", "age": "43"},
        {"customer": "c"},
        {"customer": "d"},
    )
    test = page()
    assert not test.exception
    text = said(test)
    assert "2 people changed: Age 2. Their old values are kept on their cards, and they are ranked again." in text
    assert "1 result has no time of its call" in text
    assert {m.label: m.value for m in test.metric}["Changed"] == "2"
    test = press(test, f"undo-report-{june.key}")
    assert "Undo june.csv?" in said(test)
    assert "1 person leaves the campaign. 2 people get their old values back. 1 result is removed." in said(test)
    test = press(test, "undo-go")
    assert "The import of june.csv is undone." in said(test)
    assert {p["ref"]: (p["features"]["age"], p["status"]) for p in db.prospects.find()} == {
        "a": (41, "open"), "b": (41, "open"), "c": (41, "open"),
    }  # fmt: skip
    assert "undone by Ann" in said(test)
    assert f"undo-list-{june.key}" not in [button.key for button in test.button]


def test_what_followed_is_said_and_the_rest_can_leave(bring: Bring, page: Screen, db: Db) -> None:
    may = bring("may", {"customer": "a"}, {"customer": "b"})
    record(db, "spring:a", "Bob", CallReport(Result.SOLD))
    test = press(page(), f"undo-list-{may.key}")
    assert "may.csv cannot be undone any more: 1 call was made." in said(test)
    test.text_input(key="undo_why").set_value("the wrong file")
    test = press(test, "undo-rest")
    assert "1 person is off the list." in said(test)
    assert {p["ref"]: p["status"] for p in db.prospects.find()} == {"a": "done", "b": "withdrawn"}
    assert {m.label: m.value for m in test.metric}["Withdrawn"] == "1"


def test_every_import_of_a_file_is_listed(bring: Bring, page: Screen) -> None:
    for _ in range(2):
        bring("may", {"customer": "a"}, {"customer": "b", "age": "12"})
    text = said(page())
    assert text.count("may.csv ·") == 2
    assert "import number 2 of this file" in text


def test_a_person_is_withdrawn_with_a_reason_and_put_back(bring: Bring, page: Screen, db: Db) -> None:
    bring("may", {"customer": "a"}, {"customer": "b"})
    test = page()
    test = test.text_input(key="withdraw_ref").set_value("nobody").run()
    assert "Nobody in this campaign has the reference nobody." in said(test)
    test = test.text_input(key="withdraw_ref").set_value("a").run()
    assert "a is still to be called." in said(test)
    test = press(test, "withdraw-go")
    assert "Nobody was withdrawn." in said(test), "a reason is asked for"
    test.text_input(key="withdraw_why").set_value("moved away")
    test = press(test, "withdraw-go")
    assert "a is off the list." in said(test)
    assert "by Ann: moved away" in said(test)
    test = press(test, "withdraw-back")
    assert {p["status"] for p in db.prospects.find()} == {"open"}


def test_a_campaign_is_deleted_by_its_name(bring: Bring, page: Screen, db: Db) -> None:
    bring("may", {"customer": "a", "y": "yes"}, {"customer": "b"})
    test = page()
    assert "The next training learns from 0 instead of 1 result." in said(test)
    test.text_input(key="delete_typed").set_value("spring")
    test.text_input(key="delete_why").set_value("the contract ended")
    test = press(test, "delete-campaign-go")
    assert "The name typed to confirm is not 'Spring'" in said(test)
    test.text_input(key="delete_typed").set_value("Spring")
    test.text_input(key="delete_why").set_value("the contract ended")
    test = press(test, "delete-campaign-go")
    assert "Spring is being deleted." in said(test)
    assert "This campaign is being deleted." in said(test)
    assert deletion.newest(db, 5)[0].why == "the contract ended"
    assert "delete-campaign-go" not in [button.key for button in test.button]


def test_the_card_shows_what_files_changed(house: Appliance, bring: Bring, db: Db) -> None:
    bring("may", {"customer": "a"})
    bring("june", {"customer": "a", "age": "42", "job": "retired"})

    def script() -> None:
        from app import main
        from app.lists.value_history import draw_value_history

        house = main.wire()
        found = house.db.prospects.find_one({"_id": "spring:a"})
        assert found is not None
        draw_value_history(house, found)

    test = AppTest.from_function(script, default_timeout=60).run()
    assert not test.exception
    (shown,) = test.table
    what = [text.replace("\\", "") for text in shown.value["What"]]
    assert what == ["Age: 41 years → 42 years", "Job: Technician → Retired"]
    assert {text.replace("\\", "") for text in shown.value["File"]} == {"june.csv"}


@pytest.mark.parametrize(
    ("cells", "found"),
    [
        ({"Kunden-Nr": [f"{n}" for n in range(30)]}, "Kunden-Nr"),
        ({"x": [f"K-{n:05d}" for n in range(30)]}, "x"),
        ({"id": ["1", *(str(n) for n in range(1, 30))]}, None),
        ({"id": ["", *(str(n) for n in range(1, 30))]}, None),
        ({"name": [f"Ann{'b' * n}" for n in range(30)]}, None),
        ({"id": [str(n) for n in range(5)]}, None),
    ],
)
def test_a_key_of_each_person_is_seen(cells: dict[str, list[str]], found: str | None) -> None:
    (name, values), *_ = cells.items()
    sample = Sample([name], [Record({name: value}) for value in values], cells)
    assert likely_reference(sample, ColumnMapping({})) == found
    assert likely_reference(sample, ColumnMapping({"age": name})) is None


@pytest.mark.parametrize("schema_has", ["nothing", "calendar", "reference"])
def test_the_form_asks_for_what_the_file_and_the_schema_do_not_say(
    tmp_path: Path, person: dict[str, Any], monkeypatch: pytest.MonkeyPatch, schema_has: str
) -> None:
    written = yaml.safe_load((ROOT / "data" / "schema.yaml").read_text(encoding="utf-8"))
    written["calendar"] = written["calendar"] if schema_has == "calendar" else None
    written["reference"] = "customer" if schema_has == "reference" else None
    (tmp_path / "schema.yaml").write_text(yaml.safe_dump(written), encoding="utf-8")
    with (tmp_path / "people.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, [*person, "customer"])
        writer.writeheader()
        writer.writerows({**person, "customer": f"K-{n}"} for n in range(30))
    monkeypatch.chdir(tmp_path)

    def script() -> None:
        from pathlib import Path
        from tempfile import TemporaryDirectory

        import streamlit as st

        from app.imports import questions
        from app.imports.chosen_file import ChosenFile
        from app.matching.column_matching import Sample, propose
        from core.files.campaign_file import CampaignFile
        from core.schema import read_schema
        from tests.proposed import mapping_of

        schema = read_schema(Path("schema.yaml"))
        file = CampaignFile.open(Path("people.csv"))
        sample = Sample.from_rows(file)
        proposals = propose(schema, sample)
        chosen = ChosenFile("a file", TemporaryDirectory(), file, sample, proposals, None)
        mapping = mapping_of(schema, sample, proposals)
        st.session_state["called"] = questions.ask_when_called(schema, chosen, mapping)
        st.session_state["may"] = questions.ask_for_a_reference(schema, chosen, mapping)

    test = AppTest.from_function(script, default_timeout=60).run()
    assert not test.exception
    assert len(test.radio) == (0 if schema_has == "calendar" else 1)
    assert test.session_state["called"] is None
    if schema_has == "reference":
        assert (len(test.warning), test.session_state["may"]) == (0, True)
        test.radio[0].set_value("one day").run()
        test.date_input[0].set_value(date(2026, 5, 4)).run()
        assert test.session_state["called"] == datetime(2026, 5, 4, tzinfo=UTC)
    else:
        assert "looks like your key of a person" in test.warning[0].value
        assert test.session_state["may"] is False
        test.checkbox[0].check().run()
        assert test.session_state["may"] is True
