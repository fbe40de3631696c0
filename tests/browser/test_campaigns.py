"""A manager brings in another program's file, in a real browser: mapped, previewed, imported, mended on the screen."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from bootstrap.check.browser import new_page, visit
from core.stores.mongo import Db
from tests.browser.mending import write_in_cell
from tests.people import enter

pytestmark = [pytest.mark.mongo, pytest.mark.s3]


@pytest.fixture
def foreign(tmp_path: Path, person: dict[str, Any]) -> Path:
    """Six people under another program's names, in Windows' letters; the second and the fourth break a rule."""
    names = {"age": "Customer age", "job": "Occupation of the customer", "marital": "Marital status", "y": "Bought"}
    path = tmp_path / "export.csv"
    with path.open("w", encoding="cp1252", newline="") as file:
        writer = csv.DictWriter(file, [names.get(name, name) for name in person], delimiter=";")
        writer.writeheader()
        for n in range(1, 7):
            values = {**person, "age": "young" if n == 2 else "30", "marital": "MARRIED ", "job": "Technician", "y": ""}
            values["marital"] = "verheiratet, gl\xfccklich" if n == 4 else values["marital"]
            writer.writerow({names.get(name, name): value for name, value in values.items()})
    return path


def test_a_foreign_file_is_mapped_previewed_imported_and_mended(
    app: str, chromium: Browser, db: Db, foreign: Path
) -> None:
    with new_page(chromium) as page:
        enter(page, app, db, "Mia")
        visit(page, f"{app}/campaigns")
        page.get_by_label("Name", exact=True).fill("Autumn 2026")
        page.locator(".st-key-import input[type=file]").set_input_files(foreign)
        mapping = page.locator(".st-key-mapping")
        expect(mapping).to_contain_text("contains its name")
        expect(mapping).to_contain_text("the same as its label")
        preview = page.locator(".st-key-preview")
        expect(preview).to_contain_text("All 6 rows were checked")
        expect(preview).to_contain_text("young")
        expect(page.locator(".st-key-preview-rows tbody tr").first).to_contain_text("Technician")
        assert db.campaigns.find_one({}) is None, "nothing is written by looking"

        page.locator(".st-key-import_go button").click()
        report = page.locator(".st-key-import-report")
        expect(report).to_contain_text("2 rows broke a rule and were not imported.")
        assert sorted(p["row"] for p in db.prospects.find()) == [1, 3, 5, 6]

        write_in_cell(page, 0, 2, "33")
        page.locator(".st-key-mend_go button:enabled").click()
        expect(report).to_contain_text("1 of 2 rejected rows are imported now.")
        expect(report).to_contain_text("1 is still rejected.")
        write_in_cell(page, 0, 2, "single")
        page.locator(".st-key-mend_go button:enabled").click()
        expect(report).to_contain_text("1 of 1 rejected row is imported now.")
        expect(page.locator(".st-key-campaign-list")).to_contain_text("Autumn 2026")

        # The next file of that program is read as this one was.
        page.locator(".st-key-import input[type=file]").set_input_files(foreign)
        expect(mapping).to_contain_text("A file with this header was imported on")
        expect(preview).to_contain_text("Already imported")
    found = {p["row"]: p["features"] for p in db.prospects.find()}
    assert sorted(found) == [1, 2, 3, 4, 5, 6]
    assert (found[2]["age"], found[4]["marital"], found[1]["marital"]) == (33, "single", "married")
    assert db.campaigns.find_one({"_id": "autumn-2026", "title": "Autumn 2026"}) is not None
