"""Files that people bring, on a real database and a real object store."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from app.shell.appliance import Appliance
from core.calls.lifecycle import CallRules
from core.errors import InputError, NotFound
from core.imports import run_import
from core.imports.run_import import ImportJob
from core.lists.logged_import import Entry
from core.schema import Schema
from core.settings.addresses import S3Settings
from core.settings.group import ROOT
from core.settings.loading import load
from core.stores import event_log
from core.stores.mongo import Db
from core.stores.object_store import ObjectStore

Row = dict[str, Any]
RULES = {"age": "'young' is not a whole number from 17 to 110", "job": "'pilot' is not one of admin."}


def table(rows: list[Row]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, rows[0].keys())
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


@pytest.fixture(scope="module")
def store() -> ObjectStore:
    """One bucket for all of these tests: a bucket claims volumes of the S3 server, and keys tell the tests apart."""
    if "S3_ENDPOINT_URL" not in os.environ:
        pytest.skip("S3_ENDPOINT_URL names no server; scripts/test starts one")
    found = ObjectStore(load(S3Settings), "callwise-test-imports")
    found.ensure()
    return found


@pytest.fixture
def rows(person: Row) -> list[Row]:
    """Four rows to be called; the second and the fourth break a rule."""
    person = {**person, "y": ""}
    return [person, {**person, "age": "young"}, person, {**person, "job": "pilot"}]


def bring(house: Appliance, name: str, content: bytes, **options: Any) -> Entry:
    """Import a file called `name`, as the form does."""
    with TemporaryDirectory() as folder:
        file = run_import.save_upload(Path(folder), name, io.BytesIO(content))
        return run_import.import_file(house, ImportJob("spring", file, "Mia"), **options)


@pytest.mark.parametrize(
    ("title", "key"), [("Autumn 2026", "autumn-2026"), ("  uci ", "uci"), ("a:b/c", "a-b-c"), ("x" * 60, "x" * 40)]
)
def test_a_campaign_s_key_is_simple(title: str, key: str) -> None:
    assert run_import.campaign_key(title) == key


@pytest.mark.parametrize("title", ["", "  ", "::", "日本"])
def test_a_name_without_letters_is_refused_in_three_sentences(title: str) -> None:
    with pytest.raises(InputError) as caught:
        run_import.campaign_key(title)
    assert caught.value.what
    assert caught.value.kept == "Nothing was imported."
    assert caught.value.next


@pytest.mark.mongo
@pytest.mark.s3
class TestBringIn:
    @pytest.fixture
    def house(self, db: Db, store: ObjectStore, schema: Schema) -> Appliance:
        return Appliance(db=db, store=store, schema=schema, rules=CallRules(), model="prospect-scorer")

    def test_rejected_rows_are_kept_for_mending_and_fill_the_gaps(self, house: Appliance, rows: list[Row]) -> None:
        heard: list[tuple[int, int]] = []
        done = bring(house, "people.csv", table(rows), progress=lambda *n: heard.append(n)).document
        assert (done["report"]["inserted"], done["report"]["rejected"]) == (2, 2)
        assert done["report"]["rejects"] == f"imports/spring/{done['sha256'][:16]}-rejects.csv"
        assert heard[-1] == (4, 4)

        kept = list(csv.DictReader(io.StringIO(house.store.get(done["report"]["rejects"]).decode("utf-8-sig"))))
        assert [(row["_row"], row["_column"]) for row in kept] == [("2", "age"), ("4", "job")]
        mended = [{**row, "age": "30", "job": "student"} for row in kept]
        again = bring(house, "mended.csv", table(mended)).document["report"]
        assert (again["inserted"], again["rejected"], again["rejects"], again["mended"]) == (2, 0, None, True)
        assert sorted(p["row"] for p in house.db.prospects.find()) == [1, 2, 3, 4]

    def test_who_imported_what_is_in_the_event_log(self, house: Appliance, rows: list[Row]) -> None:
        done = bring(house, "people.csv", table(rows))
        event = house.db.events.find_one({"subject": "spring"})
        assert event is not None
        assert (event["who"], event["subject"], event["details"]["sha256"]) == (
            "Mia",
            "spring",
            done.document["sha256"],
        )
        assert event_log.first_broken(house.db) is None

    def test_the_same_file_twice_changes_nothing(self, house: Appliance, rows: list[Row]) -> None:
        bring(house, "people.csv", table(rows))
        again = bring(house, "people.csv", table(rows))
        report = again.document["report"]
        assert (report["inserted"], report["unchanged"], report["rejected"]) == (0, 2, 2)

    def test_a_name_with_folders_stays_in_its_own(self, house: Appliance, rows: list[Row]) -> None:
        done = bring(house, "..\\..\\etc/people.csv", table(rows))
        assert done.document["report"]["inserted"] == 2

    def test_a_file_without_the_columns_leaves_nothing_behind(self, house: Appliance) -> None:
        with pytest.raises(InputError, match="has no column"):
            bring(house, "people.csv", b"name,phone\nAnn,1\n")
        assert list(house.db.campaigns.find()) == []
        with pytest.raises(NotFound):
            house.store.get("imports/spring/any-rejects.csv")


@pytest.mark.mongo
@pytest.mark.s3
class TestPage:
    @pytest.fixture
    def page(self, db: Db, store: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> Iterator[AppTest]:
        monkeypatch.setenv("MONGODB_DATABASE", db.name)
        monkeypatch.setenv("S3_BUCKET_DATASETS", store.bucket)
        monkeypatch.setenv("PYTHONPATH", str(ROOT))
        st.cache_resource.clear()
        st.cache_data.clear()

        def script() -> None:
            from app import main
            from app.campaigns import page as campaigns_page

            campaigns_page.page(main.wire())

        yield AppTest.from_function(script, default_timeout=30).run()
        st.cache_data.clear()

    def bring(self, page: AppTest, name: str, content: bytes, into: str = "Spring") -> AppTest:
        page.text_input(key="import_name").set_value(into)
        page.file_uploader[0].set_value((name, content, "text/csv")).run()
        return page.button(key="import_go").click().run()

    def test_an_empty_appliance_says_what_to_do_first(self, page: AppTest) -> None:
        assert "no campaign yet" in page.info[0].value
        assert page.button(key="import_go").disabled

    def test_rejects_are_named_by_row_column_and_rule(self, page: AppTest, rows: list[Row]) -> None:
        self.bring(page, "people.csv", table(rows))
        assert not page.exception
        figures = {m.label: m.value for m in page.metric}
        assert [figures[name] for name in ("Rows read", "New", "Already imported", "Rejected")] == [
            "4",
            "2",
            "0",
            "2",
        ]
        shown = next(t.value for t in page.table if list(t.value.columns) == ["Line", "Column", "Rule"])
        assert list(zip(shown["Line"], shown["Column"], strict=True)) == [("3", "age"), ("5", "job")]
        for rule, found in zip(RULES.values(), shown["Rule"], strict=True):
            assert found.replace("\\", "").startswith(rule)
        rules = next(t.value for t in page.table if list(t.value.columns) == ["Column", "Rule", "Rows"])
        assert list(zip(rules["Column"], rules["Rows"], strict=True)) == [("age", "1"), ("job", "1")]
        assert rules["Rule"][0] == "must be a whole number from 17 to 110"
        assert page.selectbox(key="import_into").value == "spring"
        assert "2 rows broke a rule" in page.warning[0].value
        assert "the same campaign" in page.warning[0].value
        offered = [button.label for button in page.download_button]
        assert offered.count("Download the rejected rows") == 2

    def test_a_bad_file_is_told_in_three_sentences(self, page: AppTest) -> None:
        page.text_input(key="import_name").set_value("Spring")
        page.file_uploader[0].set_value(("people.csv", b"name,phone\nAnn,1\n", "text/csv")).run()
        assert page.button(key="import_go").disabled
        text = page.error[0].value.replace("\\", "")
        assert "people.csv has no column 'age'" in text
        assert "Nothing was imported." in text
        assert "The file needs these columns" in text

    def test_a_new_campaign_may_not_take_an_old_one_s_name(self, page: AppTest, rows: list[Row]) -> None:
        self.bring(page, "people.csv", table(rows))
        page.selectbox(key="import_into").set_value("A new campaign").run()
        self.bring(page, "people.csv", table(rows), into="SPRING")
        assert "A campaign 'spring' already exists" in page.error[0].value.replace("\\", "")
